//! What the engine spends: the three rules, refusals at once, and hits that cost nothing.

use std::collections::HashSet;

use http::StatusCode;
use tokio::task::JoinSet;

use super::catalogue::{list, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::Outcome;
use scripted::{Act, Seen};

/// The default limits, as the upstream saw them kept.
pub(super) fn assert_limits(seen: &[Seen]) {
    for pair in seen.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(750), "gap {:?}", pair[1].at - pair[0].at);
    }
    for window in seen.windows(81) {
        assert!(window[80].at - window[0].at >= 60 * SECOND);
    }
    assert!(seen.iter().all(|call| call.in_flight <= 6));
}

fn searches(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("/v1/track/search?searchText=song{n}"))
}

#[tokio::test(start_paused = true)]
async fn without_any_budget_hits_are_served_and_misses_refused_at_once() {
    let none = Limits { rate_per_minute: 0, ..Settings::default().budget };
    let world = World::with(&Settings { budget: none, ..Settings::default() });
    let row = crate::api::extract(
        crate::api::Shape::Single(RowKind::Track),
        catalogue::row(RowKind::Track, 1, 0).as_bytes(),
    );
    world.engine.store.learn(&row.expect("a row").rows[0]);
    let begun = Instant::now();

    let hit = world.get(&tracks([spotify(1)])).await;
    assert_eq!((text(&hit), hit.outcome), (&*list(RowKind::Track, [1]), Outcome::Hit));
    let targets = [
        tracks([spotify(1), spotify(2)]),
        format!("/v1/track/{}", track(3)),
        searches(1).collect::<String>(),
    ];
    for target in targets {
        let refused = world.get(&target).await;
        assert_eq!((refused.status.as_u16(), refused.retry_after), (429, Some(300)), "{target}");
        assert_eq!((code(&refused), refused.outcome), (Some(4291), Outcome::Refused));
    }
    assert_eq!((begun.elapsed(), world.upstream.calls()), (Duration::ZERO, 0));
    world.assert_quiet();
}

