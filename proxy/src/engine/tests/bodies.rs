//! Answers kept whole: recommendations, pages, searches, and what is not understood.

use rstest::rstest;
use tokio::time::advance;

use super::catalogue::{artist, list, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::Outcome;
use scripted::Act;

const DRAW: &str = "/v1/track/recommendation?size=5&seeds=T000000000000000000001,T000000000000000000002";

fn no_cache(n: u32) -> Caller {
    Caller { no_cache: true, ..client(n) }
}

#[tokio::test(start_paused = true)]
async fn a_recommendation_is_stable_however_its_request_is_written() {
    let world = World::new();
    let drawn = world.get(DRAW).await;
    for same in [
        DRAW.to_owned(),
        format!("/v1/track/recommendation?seeds={},{}&size=5", spotify(2), spotify(1)),
        format!("/v1/track/recommendation?seeds={}&size=5&seeds={}", spotify(2), spotify(1)),
    ] {
        let again = world.get(&same).await;
        assert_eq!((again.body, again.outcome), (drawn.body.clone(), Outcome::Hit), "{same}");
    }
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_cache_draws_anew_once_for_all_who_ask_together() {
    let world = World::new();
    let first = world.get(DRAW).await;
    let asked: Vec<_> = (0..50).map(|n| world.spawn(DRAW, no_cache(n))).collect();
    let mut draws = Vec::new();
    for answer in asked {
        draws.push(answer.await.expect("no panic").body);
    }
    assert!(draws.iter().all(|draw| *draw == draws[0]));
    assert_ne!(draws[0], first.body);
    assert_eq!(world.upstream.calls(), 2);
    assert_eq!(world.get(DRAW).await.body, draws[0], "the new draw is the one kept");
}

#[rstest]
#[case::upstream_down(Act::Status(503))]
#[case::held(Act::Throttle(Some(100)))]
#[case::garbage(Act::Say(200, "application/json", "{"))]
#[case::refused(Act::Say(400, "application/json", r#"{"error":"no","status":4002}"#))]
#[case::not_found(Act::Say(404, "application/json", r#"{"error":"no","status":4041}"#))]
#[tokio::test(start_paused = true)]
async fn no_cache_falls_back_to_the_draw_held(#[case] act: Act) {
    let world = World::new();
    let first = world.get(DRAW).await;
    world.upstream.script("", usize::MAX, act);
    let again = world.ask(DRAW, &no_cache(1)).await;
    assert_eq!((again.status.as_u16(), again.body, again.outcome), (200, first.body, Outcome::Hit));
    assert!(again.cache_status.contains("no new draw"), "{}", again.cache_status);
    world.upstream.recover();
    assert_eq!(world.get(DRAW).await.outcome, Outcome::Hit, "what was held is held still");
}

#[rstest]
#[case::list("/v1/track?ids=T000000000000000000001")]
#[case::row("/v1/track/00000054-0000-4000-8000-000000000001")]
#[case::search("/v1/track/search?searchText=song")]
#[tokio::test(start_paused = true)]
async fn no_cache_is_ignored_elsewhere(#[case] target: &str) {
    let world = World::new();
    world.get(target).await;
    assert_eq!(world.ask(target, &no_cache(1)).await.outcome, Outcome::Hit);
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_cache_can_be_switched_off() {
    let world = World::with(&Settings { honour_no_cache: false, ..Settings::default() });
    world.get(DRAW).await;
    assert_eq!(world.ask(DRAW, &no_cache(1)).await.outcome, Outcome::Hit);
}

#[tokio::test(start_paused = true)]
async fn no_cache_does_not_ask_for_a_refused_combination_again() {
    let world = World::new();
    let target = "/v1/track/recommendation?size=5&seeds=nobody";
    assert_eq!(world.get(target).await.status, 400);
    assert_eq!(world.ask(target, &no_cache(1)).await.outcome, Outcome::Denied);
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_refuses_blank_seeds_without_a_call() {
    let world = World::new();
    for target in ["/v1/track/recommendation?size=5&seeds=", "/v1/track/recommendation?size=5"] {
        let refused = world.get(target).await;
        assert_eq!((refused.status.as_u16(), refused.outcome), (400, Outcome::Denied));
    }
    assert_eq!(world.upstream.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_absent_size_meets_the_default_once_an_answer_has_shown_it() {
    let world = World::new();
    let page = |n, size: &str| format!("/v1/artist/{}/track{size}", artist(n));
    world.get(&page(1, "?size=25")).await;
    world.get(&page(1, "")).await;
    assert_eq!(world.upstream.calls(), 2, "nothing is known yet");
    assert_eq!(world.get(&page(1, "?page=0&size=25")).await.outcome, Outcome::Hit);
    world.get(&page(2, "?size=25")).await;
    assert_eq!(world.get(&page(2, "")).await.outcome, Outcome::Hit);
    assert_eq!(world.get(&page(2, "?page=0")).await.outcome, Outcome::Hit);
    assert_eq!(world.get(&page(2, "?size=24")).await.outcome, Outcome::Miss);
    // Each endpoint shows its own default.
    world.get(&format!("/v1/artist/{}/album?size=25", artist(2))).await;
    assert_eq!(world.get(&format!("/v1/artist/{}/album", artist(2))).await.outcome, Outcome::Miss);
}

#[tokio::test(start_paused = true)]
async fn a_page_stored_while_its_twin_waited_needs_no_second_call() {
    let world = World::new();
    let page = |size: &str| format!("/v1/artist/{}/track{size}", artist(1));
    let answers = world.all([page(""), page("?size=25")]).await;
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(world.upstream.calls(), 1, "the second looks once more before it calls");
    assert_eq!(world.engine.budget.snapshot().counts.refunded, 1);
}

#[tokio::test(start_paused = true)]
async fn rows_of_pages_answer_lists() {
    let world = World::new();
    world.get(&format!("/v1/artist/{}/track?size=10", artist(3))).await;
    let answer = world.get(&tracks((0..10).map(track))).await;
    assert_eq!((text(&answer), answer.outcome), (&*list(RowKind::Track, 0..10), Outcome::Hit));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_asked_as_given_and_its_rows_are_kept() {
    let world = World::new();
    let target = format!("/v1/track?ids={}%2C{}&market=de", spotify(1), spotify(2));
    let miss = world.get(&target).await;
    let hit = world.get(&target).await;
    assert_eq!(world.upstream.seen()[0].target, target);
    assert_eq!((hit.body, hit.outcome), (miss.body, Outcome::Hit));
    assert_eq!(world.get(&tracks([spotify(1), track(2)])).await.outcome, Outcome::Hit);
    assert_eq!(world.get(&target.replace("=de", "=fr")).await.outcome, Outcome::Miss);
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_opaque_list_that_found_nothing_is_kept_no_longer_than_an_absence() {
    let world = World::new();
    let target = format!("/v1/track?ids={}&market=de", spotify(40_000));
    world.get(&target).await;
    advance(13 * DAY).await;
    assert_eq!(world.get(&target).await.outcome, Outcome::Hit);
    advance(DAY).await;
    assert_eq!(world.get(&target).await.outcome, Outcome::Miss, "neither fresh nor stale");
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn broken_escapes_are_refused_and_other_methods_streamed() {
    let world = World::new();
    let refused = world.get("/v1/track?ids=%zz").await;
    assert_eq!((refused.status.as_u16(), refused.outcome), (400, Outcome::Denied));
    let passed = world.engine.answer(&Method::POST, "/v1/analysis/audio-features", None, &caller()).await;
    assert!(passed.is_none());
    assert_eq!(world.upstream.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cold_draw_and_a_new_draw_asked_together_are_one_call() {
    let world = World::new();
    let plain = world.spawn(DRAW, client(1));
    let anew = world.spawn(DRAW, no_cache(2));
    let (plain, anew) = (plain.await.expect("no panic"), anew.await.expect("no panic"));
    assert_eq!((plain.body, world.upstream.calls()), (anew.body, 1));
}
