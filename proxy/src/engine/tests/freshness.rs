//! Age: fresh, stale and served at once, gone.

use rstest::rstest;
use tokio::time::advance;

use super::catalogue::{row, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::Outcome;
use scripted::Act;

/// Each with the time after which it is stale (the jitter takes at most 5 %), and gone.
#[rstest]
#[case::track("/v1/track?ids=T000000000000000000001", 30, 60)]
#[case::features("/v1/track/00000054-0000-4000-8000-000000000001/audio-features", 90, 180)]
#[case::artist("/v1/artist?ids=R000000000000000000001", 30, 60)]
#[case::search("/v1/track/search?searchText=song", 1, 2)]
#[case::recommendation("/v1/track/recommendation?size=5&seeds=T000000000000000000001", 7, 8)]
#[case::opaque("/v1/track?ids=T000000000000000000001&market=de", 30, 60)]
#[tokio::test(start_paused = true)]
async fn what_is_stale_is_served_at_once_and_renewed_once(
    #[case] target: &str,
    #[case] stale: u32,
    #[case] gone: u32,
) {
    let world = World::new();
    let old = world.get(target).await;
    advance(DAY * stale / 100 * 94).await;
    let fresh = world.get(target).await;
    assert_eq!((fresh.outcome, fresh.age), (Outcome::Hit, Some((DAY * stale / 100 * 94).as_secs())));

    advance(DAY * stale - DAY * stale / 100 * 94).await;
    world.upstream.revise();
    let begun = Instant::now();
    for answer in world.all((0..100).map(|_| target.to_owned())).await {
        assert_eq!((answer.outcome, &answer.body), (Outcome::Stale, &old.body));
        assert_eq!(answer.age, Some((DAY * stale).as_secs()));
        assert!(answer.cache_status.contains("; hit; ttl="), "{}", answer.cache_status);
        assert!(answer.cache_status.contains("ttl=-") || answer.cache_status.contains("ttl=0"));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    world.settled().await;
    assert_eq!(world.upstream.calls(), 2);
    let renewed = world.get(target).await;
    assert_eq!((renewed.outcome, renewed.age), (Outcome::Hit, Some(0)));
    assert!(renewed.body != old.body || target.contains("artist"), "a new revision");

    advance(DAY * gone).await;
    assert_eq!(world.get(target).await.outcome, Outcome::Miss);
    world.assert_quiet();
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001", 58, 2)]
#[case::search("/v1/track/search?searchText=song", 1, 2)]
#[tokio::test(start_paused = true)]
async fn while_the_upstream_fails_stale_answers_hold_out_to_the_end_of_their_window(
    #[case] target: &str,
    #[case] stale: u32,
    #[case] longer: u32,
) {
    let world = World::new();
    let old = world.get(target).await;
    world.upstream.script("", usize::MAX, Act::Status(503));
    advance(DAY * stale).await;
    for _ in 0..3 {
        let answer = world.get(target).await;
        assert_eq!((answer.outcome, &answer.body), (Outcome::Stale, &old.body));
        world.settled().await;
    }
    advance(DAY * longer).await;
    assert_eq!(world.get(target).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn the_age_of_a_list_is_that_of_its_oldest_row() {
    let world = World::new();
    world.get(&tracks([spotify(1)])).await;
    advance(100 * SECOND).await;
    world.get(&tracks([spotify(2)])).await;
    advance(50 * SECOND).await;
    let hit = world.get(&tracks([spotify(1), spotify(2)])).await;
    assert!(hit.age.is_some_and(|age| (150..=152).contains(&age)), "{:?}", hit.age);
    let partial = world.get(&tracks([spotify(2), spotify(3)])).await;
    assert!(partial.age.is_some_and(|age| (50..=52).contains(&age)), "{:?}", partial.age);
    assert_eq!(world.get(&tracks([spotify(4)])).await.age, None, "nothing came from the cache");
}

#[tokio::test(start_paused = true)]
async fn a_row_the_upstream_has_dropped_is_missing_after_its_renewal() {
    let world = World::new();
    world.get(&tracks([spotify(1)])).await;
    world.upstream.answer(&track(1), &[]);
    advance(30 * DAY).await;
    assert_eq!(world.get(&tracks([spotify(1)])).await.outcome, Outcome::Stale);
    world.settled().await;
    for id in [spotify(1), track(1)] {
        assert_eq!(text(&world.get(&tracks([id])).await), r#"{"content":[]}"#);
    }
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn renewals_of_rows_share_a_batch_and_ride_along_with_people() {
    let world = World::new();
    world.get(&tracks((0..20).map(spotify))).await;
    advance(30 * DAY).await;
    let answer = world.get(&tracks((10..25).map(spotify))).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (200, Outcome::Partial));
    world.settled().await;
    let ids = &world.upstream.seen()[1].ids;
    assert_eq!((ids.len(), world.upstream.calls()), (15, 2), "five asked, ten renewed");
    assert_eq!(world.engine.metrics().ids_along(Lane::Refresh), 10);
    assert_eq!(ids[..5], (20..25).map(spotify).collect::<Vec<_>>());
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn without_any_budget_stale_rows_are_served_and_nothing_waits_for_their_renewal() {
    let world = World::with(&Settings {
        budget: Limits { rate_per_minute: 0, ..Settings::default().budget },
        ..Settings::default()
    });
    let parsed =
        crate::api::extract(crate::api::Shape::Single(RowKind::Track), row(RowKind::Track, 1, 0).as_bytes());
    world.engine.store.learn(&parsed.expect("a row").rows[0]);
    advance(31 * DAY).await;
    let target = tracks([spotify(1)]);
    assert_eq!(world.get(&target).await.outcome, Outcome::Stale);
    advance(30 * DAY).await;
    let begun = Instant::now();
    assert_eq!(world.get(&target).await.outcome, Outcome::Refused);
    assert_eq!(begun.elapsed(), Duration::ZERO, "refused at once, renewal in the air or not");
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_person_who_meets_a_background_fetch_too_far_back_is_refused_at_once() {
    let world = World::new();
    let busy: Vec<_> =
        (0..39).map(|n| world.spawn(&format!("/v1/album/search?searchText=s{n}"), client(n))).collect();
    tokio::task::yield_now().await;
    let target = "/v1/artist/search?searchText=nova";
    let patient = crate::flight::Wish { client: client(90).client, lane: Lane::Warm, deadline: None };
    let crate::api::Request::Body(body) = request(target) else { panic!("a search is a body") };
    drop(world.engine.bodies.join(&body, false, patient, None));
    let id = crate::api::Id::parse(&spotify(1)).expect("an id");
    drop(world.engine.batches.join(RowKind::Track, &[id], patient, None));
    let late: Vec<_> =
        (40..44).map(|n| world.spawn(&format!("/v1/album/search?searchText=s{n}"), client(n))).collect();
    tokio::task::yield_now().await;
    let begun = Instant::now();
    for target in [target.to_owned(), tracks([spotify(1)])] {
        let refused = world.ask(&target, &client(91)).await;
        assert_eq!((refused.status.as_u16(), begun.elapsed()), (429, Duration::ZERO), "{target}");
    }
    for answer in busy {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    drop(late);
    world.settled().await;
    assert_eq!(world.get(target).await.outcome, Outcome::Hit, "the background fetch went on");
}

const SEARCH: &str = "/v1/track/search?searchText=song";

fn renewing_early() -> World {
    let spare = Spare { early_refresh: true, read_ahead: false };
    World::with(&Settings { spare, ..Settings::default() })
}

/// Asks so often, without letting go of the clock.
async fn ask_often(world: &World, target: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(world.get(target).await.outcome, Outcome::Hit, "{target}");
    }
}

#[rstest]
#[case::search(SEARCH)]
#[case::page("/v1/artist/00000052-0000-4000-8000-000000000001/track")]
#[tokio::test(start_paused = true)]
async fn a_hot_page_is_renewed_before_it_expires(#[case] target: &str) {
    let world = renewing_early();
    world.get(target).await;
    advance(DAY / 100 * 80).await;
    ask_often(&world, target, 50).await;
    world.settled().await;
    assert_eq!(world.upstream.calls(), 1, "not in its last tenth");
    advance(DAY / 100 * 14).await;
    world.upstream.revise();
    ask_often(&world, target, 50).await;
    world.settled().await;
    assert_eq!((world.upstream.calls(), world.get(target).await.age), (2, Some(0)));
    assert_eq!(world.engine.budget.snapshot().counts.granted_refresh, 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_few_ask_for_is_left_to_expire() {
    let world = renewing_early();
    world.get(SEARCH).await;
    advance(DAY / 100 * 94).await;
    ask_often(&world, SEARCH, 2).await;
    world.settled().await;
    assert_eq!(world.upstream.calls(), 1);
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001", 30)]
#[case::recommendation("/v1/track/recommendation?size=5&seeds=T000000000000000000001", 7)]
#[case::absent_artist("/v1/artist/00000052-0000-4000-8000-0000ffffffff/track", 14)]
#[tokio::test(start_paused = true)]
async fn nothing_else_is_renewed_early(#[case] target: &str, #[case] days: u32) {
    let world = renewing_early();
    world.get(target).await;
    advance(DAY * days / 100 * 94).await;
    ask_often(&world, target, 50).await;
    world.settled().await;
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn early_renewal_is_off_where_it_is_not_asked_for() {
    let world = World::new();
    world.get(SEARCH).await;
    advance(DAY / 100 * 94).await;
    ask_often(&world, SEARCH, 50).await;
    world.settled().await;
    assert_eq!(world.upstream.calls(), 1);
}
