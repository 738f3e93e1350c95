//! Features of tracks that somebody has just converted, fetched before they are asked for.

use super::catalogue::{row, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::{Outcome, ReadAheadRow};
use scripted::Act;

const ON: Spare = Spare { read_ahead: true, early_refresh: false };

fn reading_ahead() -> World {
    World::with(&Settings { spare: ON, ..Settings::default() })
}

fn one_feature(id: &str) -> String {
    format!("/v1/track/{id}/audio-features")
}

fn rows(world: &World) -> [u64; 3] {
    [ReadAheadRow::Read, ReadAheadRow::Used, ReadAheadRow::Paused]
        .map(|row| world.engine.metrics().read_ahead_rows(row))
}

async fn convert_60_then_ask_one_by_one(conversions: &[String], spelt: fn(u32) -> String) -> World {
    let world = reading_ahead();
    for answer in world.all(conversions.iter().cloned()).await {
        assert_eq!(answer.status, 200);
    }
    for n in 0..60 {
        let answer = world.get(&one_feature(&spelt(n))).await;
        assert_eq!(text(&answer), row(RowKind::Features, n, 0));
    }
    world.settled().await;
    world
}

#[tokio::test(start_paused = true)]
async fn sixty_ids_converted_and_asked_for_one_by_one_cost_at_most_five_calls() {
    let at_once = [tracks((0..60).map(spotify))];
    let in_two = [tracks((0..30).map(spotify)), tracks((30..60).map(spotify))];
    for (conversions, spelt) in
        [(&at_once[..], track as fn(u32) -> String), (&at_once, spotify), (&in_two, track)]
    {
        let world = convert_60_then_ask_one_by_one(conversions, spelt).await;
        assert!(world.upstream.calls() <= 5, "{}", world.upstream.calls());
        assert_eq!(rows(&world), [60, 60, 0]);
        assert_eq!(world.upstream.asked().len(), 120, "each row once");
        let along = world.engine.metrics().ids_along(Lane::Warm);
        assert!(along >= 50, "{along} rode along with those asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn left_alone_the_features_come_in_the_warm_lane() {
    let world = reading_ahead();
    world.get(&tracks((0..60).map(spotify))).await;
    world.settled().await;
    assert_eq!(world.engine.budget.snapshot().counts.granted_warm, 2);
    let calls = world.upstream.calls();
    for n in 0..60 {
        assert_eq!(world.get(&one_feature(&track(n))).await.outcome, Outcome::Hit);
    }
    assert_eq!((calls, world.upstream.calls()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn people_go_before_what_is_read_ahead() {
    let world = reading_ahead();
    world.get(&tracks((0..40).map(spotify))).await;
    let begun = Instant::now();
    let answers = world.all((0..5).map(|n| format!("/v1/artist/search?searchText=nova{n}"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    // The conversion's gap, five starts, the last one's answer.
    assert!(begun.elapsed() <= Duration::from_millis(5 * 750 + 500), "{:?}", begun.elapsed());
    world.settled().await;
    assert!(world.upstream.seen().last().expect("calls").target.starts_with("/v1/audio-features"));
}

#[tokio::test(start_paused = true)]
async fn known_features_and_those_under_way_are_left_alone() {
    let world = reading_ahead();
    world.get(&features((0..20).map(spotify))).await;
    let under_way = world.spawn(&features((20..30).map(spotify)), client(1));
    let converted = world.spawn(&tracks((0..40).map(spotify)), client(2));
    for answer in [under_way, converted] {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    world.settled().await;
    assert_eq!(rows(&world)[0], 10);
    let asked = world.upstream.seen();
    let features = asked.iter().filter(|seen| seen.target.starts_with("/v1/audio-features"));
    assert_eq!(features.map(|seen| seen.ids.len()).sum::<usize>(), 40, "each once");
}

#[tokio::test(start_paused = true)]
async fn tracks_that_were_held_before_are_not_read_ahead_when_they_are_renewed() {
    let world = reading_ahead();
    world.get(&tracks([spotify(1)])).await;
    world.settled().await;
    sleep(DAY * 31).await;
    assert_eq!(world.get(&tracks([spotify(1)])).await.outcome, Outcome::Stale);
    world.settled().await;
    assert_eq!(rows(&world)[0], 1);
}

#[tokio::test(start_paused = true)]
async fn rows_nobody_asks_for_make_it_pause_and_rows_somebody_asks_for_resume() {
    let world = World::with(&Settings { spare: ON, budget: lifted(), ..Settings::default() });
    let converted = |first: u32| tracks((first..first + 100).map(spotify));
    world.get(&converted(0)).await;
    sleep(601 * SECOND).await;
    world.get(&converted(100)).await;
    world.settled().await;
    assert!(world.engine.gauges().read_ahead_paused);
    assert_eq!(rows(&world), [100, 0, 100]);

    for n in 100..120 {
        world.get(&one_feature(&track(n))).await;
    }
    sleep(601 * SECOND).await;
    world.get(&converted(200)).await;
    world.settled().await;
    assert!(!world.engine.gauges().read_ahead_paused);
    assert_eq!(rows(&world), [200, 0, 100], "what it had not read does not count as used");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_ahead_is_fetched_when_it_is_asked_for() {
    let world = reading_ahead();
    world.upstream.script("/v1/audio-features", 3, Act::Status(503));
    world.get(&tracks((0..40).map(spotify))).await;
    world.settled().await;
    let answer = world.get(&one_feature(&track(7))).await;
    assert_eq!(text(&answer), row(RowKind::Features, 7, 0));
}
