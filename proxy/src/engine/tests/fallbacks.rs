//! Recommendations that the upstream refuses: denied, or answered by something less.

use rstest::rstest;
use tokio::time::advance;

use super::catalogue::spotify;
use super::*;
use crate::cache;
use crate::guard;
use crate::telemetry::Outcome;
use scripted::Act;

const BLAMED: Act = Act::Say(400, "application/json", r#"{"error":"too many negative seeds","status":4002}"#);

/// Ids that are well-formed and unknown.
fn unknown(n: u32) -> String {
    spotify(40_000 + n)
}

/// Ten ways to write one request: these seeds and negatives, `energy` a half, five tracks.
fn spellings(seeds: &[String], negatives: &[String]) -> Vec<String> {
    let reversed = |ids: &[String]| ids.iter().rev().cloned().collect::<Vec<_>>();
    let twice = |ids: &[String]| [ids, &ids[..1.min(ids.len())]].concat();
    let list = |name: &str, ids: &[String], comma: &str| match ids {
        [] => String::new(),
        ids => format!("&{name}={}", ids.join(comma)),
    };
    let each = |name: &str, ids: &[String]| list(name, ids, &format!("&{name}="));
    let path = "/v1/track/recommendation";
    let lists = |seeds: &[String], negatives: &[String], comma: &str| {
        format!("{}{}", list("seeds", seeds, comma), list("negativeSeeds", negatives, comma))
    };
    let plain = lists(seeds, negatives, ",");
    let backwards = lists(&reversed(seeds), &reversed(negatives), ",");
    vec![
        format!("{path}?size=5&energy=0.5{plain}"),
        format!("{path}?energy=0.5{plain}&size=5"),
        format!("{path}?size=5&energy=0.5{backwards}"),
        format!("{path}?size=5&energy=0.5{}", lists(seeds, negatives, "%2C")),
        format!("{path}?size=5&energy=0.5{}{}", each("seeds", seeds), each("negativeSeeds", negatives)),
        format!("{path}?size=5&energy=.5{plain}"),
        format!("{path}?size=5&energy=0.50{backwards}"),
        format!("{path}?size=5&%65nergy=0.5{plain}"),
        format!("{path}?size=05&energy=0.5{}", lists(&twice(seeds), negatives, "%2c")),
        format!("{path}?energy=00.5&size=5{}", lists(seeds, &twice(negatives), ",")),
    ]
}

#[rstest]
#[case::two_seeds(2, 0, 1)]
#[case::fewer_negatives(2, 1, 2)]
#[case::no_negatives(3, 1, 2)]
#[case::three_seeds(5, 0, 2)]
#[case::every_tier(4, 2, 4)]
#[tokio::test(start_paused = true)]
async fn a_bad_recommendation_costs_its_calls_once_a_day_however_it_is_written(
    #[case] seeds: u32,
    #[case] negatives: u32,
    #[case] calls: usize,
) {
    let world = World::new();
    let seeds: Vec<_> = (0..seeds).map(unknown).collect();
    let negatives: Vec<_> = (0..negatives).map(|n| unknown(100 + n)).collect();
    let spellings = spellings(&seeds, &negatives);
    let hundred = || (0..10).flat_map(|_| spellings.clone());
    for answer in world.all(hundred()).await {
        assert_eq!((answer.status.as_u16(), code(&answer)), (400, Some(4002)));
    }
    assert_eq!(world.upstream.calls(), calls, "asked at once");
    for target in hundred() {
        assert_eq!(world.get(&target).await.outcome, Outcome::Denied, "{target}");
    }
    assert_eq!(world.upstream.calls(), calls, "asked one by one");
    advance(DAY - 60 * SECOND).await;
    assert_eq!(world.get(&spellings[3]).await.outcome, Outcome::Denied);
    assert_eq!(world.upstream.calls(), calls, "within a day");
    advance(60 * SECOND).await;
    world.all(hundred()).await;
    assert_eq!(world.upstream.calls(), 2 * calls, "after it");
}

#[tokio::test(start_paused = true)]
async fn a_day_later_a_bad_recommendation_costs_one_more_call() {
    let world = World::new();
    let spellings = spellings(&[unknown(1), unknown(2)], &[]);
    world.all(spellings.clone()).await;
    advance(DAY).await;
    world.all(spellings).await;
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_worked_instead_is_served_to_every_spelling_without_a_call() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let spellings = spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)]);
    let first = world.get(&spellings[0]).await;
    assert_eq!((first.status.as_u16(), first.outcome), (200, Outcome::Miss));
    assert!(first.cache_status.ends_with("; fallback"), "{}", first.cache_status);
    assert_eq!(world.upstream.calls(), 2);
    for target in &spellings {
        let again = world.get(target).await;
        assert_eq!((&again.body, again.outcome), (&first.body, Outcome::Hit), "{target}");
        assert!(again.cache_status.contains("; fallback"), "{}", again.cache_status);
    }
    let less = format!("/v1/track/recommendation?energy=0.5&seeds={}&size=5", joined((1..4).map(spotify)));
    let plain = world.get(&less).await;
    assert_eq!((plain.body, plain.outcome), (first.body, Outcome::Hit), "kept under the request really sent");
    assert_eq!(world.upstream.calls(), 2);
    // A day later the request itself is tried again; what is held instead needs no call.
    advance(DAY).await;
    assert_eq!(world.get(&spellings[1]).await.outcome, Outcome::Hit);
    assert_eq!(world.upstream.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_worked_instead_is_fetched_once_for_all_who_ask_together() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let spellings = spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)]);
    let answers = world.all((0..10).flat_map(|_| spellings.clone())).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body && answer.status == 200));
    assert_eq!(world.upstream.calls(), 2);
    let metrics = world.engine.metrics().render(&world.engine.gauges());
    assert!(metrics.contains(r#"recobeat_fallbacks_total{result="worked",tier="blamed"} 1"#));
    assert!(metrics.contains("recobeat_denials_learned_total 1"));
}

#[tokio::test(start_paused = true)]
async fn a_later_tier_is_tried_when_an_earlier_one_is_refused() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    world.upstream.script(&joined((1..5).map(spotify)), 1, BLAMED);
    let target = &spellings(&(1..5).map(spotify).collect::<Vec<_>>(), &[spotify(8), spotify(9)])[0];
    let answer = world.get(target).await;
    // Refused: as given, without the negatives blamed, with fewer. Then three seeds.
    assert_eq!((answer.status.as_u16(), world.upstream.calls()), (200, 4));
    assert!(world.upstream.seen()[3].target.contains(&format!("seeds={}&", joined((1..4).map(spotify)))));
    assert_eq!(world.get(target).await.outcome, Outcome::Hit);
    assert_eq!(world.upstream.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_people_fall_back() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    assert_eq!(world.ask(target, &in_lane(Lane::Refresh)).await.status, 400);
    assert_eq!(world.ask(target, &in_lane(Lane::Warm)).await.outcome, Outcome::Denied);
    assert_eq!(world.upstream.calls(), 1);
    assert_eq!(world.get(target).await.status, 200, "a denial of the day does not keep people from trying");
    assert_eq!(world.upstream.calls(), 2);
    assert_eq!(world.ask(target, &in_lane(Lane::Warm)).await.outcome, Outcome::Hit);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_fails_leaves_the_refusal_and_is_tried_again() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    world.upstream.script("", 3, Act::Status(503));
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    let refused = world.get(target).await;
    assert_eq!((refused.status.as_u16(), world.upstream.calls()), (400, 4), "three attempts failed");
    assert_eq!(world.get(target).await.status, 200);
    assert_eq!(world.upstream.calls(), 5);
}

#[rstest]
#[case::throttled(Act::Throttle(Some(3_600)), 429)]
#[case::unavailable(Act::Status(503), 503)]
#[case::unreadable(Act::Say(200, "application/json", "["), 502)]
#[case::wrong(Act::Say(422, "application/json", r#"{"error":"no","status":4221}"#), 400)]
#[tokio::test(start_paused = true)]
async fn what_worked_and_fails_in_passing_does_not_say_that_the_request_is_refused(
    #[case] act: Act,
    #[case] status: u16,
) {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    assert_eq!(world.get(target).await.status, 200);
    let store = world.engine.store();
    let draws = cache::Scope::Category(cache::Category::Recommendation);
    store.purge(&[draws], cache::Mode::Hard).expect("one category");
    world.upstream.script("", usize::MAX, act);
    assert_eq!(world.get(target).await.status, status);
    world.upstream.recover();
    advance(2 * 3_600 * SECOND).await;
    let answer = world.get(target).await;
    assert_eq!((answer.status.as_u16(), answer.cache_status.contains("; fallback")), (200, true));
}

#[tokio::test(start_paused = true)]
async fn without_repair_a_refusal_is_the_answer() {
    let world = World::new();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    assert_eq!(world.get(target).await.status, 200);
    let strict = Settings {
        guard: guard::Settings { repair: false, ..guard::Settings::default() },
        ..Settings::default()
    };
    let world = World::with(&strict);
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    assert_eq!(world.get(target).await.status, 400);
    assert_eq!(world.get(target).await.outcome, Outcome::Denied);
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_deny_list_nothing_is_remembered_and_less_is_still_asked() {
    let world = World::with(&Settings {
        guard: guard::Settings { deny: false, ..guard::Settings::default() },
        ..Settings::default()
    });
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    let first = world.get(target).await;
    assert_eq!((first.status.as_u16(), world.upstream.calls()), (200, 2));
    assert_eq!(world.get(target).await.body, first.body);
    assert_eq!(world.upstream.calls(), 3, "the request itself is asked again");
}

#[rstest]
#[case::no_code(400, r#"{"error":"bad request"}"#)]
#[case::other_code(400, r#"{"error":"too many negative seeds","status":4099}"#)]
#[case::other_status(422, r#"{"error":"too many negative seeds","status":4002}"#)]
#[tokio::test(start_paused = true)]
async fn nothing_but_a_permanent_refusal_falls_back(#[case] status: u16, #[case] body: &'static str) {
    let world = World::new();
    world.upstream.script("", usize::MAX, Act::Say(status, "application/json", body));
    let target = &spellings(&[spotify(1), spotify(2), spotify(3)], &[spotify(9)])[0];
    for calls in 1..=2 {
        assert_ne!(world.get(target).await.status, 200);
        assert_eq!(world.upstream.calls(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exempt_request_goes_upstream_even_when_denied() {
    let world = World::new();
    let target = "/v1/track/search?searchText=ab";
    world.get(target).await;
    let denials = &world.engine.denials;
    assert_eq!(denials.exempt().add("=/v1/track/search?searchText=ab&page=0").await, Ok(true));
    for calls in 2..=3 {
        let refused = world.get(target).await;
        assert_eq!((refused.status.as_u16(), refused.outcome), (400, Outcome::Miss));
        assert_eq!(world.upstream.calls(), calls);
    }
    assert!(denials.exempt().remove("=/v1/track/search?searchText=ab&page=0").await);
    assert_eq!(world.get(target).await.outcome, Outcome::Denied);
}

/// Asked every hour until its window ends.
#[rstest]
#[case::search("/v1/track/search?searchText=song")]
#[case::draw("/v1/track/recommendation?size=5&seeds=T000000000000000000001")]
#[case::page("/v1/artist/00000052-0000-4000-8000-000000000001/track?size=50")]
#[tokio::test(start_paused = true)]
async fn a_stale_answer_that_is_refused_anew_is_served_to_its_end_and_asked_for_once_a_day(
    #[case] target: &str,
    #[values(1, 3)] days: u32,
) {
    let lives = move |category| match category {
        cache::Category::Denied => cache::Ttl { fresh: DAY, stale: Duration::ZERO },
        _ => cache::Ttl { fresh: DAY, stale: DAY * days },
    };
    let spare = Spare { early_refresh: false, ..Spare::default() };
    let cache = cache::Settings { ttls: cache::Ttls::new(lives), jitter: 0.0, ..cache::Settings::default() };
    let world = World::with(&Settings { cache, spare, ..Settings::default() });
    let answered = world.get(target).await;
    world.upstream.script("", usize::MAX, BLAMED);
    advance(DAY + 3_600 * SECOND).await;
    for _ in 1..24 * days {
        let stale = world.get(target).await;
        assert_eq!((stale.outcome, &stale.body), (Outcome::Stale, &answered.body));
        world.settled().await;
        advance(3_600 * SECOND).await;
    }
    let refused = world.get(target).await;
    assert_eq!((refused.status.as_u16(), refused.outcome), (400, Outcome::Denied));
    assert_eq!(world.upstream.calls(), 1 + days as usize);
    let metrics = world.engine.metrics().render(&world.engine.gauges());
    assert!(metrics.contains(&format!("recobeat_denials_learned_total {days}")));
}

#[tokio::test(start_paused = true)]
async fn a_new_draw_that_is_refused_leaves_the_last_one_and_is_not_asked_for_again() {
    let world = World::new();
    let target = "/v1/track/recommendation?size=5&seeds=T000000000000000000001";
    let drawn = world.get(target).await;
    world.upstream.script("", usize::MAX, BLAMED);
    for _ in 0..3 {
        let again = world.ask(target, &Caller { no_cache: true, ..caller() }).await;
        assert_eq!((again.status.as_u16(), &again.body), (200, &drawn.body));
        assert!(again.cache_status.contains("no new draw"), "{}", again.cache_status);
    }
    assert_eq!(world.upstream.calls(), 2);
}
