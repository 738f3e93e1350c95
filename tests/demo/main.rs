//! The same client with and without the proxy, against a simulated upstream, offline.
//!
//! The upstream takes half a second a call and allows 90 calls a minute, 4 of them within a
//! second. The client is what services in the wild do: ten requests at a time, and after a 429 it
//! sleeps as told and repeats.
//!
//! `demo steady` does not compare, but keeps everything running.

#[path = "../harness/mod.rs"]
mod harness;

mod steady;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use harness::stage::simulator;
use harness::workload::Workload;
use harness::{Line, Proxy, Setup};
use recobeat_sim::{Latency, Simulator};
use tokio::task::JoinSet;
use tokio::time::sleep;

const HANDS: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => compare().await,
        Some("steady") => {
            if let Err(reason) = steady::steady().await {
                eprintln!("{reason}");
                return ExitCode::FAILURE;
            }
        }
        Some(other) => {
            eprintln!("demo: `{other}` is neither nothing nor steady");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn compare() {
    let upstream = simulator().await;
    upstream.settings(|behaviour| {
        behaviour.latency = Latency::Fixed(Duration::from_millis(500));
        behaviour.rate_limit = Some("90/60s,4/1s".parse().expect("a valid limit"));
    });
    let workload = Workload::new();
    println!("81 requests of one service, 10 at a time; the upstream takes 0.5 s a call\n");
    println!("{:34} {:>8} {:>14} {:>6}", "", "seconds", "upstream calls", "429s");

    run("directly, every time", &upstream, &workload, upstream.addr()).await;
    // The upstream's minute is over for the next client only when it is over.
    println!("{:34}", "  (a minute for the upstream)");
    sleep(Duration::from_secs(60)).await;

    let proxy = Proxy::start(&upstream.url(), &Setup::default_limits()).await;
    run("through the proxy, cold", &upstream, &workload, proxy.addr).await;
    run("through the proxy, again", &upstream, &workload, proxy.addr).await;
}

async fn run(name: &str, upstream: &Simulator, workload: &Workload, to: SocketAddr) {
    upstream.clear_log();
    let begun = Instant::now();
    for part in workload.parts() {
        work_off(to, part).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let stats = upstream.stats();
    let refused = stats.by_status.get(&429).copied().unwrap_or_default();
    println!("{name:34} {seconds:8.2} {:14} {refused:6}", stats.calls);
}

/// Sends the requests in order, [`HANDS`] at a time, each until it gets something else than 429.
async fn work_off(to: SocketAddr, targets: &[String]) {
    let waiting = Arc::new(Mutex::new(targets.iter().cloned().collect::<VecDeque<_>>()));
    let mut hands = JoinSet::new();
    for _ in 0..HANDS {
        let waiting = Arc::clone(&waiting);
        hands.spawn(async move {
            let mut line = Line::to(to).await;
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(target) = next() {
                while let Some(wait) = told_to_wait(&mut line, &target).await {
                    sleep(wait).await;
                }
            }
        });
    }
    hands.join_all().await;
}

async fn told_to_wait(line: &mut Line, target: &str) -> Option<Duration> {
    let answer = line.get(target).await;
    (answer.code() == 429).then(|| Duration::from_secs(answer.retry_after().unwrap_or(4)))
}
