//! The reference workload: what one client's run costs cold, warm, and beside seven others.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::task::JoinSet;

use super::catalogue::{artist, spotify, track};
use super::*;

/// Workers of one client; each takes the next request when its last is answered.
const WORKERS: usize = 10;
/// Of 60 Spotify ids the upstream knows so many.
const KNOWN: u32 = 52;

/// 81 requests: 2 conversions, 52 features, 5 + 1 recommendations, 3 searches, 3 pages, 15 lists.
fn workload() -> Vec<String> {
    let asked: Vec<String> = (0..60).map(|n| spotify(if n < KNOWN { n } else { 50_000 + n })).collect();
    let mut requests: Vec<String> = asked.chunks(30).map(|ids| tracks(ids.iter().cloned())).collect();
    requests.extend((0..KNOWN).map(|n| format!("/v1/track/{}/audio-features", track(n))));
    requests.extend((0..5).map(|n| {
        let seeds = joined((n * 5..n * 5 + 5).map(track));
        format!("/v1/track/recommendation?size=20&seeds={seeds}&tempo={}", 100 + n)
    }));
    requests.push("/v1/track/recommendation?size=20&seeds=".to_owned());
    requests.extend((0..3).map(|n| format!("/v1/artist/search?searchText=artist{n}")));
    requests.extend((0..3).map(|n| format!("/v1/artist/{}/track?size=50", artist(n))));
    requests.extend((0..15).map(|n| features((n * 3..n * 3 + 10).map(|n| track(n % KNOWN)))));
    requests
}

/// The rest shuffled, the conversions first: by multiplication, the same in every run.
fn shuffled() -> Vec<String> {
    let requests = workload();
    let rest = &requests[2..];
    let order = (0..rest.len()).map(|n| rest[n * 37 % rest.len()].clone());
    requests[..2].iter().cloned().chain(order).collect()
}

async fn run(world: World, requests: Vec<String>, who: u32) {
    let queue = Arc::new(Mutex::new(VecDeque::from(requests)));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (world, queue) = (world.clone(), Arc::clone(&queue));
        workers.spawn(async move {
            while let Some(target) = take(&queue) {
                let answer = world.ask(&target, &client(who)).await;
                let blank = target.ends_with("seeds=");
                assert_eq!(answer.status.as_u16(), if blank { 400 } else { 200 }, "{target}");
            }
        });
    }
    workers.join_all().await;
}

fn take(queue: &Mutex<VecDeque<String>>) -> Option<String> {
    queue.lock().expect("no panic").pop_front()
}

/// Upstream calls a cold run of `clients` makes, and the virtual time it takes.
async fn cost(requests: Vec<String>, clients: u32) -> (World, usize, Duration) {
    cost_in(World::new(), requests, clients).await
}

async fn cost_in(world: World, requests: Vec<String>, clients: u32) -> (World, usize, Duration) {
    let begun = Instant::now();
    let mut runs = JoinSet::new();
    for who in 0..clients {
        runs.spawn(run(world.clone(), requests.clone(), who));
    }
    runs.join_all().await;
    world.settled().await;
    world.assert_quiet();
    let calls = world.upstream.calls();
    (world, calls, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_cold_run_makes_at_most_twenty_calls_and_a_second_one_none() {
    let requests = workload();
    assert_eq!(requests.len(), 81);
    let (world, calls, took) = cost(requests.clone(), 1).await;
    println!("one client, in order: {calls} calls, {took:?}");
    assert!(calls <= 20, "{calls}");
    run(world.clone(), requests, 1).await;
    assert_eq!(world.upstream.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn eight_clients_together_make_hardly_more_calls_than_one() {
    let (_, calls, took) = cost(workload(), 8).await;
    println!("eight clients, in order: {calls} calls, {took:?}");
    assert!(calls <= 22, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_requests_after_the_conversion_matters_little() {
    let (_, one, took) = cost(shuffled(), 1).await;
    let (_, eight, took_eight) = cost(shuffled(), 8).await;
    println!("shuffled: one client {one} calls, {took:?}; eight {eight} calls, {took_eight:?}");
    assert!(one <= 20, "{one}");
    assert!(eight <= 22, "{eight}");
}

#[tokio::test(start_paused = true)]
async fn reading_ahead_a_cold_run_makes_at_most_sixteen_calls() {
    for requests in [workload(), shuffled()] {
        let spare = Spare { read_ahead: true, early_refresh: true };
        let world = World::with(&Settings { spare, ..Settings::default() });
        let (_, calls, took) = cost_in(world, requests, 1).await;
        println!("one client, reading ahead: {calls} calls, {took:?}");
        assert!(calls <= 16, "{calls}");
    }
}
