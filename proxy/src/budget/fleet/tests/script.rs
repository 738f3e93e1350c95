//! The script against a real server.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use redis::aio::MultiplexedConnection;
use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep, timeout};

use super::super::super::{Budget, Lane};
use super::super::Ledger;
use super::super::message::{Ask, Report, Rules, Throttled, View, Whole};
use super::super::redis::{SCRIPT, keys};
use super::book::Book;
use super::replicas::limits;
use crate::link::testing::Server;

const CLIENT: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const BEGIN: f64 = 1_700_000_000_000.0;

/// The script with a clock that the test turns.
async fn exchange(wire: &mut MultiplexedConnection, now: f64, report: &Report) -> View {
    let script = SCRIPT.replace("redis.call('TIME')", "cjson.decode(ARGV[2])");
    let report = serde_json::to_string(report).expect("a report");
    #[allow(clippy::cast_possible_truncation)] // a time of this century
    let (seconds, micros) = ((now / 1000.0).floor() as i64, (now.rem_euclid(1000.0) * 1000.0).round() as i64);
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(4).arg(&keys("test")).arg(report).arg(format!("[\"{seconds}\",\"{micros}\"]"));
    let view: String = command.query_async(wire).await.expect("the script runs");
    serde_json::from_str(&view).unwrap_or_else(|error| panic!("{error}: {view}"))
}

/// One step of one replica.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each happens or not
struct Step {
    pause: u32,
    replica: usize,
    whole: bool,
    moved: bool,
    voided: bool,
    ended: bool,
    queue: usize,
    throttled: Option<Throttled>,
    answered: bool,
    background: bool,
    odd: u8,
    /// Of the three sets that it goes by.
    limits: usize,
}

fn throttled() -> impl Strategy<Value = Throttled> {
    let retry_after = prop::option::of((0..90_000_u32).prop_map(f64::from));
    retry_after.prop_map(|retry_after| Throttled { retry_after })
}

prop_compose! {
    fn step()(
        pause in prop_oneof![0..900_u32, 0..90_000_u32], replica in 0..3_usize,
        flags in prop::array::uniform6(prop::bool::weighted(0.2)), queue in 0..4_usize,
        throttled in prop::option::weighted(0.1, throttled()), odd in 0..40_u8,
        limits in 0..3_usize,
    ) -> Step {
        let [whole, moved, voided, ended, answered, background] = flags;
        Step { pause, replica, whole, moved, voided, ended, queue, throttled, answered, background, odd, limits }
    }
}

/// A replica as far as the script can tell.
#[derive(Debug, Default)]
struct Writer {
    seq: u64,
    view: View,
    starts: Vec<(String, f64)>,
    held: Vec<String>,
}

impl Writer {
    fn report(&mut self, now: f64, step: &Step) -> Report {
        self.seq += 1;
        let name = ["a", "b", "c"][step.replica];
        let moved = self.starts.last_mut().filter(|_| step.moved);
        let mut starts: Vec<_> = moved
            .map(|start| {
                start.1 = now;
                (start.0.clone(), 0.0)
            })
            .into_iter()
            .collect();
        let mut voids = Vec::new();
        if step.voided
            && let Some((start, _)) = self.starts.pop()
        {
            self.held.retain(|held| *held != start);
            starts.clear();
            voids.push(start);
        }
        if step.ended && !self.held.is_empty() {
            self.held.remove(0);
        }
        let whole = step.whole || self.view.again || self.seq == 1;
        if whole {
            starts = self.starts.iter().map(|(start, at)| (start.clone(), now - at)).collect();
        }
        let view = &self.view;
        Report {
            replica: name.to_owned(),
            seq: if step.odd == 1 { self.seq.saturating_sub(1) } else { self.seq },
            epoch: if step.odd == 2 { "another".to_owned() } else { view.epoch.clone() },
            sent: if step.odd == 3 { now - 501.0 } else { now },
            turn: view.turn,
            seen: view.now,
            limits: Rules {
                rate: [12, 12, 5][step.limits],
                interval: [750.0, 2_000.0, 100.0][step.limits],
                in_flight: [4, 2, 7][step.limits],
                adaptive: step.limits != 2,
                replicas: [2, 3, 1][step.limits],
            },
            starts,
            voids,
            held: self.held.clone(),
            queue: step.queue,
            arrival: (step.queue > 0).then_some(0.0),
            throttled: step.throttled.clone(),
            answered: step.answered,
            leaving: step.odd == 5,
            whole: whole.then(|| Whole {
                starts: view.starts.clone(),
                slots: view.slots.clone(),
                peers: view.peers.iter().map(|peer| peer.name.clone()).collect(),
                rate: if view.rate > 0.0 { view.rate } else { 12.0 },
                since: view.since,
                hold: view.hold,
            }),
            ask: (step.queue > 0 || step.background)
                .then(|| Ask { start: format!("{name}:{}", self.seq), background: step.background }),
        }
    }

    fn heard(&mut self, now: f64, report: &Report, view: View) {
        if let Some(ask) = report.ask.as_ref().filter(|_| view.granted) {
            self.starts.push((ask.start.clone(), now));
            self.held.push(ask.start.clone());
        }
        self.view = view;
    }
}

