//! What a purge does to requests: stale and renewed, or gone.

use rstest::rstest;

use super::catalogue::{list, row, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::cache::{Category, Mode, Scope};
use crate::engine::Subject;
use crate::telemetry::Outcome;
use scripted::Act;

async fn purge(world: &World, scope: &str, mode: Mode) {
    let scope: Scope = scope.parse().expect("a scope");
    world.engine.purge(&Subject::Scope(scope), mode).await.expect("few");
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001", "category:track")]
#[case::features(
    "/v1/track/00000054-0000-4000-8000-000000000001/audio-features",
    "endpoint:/v1/audio-features"
)]
#[case::search("/v1/track/search?searchText=song", "endpoint:/v1/track/search")]
#[case::recommendation(
    "/v1/track/recommendation?size=5&seeds=T000000000000000000001",
    "category:recommendation"
)]
#[case::everything("/v1/track/search?searchText=song", "all")]
#[tokio::test(start_paused = true)]
async fn softly_purged_answers_are_served_stale_and_renewed_in_the_refresh_lane(
    #[case] target: &str,
    #[case] scope: &str,
) {
    let world = World::new();
    let old = world.get(target).await;
    world.upstream.revise();
    purge(&world, scope, Mode::Soft).await;
    let begun = Instant::now();
    let stale = world.get(target).await;
    assert_eq!((stale.outcome, &stale.body, begun.elapsed()), (Outcome::Stale, &old.body, Duration::ZERO));
    assert!(
        stale.cache_status.contains("ttl=0") || stale.cache_status.contains("ttl=-"),
        "{}",
        stale.cache_status
    );
    world.settled().await;
    assert_eq!(world.engine.budget.snapshot().counts.granted_refresh, 1);
    let renewed = world.get(target).await;
    assert_eq!((renewed.outcome, renewed.body != old.body), (Outcome::Hit, true));
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hard_purge_of_one_id_leaves_the_others() {
    let world = World::new();
    world.get(&tracks([spotify(1), spotify(2)])).await;
    world.upstream.revise();
    let by_uuid = Subject::Id(crate::api::Id::parse(&track(1)).expect("an id"));
    world.engine.purge(&by_uuid, Mode::Hard).await.expect("few");
    let answer = world.get(&tracks([spotify(1), spotify(2)])).await;
    assert_eq!(answer.outcome, Outcome::Partial);
    let rows = [row(RowKind::Track, 1, 1), row(RowKind::Track, 2, 0)];
    assert_eq!(text(&answer), catalogue::content(&rows));
}

#[tokio::test(start_paused = true)]
async fn a_purged_absence_is_asked_for_again() {
    let world = World::new();
    world.upstream.answer(&spotify(1), &[]);
    assert_eq!(text(&world.get(&tracks([spotify(1)])).await), r#"{"content":[]}"#);
    world.upstream.answer(&spotify(1), &[1]);
    // Softly: absences may not be served stale.
    purge(&world, "category:missing", Mode::Soft).await;
    assert_eq!(text(&world.get(&tracks([spotify(1)])).await), list(RowKind::Track, [1]));
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001")]
#[case::search("/v1/track/search?searchText=song")]
#[tokio::test(start_paused = true)]
async fn an_answer_under_way_during_a_hard_purge_is_given_to_who_waited_and_not_kept(#[case] target: &str) {
    let world = World::new();
    world.upstream.script("", 1, Act::Slow(10 * SECOND));
    let waiting = world.spawn(target, caller());
    sleep(SECOND).await;
    purge(&world, "all", Mode::Hard).await;
    assert_eq!(waiting.await.expect("no panic").status, 200);
    assert_eq!(world.get(target).await.outcome, Outcome::Miss);
    assert_eq!(world.get(target).await.outcome, Outcome::Hit, "what was asked after the purge is kept");
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_still_waits_for_its_call_during_a_purge_is_kept() {
    let world = World::new();
    let first = world.spawn(&tracks([spotify(1)]), caller());
    sleep(Duration::from_millis(100)).await;
    let queued = world.spawn(&tracks([spotify(2)]), caller());
    sleep(Duration::from_millis(100)).await;
    purge(&world, "all", Mode::Hard).await;
    for answer in [first, queued] {
        assert_eq!(answer.await.expect("no panic").status, 200);
    }
    assert_eq!(world.get(&tracks([spotify(2)])).await.outcome, Outcome::Hit, "asked after the purge");
    assert_eq!(world.get(&tracks([spotify(1)])).await.outcome, Outcome::Miss, "asked before it");
}

#[tokio::test(start_paused = true)]
async fn a_purge_touches_no_entry_and_needs_no_time_for_many() {
    let world = World::lifted();
    for n in 0..20_000 {
        world.engine.store.put(
            crate::cache::Key::Body(format!("=/v1/track/search?searchText={n}&page=0").into()),
            Category::Search,
            200,
            bytes::Bytes::new(),
        );
    }
    let before = world.engine.store.size();
    purge(&world, "category:search", Mode::Hard).await;
    assert_eq!(world.engine.store.size(), before, "nothing was walked");
    let answer = world.get("/v1/track/search?searchText=77").await;
    assert_eq!(
        (answer.status.as_u16(), answer.outcome),
        (400, Outcome::Miss),
        "too short a text, said upstream"
    );
}
