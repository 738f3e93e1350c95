//! What goes wrong upstream: all or an error, never a part; nothing wrong is ever kept.

use rstest::rstest;
use tokio::time::advance;

use super::catalogue::{artist, list, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::Outcome;
use crate::upstream::CallError;
use scripted::Act;

const HTML: Act = Act::Say(403, "text/html", "<html>error code: 1010</html>");
const GARBAGE: Act = Act::Say(200, "application/json", "{\"content\":[");
const WRONG_SHAPE: Act = Act::Say(200, "application/json", r#"{"content":[{"id":"x"}]}"#);
const NOT_JSON: Act = Act::Say(200, "text/html", r#"{"content":[]}"#);
const MISSING: Act = Act::Say(404, "application/json", r#"{"error":"no","path":"uri=/","status":4041}"#);

#[rstest]
#[case::service_down(Act::Status(503), 503, 3)]
#[case::broken(Act::Status(500), 500, 3)]
#[case::edge(Act::Say(522, "text/html", "<html>"), 522, 3)]
#[case::unreachable(Act::Fail(CallError::Connect("refused".into())), 503, 3)]
#[case::cut_off(Act::Fail(CallError::Broken("reset".into())), 502, 3)]
#[case::too_large(Act::Fail(CallError::TooLarge), 502, 3)]
#[case::hangs(Act::Hang, 504, 1)]
#[case::garbage(GARBAGE, 502, 1)]
#[case::wrong_shape(WRONG_SHAPE, 502, 1)]
#[case::blocked(HTML, 502, 1)]
#[case::missing(MISSING, 502, 1)]
#[tokio::test(start_paused = true)]
async fn one_failing_part_fails_the_whole_and_the_good_rows_stay(
    #[case] act: Act,
    #[case] status: u16,
    #[case] calls: usize,
) {
    let world = World::new();
    world.upstream.script(&spotify(50), usize::MAX, act);
    let target = tracks((0..120).map(spotify));
    let failed = world.get(&target).await;
    assert_eq!((failed.status.as_u16(), failed.outcome), (status, Outcome::Error));
    assert!(code(&failed).is_some(), "an error body of the upstream's form");
    assert!(!said(&failed).contains("404"), "clients search error texts for it");
    world.settled().await;
    assert_eq!(world.upstream.calls(), 2 + calls);

    world.upstream.recover();
    let answer = world.get(&target).await;
    assert_eq!(text(&answer), list(RowKind::Track, 0..120));
    let again: Vec<_> = world.upstream.seen()[2 + calls..].iter().flat_map(|seen| seen.ids.clone()).collect();
    assert_eq!(again.len(), 40, "only the failed part");
    world.assert_quiet();
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001")]
#[case::row("/v1/track/00000054-0000-4000-8000-000000000001")]
#[case::recommendation("/v1/track/recommendation?size=5&seeds=T000000000000000000001")]
#[case::search("/v1/track/search?searchText=song")]
#[case::opaque("/v1/track?ids=T000000000000000000001&market=de")]
#[tokio::test(start_paused = true)]
async fn nothing_wrong_is_kept_and_the_next_request_is_fine(
    #[case] target: &str,
    #[values(GARBAGE, WRONG_SHAPE, NOT_JSON, HTML, Act::Say(200, "application/json", "null"))] act: Act,
) {
    let world = World::new();
    world.upstream.script("", 1, act);
    let failed = world.get(target).await;
    assert_eq!((failed.status.as_u16(), failed.outcome), (502, Outcome::Error));
    assert_eq!(world.engine.gauges().memory_entries, 0);
    assert_eq!(world.get(target).await.status, 200);
    assert_eq!(world.upstream.calls(), 2);
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001")]
#[case::opaque("/v1/track?ids=T000000000000000000001&market=de")]
#[tokio::test(start_paused = true)]
async fn a_404_to_a_list_never_reaches_the_client(
    #[case] target: &str,
    #[values(MISSING, Act::Say(404, "text/plain", "404 page not found"))] act: Act,
) {
    let world = World::new();
    world.upstream.script("", 1, act);
    assert_eq!(world.get(target).await.status, 502);
    assert_eq!(world.get(target).await.status, 200, "and no id was marked missing");
}

#[rstest]
#[case::server_error(Act::Status(503))]
#[case::unreachable(Act::Fail(CallError::Connect("refused".into())))]
#[case::cut_off(Act::Fail(CallError::Broken("reset".into())))]
#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_after_one_and_two_seconds(#[case] act: Act) {
    let world = World::new();
    world.upstream.script("", 2, act);
    assert_eq!(text(&world.get(&tracks([spotify(1)])).await), list(RowKind::Track, [1]));
    let at: Vec<Instant> = world.upstream.seen().iter().map(|seen| seen.at).collect();
    assert_eq!(at.len(), 3);
    for (pair, seconds) in at.windows(2).zip([1.0, 2.0]) {
        let pause = (pair[1] - pair[0] - LATENCY).as_secs_f64();
        assert!((0.9 * seconds..=1.1 * seconds + 0.002).contains(&pause), "{pause} s");
    }
}

#[tokio::test(start_paused = true)]
async fn all_attempts_keep_within_the_time_of_one_call() {
    let world = World::new();
    world.upstream.script("", 1, Act::Status(503));
    world.upstream.script("", 2, Act::Hang);
    let begun = Instant::now();
    assert_eq!(world.get("/v1/artist/search?searchText=nova").await.status, 504);
    assert!(begun.elapsed() <= 61 * SECOND, "searches have 60 s: {:?}", begun.elapsed());
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hold_takes_nothing_from_the_time_of_a_call() {
    let world = World::new();
    world.upstream.script("", 1, Act::Throttle(Some(70)));
    let target = "/v1/artist/search?searchText=nova";
    assert_eq!(world.get(target).await.status, 429);
    world.settled().await;
    assert_eq!(world.get(target).await.outcome, Outcome::Hit);
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_does_not_sit_out_an_hours_hold() {
    let world = World::new();
    world.upstream.script("", 1, Act::Status(503));
    let asked = world.spawn("/v1/artist/search?searchText=nova", caller());
    sleep(SECOND).await;
    world.engine.passed(http::StatusCode::TOO_MANY_REQUESTS, Some(3_600 * SECOND));
    let begun = Instant::now();
    let answer = asked.await.expect("no panic");
    assert_eq!(answer.status, 503);
    assert!(begun.elapsed() <= 60 * SECOND, "{:?}", begun.elapsed());
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_only_meets_429_gives_up_and_says_when_to_come() {
    let world = World::new();
    world.upstream.script("", usize::MAX, Act::Throttle(None));
    assert_eq!(world.get(&tracks([spotify(1)])).await.status, 429);
    world.settled().await;
    assert_eq!(world.upstream.calls(), 6);
    world.assert_quiet();
}

#[rstest]
#[case::recommendation("/v1/track/recommendation?size=5&seeds=nobody")]
#[case::search("/v1/track/search?searchText=ab")]
#[case::opaque_list("/v1/track?ids=")]
#[tokio::test(start_paused = true)]
async fn a_permanent_400_is_remembered_for_a_day(#[case] target: &str) {
    let world = World::new();
    let first = world.get(target).await;
    assert_eq!((first.status.as_u16(), first.outcome), (400, Outcome::Miss));
    advance(DAY - 2 * SECOND).await;
    let again = world.get(target).await;
    assert_eq!((again.status.as_u16(), &again.body, again.outcome), (400, &first.body, Outcome::Denied));
    assert_eq!(world.upstream.calls(), 1);
    advance(2 * SECOND).await;
    world.get(target).await;
    assert_eq!(world.upstream.calls(), 2);

    let forgetful = World::with(&Settings {
        guard: crate::guard::Settings { deny: false, ..crate::guard::Settings::default() },
        ..Settings::default()
    });
    for calls in 1..=2 {
        let refused = forgetful.get(target).await;
        assert_eq!((refused.status.as_u16(), &refused.body), (400, &first.body));
        assert_eq!(forgetful.upstream.calls(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_nobody_is_remembered_for_fourteen_days() {
    let world = World::new();
    let target = format!("/v1/artist/{}/track?size=10", artist(40_000));
    let first = world.get(&target).await;
    assert_eq!((first.status.as_u16(), code(&first)), (404, Some(4041)));
    advance(14 * DAY - 2 * SECOND).await;
    assert_eq!(world.get(&target).await.body, first.body);
    assert_eq!(world.upstream.calls(), 1);
    advance(2 * SECOND).await;
    world.get(&target).await;
    assert_eq!(world.upstream.calls(), 2);
}

#[rstest]
#[case::no_path(404, r#"{"error":"no","path":"uri=/","status":4042}"#)]
#[case::account(403, r#"{"error":"no","path":"uri=/","status":4031}"#)]
#[case::unauthorized(401, r#"{"error":"no","path":"uri=/","status":4011}"#)]
#[case::unknown_400(400, r#"{"error":"no","path":"uri=/","status":4099}"#)]
#[tokio::test(start_paused = true)]
async fn other_refusals_are_passed_on_and_forgotten(#[case] status: u16, #[case] body: &'static str) {
    let world = World::new();
    let target = "/v1/artist/search?searchText=nova";
    world.upstream.script("", 1, Act::Say(status, "application/json", body));
    let refused = world.get(target).await;
    assert_eq!((refused.status.as_u16(), text(&refused)), (status, body));
    assert_eq!(world.engine.gauges().memory_entries, 0);
    assert_eq!(world.get(target).await.status, 200);
}

/// Five failed fetches, which open the breaker.
async fn break_down(world: &World) {
    world.upstream.script("", usize::MAX, Act::Status(500));
    for n in 0..5 {
        assert_eq!(world.get(&format!("/v1/album/search?searchText=s{n}")).await.status, 500);
    }
    assert!(world.engine.gauges().suspended);
}

#[tokio::test(start_paused = true)]
async fn repeated_failures_suspend_calls_while_hits_and_stale_rows_are_served() {
    let world = World::new();
    world.get(&tracks([spotify(1)])).await;
    advance(31 * DAY).await;
    world.get("/v1/artist/search?searchText=fresh").await;
    break_down(&world).await;
    let calls = world.upstream.calls();
    for target in
        [tracks([spotify(2)]), format!("/v1/track/{}", track(3)), "/v1/artist/search?searchText=x".into()]
    {
        let suspended = world.get(&target).await;
        assert_eq!((suspended.status.as_u16(), code(&suspended)), (503, Some(5001)), "{target}");
        assert!(suspended.retry_after.is_some_and(|told| (1..=30).contains(&told)));
    }
    assert!(world.engine.pass("/x", &caller()).await.is_err_and(|answer| answer.status == 503));
    assert_eq!(world.get(&tracks([spotify(1)])).await.outcome, Outcome::Stale);
    assert_eq!(world.get("/v1/artist/search?searchText=fresh").await.outcome, Outcome::Hit);
    world.settled().await;
    assert_eq!(world.upstream.calls(), calls);
    world.assert_quiet();
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_and_its_success_resumes_calls() {
    let world = World::new();
    break_down(&world).await;
    world.upstream.recover();
    let calls = world.upstream.calls();
    advance(30 * SECOND).await;
    let probe = world.spawn("/v1/artist/search?searchText=probe", client(1));
    sleep(Duration::from_millis(100)).await;
    let other = world.ask("/v1/artist/search?searchText=other", &client(2)).await;
    assert_eq!(other.status, 503, "the others wait for the probe");
    assert_eq!(probe.await.expect("no panic").status, 200);
    assert_eq!(world.upstream.calls(), calls + 1);
    assert_eq!(world.get("/v1/artist/search?searchText=other").await.status, 200);
    assert!(!world.engine.gauges().suspended);
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_its_retries_like_any_fetch() {
    let world = World::new();
    break_down(&world).await;
    world.upstream.recover();
    world.upstream.script("", 2, Act::Status(500));
    advance(30 * SECOND).await;
    assert_eq!(world.get(&tracks([spotify(1)])).await.status, 200);
    assert!(!world.engine.gauges().suspended);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_suspends_calls_again() {
    let world = World::new();
    break_down(&world).await;
    let calls = world.upstream.calls();
    advance(30 * SECOND).await;
    assert_eq!(world.get(&tracks([spotify(1)])).await.status, 500);
    assert_eq!(world.upstream.calls(), calls + 3);
    let suspended = world.get(&tracks([spotify(1)])).await;
    assert_eq!((suspended.status.as_u16(), suspended.retry_after), (503, Some(30)));
}