/// Asks until an answer other than 429 comes, as told. Returns how often it was refused.
async fn persist(world: World, target: String, who: Caller) -> usize {
    let mut refusals = 0;
    loop {
        let asked = Instant::now();
        let answer = world.ask(&target, &who).await;
        if answer.status == StatusCode::OK {
            return refusals;
        }
        assert_eq!(answer.status, 429);
        assert_eq!(asked.elapsed(), Duration::ZERO, "refused at once or not at all");
        refusals += 1;
        let told = answer.retry_after.expect("always told");
        assert!((1..=300).contains(&told));
        sleep(Duration::from_secs(told)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_cold_bodies_keep_the_limits_and_refusals_are_true() {
    let world = World::new();
    let mut clients = JoinSet::new();
    for (target, n) in searches(500).zip(0..) {
        clients.spawn(persist(world.clone(), target, client(n)));
    }
    let refusals = clients.join_all().await;
    assert_limits(&world.upstream.seen());
    assert_eq!(world.upstream.calls(), 500);
    // One start at 0 s and one more each 0.75 s until shortly before the deadline of 30 s.
    assert_eq!(refusals.iter().filter(|count| **count == 0).count(), 40);
    // The promise reaches 300 s at most; those beyond it are told to ask again.
    assert!(refusals.iter().filter(|count| **count > 1).count() <= 500 - 40 - 360);
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn cold_lists_past_the_deadline_are_refused_at_once_too() {
    let world = World::new();
    let mut clients = JoinSet::new();
    for n in 0..120_u32 {
        let target = tracks((n * 40..n * 40 + 40).map(spotify));
        clients.spawn(persist(world.clone(), target, client(n)));
    }
    let refusals = clients.join_all().await;
    assert_limits(&world.upstream.seen());
    assert_eq!(world.upstream.calls(), 120);
    assert!(refusals.iter().all(|count| *count <= 1), "who comes as told is served");
    let ids: HashSet<String> = world.upstream.asked().into_iter().collect();
    assert_eq!((ids.len(), world.upstream.asked().len()), (4_800, 4_800));
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn one_client_with_a_burst_does_not_keep_another_from_its_turn() {
    let world = World::new();
    let busy: Vec<_> = searches(30).map(|target| world.spawn(&target, client(1))).collect();
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let other = world.ask("/v1/track/search?searchText=other", &client(2)).await;
    assert_eq!(other.status, 200);
    assert!(begun.elapsed() <= 3 * SECOND, "{:?}", begun.elapsed());
    for answer in busy {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn streamed_calls_share_window_gap_and_slots_with_batches() {
    let world = World::new();
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    let starts = Arc::new(std::sync::Mutex::new(Vec::new()));
    for n in 0..10 {
        let (world, starts) = (world.clone(), Arc::clone(&starts));
        tasks.spawn(async move {
            let permit = world.engine.pass("/v1/analysis/audio-features", &client(n)).await.expect("in time");
            starts.lock().expect("no panic").push(Instant::now());
            sleep(8 * SECOND).await;
            drop(permit);
        });
    }
    for target in searches(10) {
        let world = world.clone();
        tasks.spawn(async move { assert_eq!(world.get(&target).await.status, 200) });
    }
    tasks.join_all().await;
    let mut all: Vec<Instant> = world.upstream.seen().iter().map(|call| call.at).collect();
    all.extend(starts.lock().expect("no panic").iter());
    all.sort();
    assert_eq!(all.len(), 20);
    assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(750)));
    // Ten calls of 8 s and ten of 0.5 s on six slots.
    assert!(begun.elapsed() >= Duration::from_millis((10 * 8_000 + 10 * 500) / 6));
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_429_on_a_streamed_call_holds_everything() {
    let world = World::new();
    let permit = world.engine.pass("/v1/analysis/audio-features", &caller()).await.expect("free");
    world.engine.passed(StatusCode::TOO_MANY_REQUESTS, Some(12 * SECOND));
    drop(permit);
    let begun = Instant::now();
    assert_eq!(world.get(&tracks([spotify(1)])).await.status, 200);
    assert_eq!(world.upstream.seen()[0].at - begun, 12 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_call_in_the_queue_is_refused_as_soon_as_a_hold_outlasts_its_deadline() {
    let world = World::new();
    let first = world.engine.pass("/x", &caller()).await.expect("free");
    let queued = tokio::spawn({
        let world = world.clone();
        async move { world.engine.pass("/x", &client(1)).await.err() }
    });
    tokio::task::yield_now().await;
    let begun = Instant::now();
    world.engine.passed(StatusCode::TOO_MANY_REQUESTS, Some(100 * SECOND));
    let refused = queued.await.expect("no panic").expect("no permit in time");
    assert_eq!((refused.status.as_u16(), begun.elapsed()), (429, Duration::ZERO));
    assert!(refused.retry_after.is_some_and(|told| (100..=102).contains(&told)));
    drop(first);
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_waited_out_when_the_deadline_allows() {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(12)));
    let begun = Instant::now();
    let answer = world.get(&tracks([spotify(1)])).await;
    assert_eq!(text(&answer), list(RowKind::Track, [1]));
    assert_eq!(world.upstream.calls(), 2);
    assert!(begun.elapsed() >= 13 * SECOND && begun.elapsed() < 14 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_the_hold_is_four_then_eight_seconds() {
    let world = World::new();
    world.upstream.script("", 2, Act::Throttle(None));
    assert_eq!(world.get(&tracks([spotify(1)])).await.status, 200);
    let at: Vec<Instant> = world.upstream.seen().iter().map(|call| call.at).collect();
    assert_eq!(at[1] - at[0], LATENCY + 4 * SECOND);
    assert_eq!(at[2] - at[1], LATENCY + 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_lingering_batch_keeps_its_place_but_does_not_start() {
    let world = World::new();
    let rows = world.spawn(&tracks([spotify(5_000)]), client(1));
    let bodies: Vec<_> = searches(2).map(|target| world.spawn(&target, client(2))).collect();
    assert_eq!(rows.await.expect("no panic").status, 200);
    for answer in bodies {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    let seen = world.upstream.seen();
    assert_limits(&seen);
    assert!(seen[1].target.starts_with("/v1/track?ids="), "behind one search, before the other");
}