/// Views without an order that means nothing, and times as exact as JSON made them.
fn settled(mut view: View) -> View {
    let round = |millis: &mut f64| *millis = (*millis * 10.0).round() / 10.0;
    for (_, millis) in view.starts.iter_mut().chain(&mut view.slots) {
        round(millis);
    }
    [&mut view.now, &mut view.since, &mut view.hold].into_iter().for_each(round);
    view.rate = (view.rate * 1e6).round() / 1e6;
    view.retry.iter_mut().for_each(round);
    view.starts.sort_by(|a, b| a.0.cmp(&b.0));
    view.slots.sort_by(|a, b| a.0.cmp(&b.0));
    view.peers.sort_by(|a, b| a.name.cmp(&b.name));
    view
}

#[test]
fn the_script_and_the_book_of_the_tests_agree() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(Server::start(&[]));
    let client = redis::Client::open(server.url()).expect("a URL");
    let wire = runtime.block_on(client.get_multiplexed_async_connection()).expect("it listens");
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..80))| {
        let mut wire = wire.clone();
        runtime.block_on(async {
            let _: () = redis::cmd("FLUSHALL").query_async(&mut wire).await.expect("ours");
            let (mut book, mut writers) = (Book::default(), <[Writer; 3]>::default());
            let mut now = BEGIN;
            for step in &steps {
                now += f64::from(step.pause);
                if step.odd == 4 {
                    let _: () = redis::cmd("FLUSHALL").query_async(&mut wire).await.expect("ours");
                    book = Book::default();
                }
                let writer = &mut writers[step.replica];
                let report = writer.report(now, step);
                let mut told = exchange(&mut wire, now, &report).await;
                let expected = book.exchange(now, &report);
                prop_assert_eq!(told.epoch.is_empty(), expected.epoch.is_empty());
                // Each has its own way to name an epoch.
                book.rename(&told.epoch);
                told.epoch = expected.epoch.clone();
                prop_assert_eq!(settled(told.clone()), settled(expected), "after {:?}", report);
                told.epoch = book.epoch();
                writer.heard(now, &report, told);
            }
            Ok(())
        })?;
    });
}

async fn fleet(server: &Server, count: usize) -> Vec<Arc<Budget>> {
    let limits = limits(600, 20, 3);
    let mut budgets = Vec::new();
    for _ in 0..count {
        let link = server.link().await;
        budgets.push(Arc::new(Budget::shared(&limits, 1, Some(link as Arc<dyn Ledger>), &Handle::current())));
    }
    let met = async {
        while budgets.iter().any(|budget| budget.snapshot().fleet.is_none_or(|fleet| fleet.replicas < count))
        {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), met).await.expect("they meet");
    budgets
}

#[tokio::test]
async fn replicas_over_a_real_server_keep_the_gap() {
    let server = Server::start(&[]).await;
    let budgets = fleet(&server, 3).await;
    let calls = (0..30).map(|n| {
        let budget = Arc::clone(&budgets[n % 3]);
        tokio::spawn(async move {
            let ticket = budget.enqueue(Lane::Interactive, CLIENT);
            let permit = ticket.permit().await.expect("the budget lives");
            let at = Instant::now();
            drop(permit);
            at
        })
    });
    let mut starts = futures_util::future::join_all(calls.collect::<Vec<_>>())
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .expect("no panic");
    starts.sort();
    // 600 a minute: 100 ms apart by the server's clock; the way from there may differ a little.
    let gaps = starts.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        gaps.clone().filter(|gap| *gap >= Duration::from_millis(90)).count() >= 24,
        "{:?}",
        gaps.collect::<Vec<_>>()
    );
    assert!(starts[29] - starts[0] >= Duration::from_millis(2_880), "{:?}", starts[29] - starts[0]);
}

#[tokio::test]
async fn a_hold_reaches_the_others_through_a_real_server() {
    let server = Server::start(&[]).await;
    let budgets = fleet(&server, 2).await;
    let mut holds = budgets[1].holds();
    budgets[0].hold(Some(Duration::from_secs(60)));
    timeout(Duration::from_secs(20), holds.changed()).await.expect("told in time").expect("it lives");
    assert!((budgets[1].snapshot().rate_per_minute - 420.0).abs() < 1e-6);
}

#[tokio::test]
async fn a_killed_server_parts_the_replicas_and_a_new_one_joins_them() {
    let mut server = Server::start(&[]).await;
    let budgets = fleet(&server, 2).await;
    let until = async |joined: bool| {
        let changed = async {
            while budgets
                .iter()
                .any(|budget| budget.snapshot().fleet.is_none_or(|fleet| fleet.joined != joined))
            {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), changed).await.expect("in time");
    };
    server.kill();
    until(false).await;
    let ticket = budgets[0].enqueue(Lane::Interactive, CLIENT);
    assert!(timeout(Duration::from_secs(20), ticket.permit()).await.expect("in time").is_some());
    server.restart().await;
    until(true).await;
    let ticket = budgets[0].enqueue(Lane::Interactive, CLIENT);
    assert!(timeout(Duration::from_secs(20), ticket.permit()).await.expect("in time").is_some());
}
