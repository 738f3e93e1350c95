//! What an explanation says is what happens then, and saying it changes nothing.

use std::collections::BTreeSet;

use http::StatusCode;
use proptest::prelude::*;
use rstest::rstest;
use tokio::time::advance;

use super::catalogue::{artist, spotify, track};
use super::*;
use crate::cache::{self, DiskSettings};
use crate::engine::explain::{Answered, Explanation, Kind, State, Verdict};
use crate::telemetry::Outcome;
use scripted::Act;

const DRAW: &str = "/v1/track/recommendation?size=5&seeds=";
const BLAMED: Act = Act::Say(400, "application/json", r#"{"error":"too many negative seeds","status":4002}"#);

impl World {
    async fn explain(&self, target: &str) -> Explanation {
        self.engine.explain(target).await.expect("a request line")
    }

    /// Everything that asking would change.
    fn traces(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        let metrics = self.engine.metrics().render(&self.engine.gauges());
        // What it costs the process is no trace of it.
        let metrics: Vec<String> =
            metrics.lines().filter(|line| !line.starts_with("process_")).map(str::to_owned).collect();
        (metrics, self.upstream.calls(), self.unfinished(), self.engine.store().size())
    }
}

fn draws(seeds: impl IntoIterator<Item = u32>, negatives: &[u32]) -> String {
    let seeds = joined(seeds.into_iter().map(spotify));
    match negatives {
        [] => format!("{DRAW}{seeds}"),
        negatives => format!("{DRAW}{seeds}&negativeSeeds={}", joined(negatives.iter().map(|n| spotify(*n)))),
    }
}

/// One request of each sort, known or not.
fn all_sorts() -> Vec<String> {
    vec![
        tracks((0..60).map(spotify)),
        tracks([spotify(1), spotify(50_001), "malformed.".to_owned()]),
        format!("/v1/track/{}", track(3)),
        draws([1, 2], &[]),
        draws([1, 1, 2], &[2, 3]),
        draws([40_001], &[]),
        format!("{DRAW}&size=5"),
        format!("/v1/artist/{}/track", artist(3)),
        "/v1/track?ids=a&market=de".to_owned(),
        "/v1/unknown".to_owned(),
        "/v1/track?ids=%zz".to_owned(),
        tracks((0..501).map(spotify)),
    ]
}

#[rstest]
#[case::cold(false)]
#[case::warm(true)]
#[tokio::test(start_paused = true)]
async fn an_explanation_leaves_no_trace(#[case] warm: bool) {
    let world = World::lifted();
    if warm {
        for target in all_sorts().iter().filter(|target| !target.contains("unknown")) {
            world.get(target).await;
        }
        world.settled().await;
    }
    for target in all_sorts() {
        let before = world.traces();
        world.explain(&target).await;
        tokio::task::yield_now().await;
        assert_eq!(world.traces(), before, "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_disk_is_told_from_there_and_stays_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let disk = Some(DiskSettings { path: folder.path().join("cache.redb"), max_bytes: 1 << 30 });
        let cache = cache::Settings { disk, ..cache::Settings::default() };
        let world = World::with(&Settings { budget: lifted(), cache, ..Settings::default() });
        assert!(world.engine.settled(60 * SECOND));
        world
    };
    let targets = [tracks([spotify(1), spotify(50_001)]), draws([1], &[]), draws([40_001], &[])];
    let first = start();
    for target in &targets {
        first.get(target).await;
    }
    assert!(first.engine.close(60 * SECOND));
    let second = start();
    for target in &targets {
        let before = second.traces();
        let told = second.explain(target).await;
        assert_eq!(second.traces(), before, "{target}");
        assert_eq!(told.upstream.calls, 0, "{target}: {told:?}");
        let tiers = told.items.iter().flat_map(|item| &item.tiers);
        assert!(tiers.clone().all(|holding| holding.tier == "disk" && holding.state == State::Fresh));
        assert_eq!(tiers.count() + usize::from(told.denial.is_some()), told.items.len(), "{target}");
    }
    assert!(second.engine.close(60 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn each_id_is_told_with_what_is_held_of_it() {
    let world = World::lifted();
    world.get(&tracks([spotify(1)])).await;
    advance(31 * DAY).await;
    world.get(&tracks([spotify(2), spotify(50_001)])).await;
    let told = world.explain(&tracks([track(1), spotify(2), spotify(50_001), spotify(4)])).await;
    let verdicts: Vec<Verdict> = told.items.iter().map(|item| item.verdict).collect();
    assert_eq!(verdicts, [Verdict::Stale, Verdict::Fresh, Verdict::MissingMark, Verdict::Absent]);
    assert_eq!(told.items[0].key, Some(format!("track:{}", track(1))));
    assert_eq!(told.items[0].tiers[0].age_seconds / DAY.as_secs(), 31);
    assert!(told.items[0].tiers[0].fresh_seconds_left.is_some_and(|left| left <= 0));
    assert_eq!(told.items[2].category, "missing");
    assert!(told.items[3].tiers.is_empty());
    assert_eq!((told.kind, told.endpoint.as_deref()), (Kind::Rows, Some("/v1/track")));
    assert_eq!((told.upstream.calls, told.upstream.ids), (1, 2));
    assert_eq!(told.upstream.requests, [format!("GET {}", tracks([spotify(4), track(1)]))]);
    assert_eq!(told.upstream.lane.as_deref(), Some("interactive"));
}

#[tokio::test(start_paused = true)]
async fn a_repair_is_named_and_the_repaired_request_explained() {
    let world = World::new();
    let told = world.explain(&draws([1, 1, 2], &[2, 3])).await;
    let kinds: Vec<&str> = told.repairs.iter().map(|repair| repair.kind.as_str()).collect();
    assert_eq!(kinds, ["repeated", "overlap"]);
    assert_eq!(
        told.request,
        format!(
            "/v1/track/recommendation?negativeSeeds={}&seeds={},{}&size=5",
            spotify(3),
            spotify(1),
            spotify(2)
        )
    );
    assert_eq!(told.upstream.requests, [format!("GET {}", told.request)]);
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_told_with_its_reason_and_what_is_answered_instead() {
    let world = World::lifted();
    world.upstream.script("negativeSeeds", usize::MAX, BLAMED);
    let target = draws([1, 2, 3], &[9]);
    assert_eq!(world.get(&target).await.status, 200);
    advance(60 * SECOND).await;
    let told = world.explain(&target).await;
    let denial = told.denial.expect("denied");
    assert_eq!((denial.reason.as_str(), denial.exempt), ("too many negative seeds", false));
    assert!((60..70).contains(&denial.age_seconds), "{}", denial.age_seconds);
    assert!(denial.answered_instead.is_some_and(|instead| !instead.contains("negativeSeeds")));
    assert_eq!((told.answer, told.upstream.calls), (Answered::Hit, 0));

    let text = crate::engine::named(&target).expect("a request").key;
    world.engine.denials().exempt().add(&text).await.expect("room");
    let told = world.explain(&target).await;
    assert!(told.denial.is_some_and(|denial| denial.exempt));
    assert_eq!((told.answer, told.upstream.calls), (Answered::Miss, 1));
}

#[tokio::test(start_paused = true)]
async fn the_wait_told_is_the_wait_that_follows() {
    let world = World::new();
    let _busy: Vec<_> =
        (0..3).map(|n| world.spawn(&format!("/v1/artist/search?searchText=some{n}"), client(n))).collect();
    sleep(Duration::from_millis(10)).await;
    let target = draws([1], &[]);
    let told = world.explain(&target).await.upstream.projected_wait_seconds.expect("some time");
    let asked = Instant::now();
    world.ask(&target, &client(9)).await;
    let started = world.upstream.seen().last().expect("called").at - asked;
    assert!((started.as_secs_f64() - told).abs() < 0.02, "{told} told, {started:?} waited");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_upstream_and_a_used_up_budget_are_told_before_they_refuse() {
    let world = World::lifted();
    world.upstream.script("", usize::MAX, Act::Status(503));
    for n in 0..5 {
        world.get(&draws([n], &[])).await;
    }
    let told = world.explain(&draws([9], &[])).await;
    assert_eq!((told.answer, told.upstream.would_be_refused), (Answered::Suspended, true));
    assert_eq!(world.get(&draws([9], &[])).await.status, 503);

    let world = World::new();
    world.engine.passed(StatusCode::TOO_MANY_REQUESTS, Some(100 * SECOND));
    let told = world.explain(&draws([9], &[])).await;
    assert_eq!((told.answer, told.upstream.would_be_refused), (Answered::Budget, true));
    assert_eq!(told.upstream.budget.hold_seconds.map(f64::round), Some(100.0));
    assert_eq!(world.get(&draws([9], &[])).await.status, 429);
}

/// Written by Spotify id or not; some unknown upstream, some malformed.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..50_u32).prop_map(spotify),
        3 => (0..50_u32).prop_map(track),
        1 => (0..8_u32).prop_map(|n| spotify(50_000 + n)),
        1 => (0..3_u32).prop_map(|n| format!("malformed.{n}")),
    ]
}

fn target() -> impl Strategy<Value = String> {
    let seeds = || prop::collection::vec(prop_oneof![9 => 0..12_u32, 1 => 40_000..40_004_u32], 1..7);
    prop_oneof![
        4 => prop::collection::vec(id(), 1..100).prop_map(tracks),
        2 => prop::collection::vec(id(), 1..60).prop_map(features),
        1 => (0..50_u32).prop_map(|n| format!("/v1/track/{}", track(n))),
        1 => (0..50_u32).prop_map(|n| format!("/v1/track/{}/audio-features", spotify(n))),
        3 => (seeds(), prop::collection::vec(0..12_u32, 0..4)).prop_map(|(seeds, no)| draws(seeds, &no)),
        1 => (0..4_u32).prop_map(|n| format!("/v1/artist/{}/track", artist(n))),
        1 => (0..4_u32).prop_map(|n| format!("/v1/artist/{}/track?size=25", artist(n))),
        1 => prop::sample::select(vec!["a", "some", "nothing"])
            .prop_map(|text| format!("/v1/track/search?searchText={text}")),
        1 => (0..4_u32).prop_map(|n| format!("/v1/track?ids={}&market=de", track(n))),
        1 => Just(tracks((0..501).map(spotify))),
        1 => Just(DRAW.to_owned()),
        1 => Just("/v1/track?ids=%zz".to_owned()),
    ]
}

fn expected(answer: &Answer, told: &Explanation) -> Answered {
    match answer.outcome {
        Outcome::Hit => Answered::Hit,
        Outcome::Stale => Answered::Stale,
        Outcome::Partial => Answered::Partial,
        Outcome::Miss => Answered::Miss,
        Outcome::Collapsed => Answered::Collapsed,
        Outcome::Denied if answer.cache_status.contains("rule") => Answered::Rule,
        Outcome::Denied if answer.cache_status.contains("malformed") => Answered::Malformed,
        Outcome::Denied => Answered::Denied,
        Outcome::Refused => Answered::Budget,
        Outcome::Error => Answered::Suspended,
        Outcome::Pass => panic!("not asked: {told:?}"),
    }
}

async fn compare(steps: Vec<(u64, String)>) -> Result<(), TestCaseError> {
    let world = World::lifted();
    world.upstream.script("negativeSeeds", 2, BLAMED);
    for (hours, target) in steps {
        advance(Duration::from_hours(hours)).await;
        let told = world.explain(&target).await;
        let before = world.upstream.calls();
        let answer = world.get(&target).await;
        world.settled().await;
        let seen = world.upstream.seen().split_off(before);
        let how = format!("{target}\n{told:?}\n{}\n{seen:?}", answer.cache_status);
        // Whoever is refused is tried with less, which depends on what the upstream says.
        let tried = seen.len() > 1 && target.starts_with(DRAW);
        if tried {
            prop_assert!(told.upstream.calls >= 1, "{}", how);
            prop_assert_eq!(
                told.upstream.requests[0].strip_prefix("GET "),
                Some(seen[0].target.as_str()),
                "{}",
                how
            );
            continue;
        }
        let refused_now = seen.len() == 1 && answer.status == 400;
        if !refused_now {
            prop_assert_eq!(told.answer, expected(&answer, &told), "{}", how);
        }
        prop_assert_eq!(told.upstream.calls, seen.len(), "{}", how);
        let by_ids = matches!(told.kind, Kind::Rows | Kind::Row);
        let ids = seen.iter().filter(|_| by_ids).map(|seen| seen.ids.len()).sum::<usize>();
        prop_assert_eq!(told.upstream.ids, ids, "{}", how);
        let ids = |target: &str| target.split(['=', ',']).map(str::to_owned).collect::<BTreeSet<_>>();
        let asked: BTreeSet<_> = seen.iter().flat_map(|seen| ids(&seen.target)).collect();
        let foretold: BTreeSet<_> = told.upstream.requests.iter().flat_map(|call| ids(&call[4..])).collect();
        prop_assert_eq!(foretold, asked, "{}", how);
        let denied = told.denial.as_ref().is_some_and(|denial| !denial.exempt);
        prop_assert!(denied || told.answer != Answered::Denied, "{}", how);
    }
    Ok(())
}

/// Hours that pass before a request: mostly none, at times enough for searches or tracks to be stale.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![40 => Just(0), 2 => Just(25), 1 => Just(31 * 24)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_told_is_what_happens(steps in prop::collection::vec((pause(), target()), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(compare(steps))?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_fetches_is_told_as_that() {
    let world = World::new();
    let first = world.spawn(&tracks((0..10).map(spotify)), client(1));
    sleep(Duration::from_millis(50)).await;
    let told = world.explain(&tracks((5..12).map(spotify))).await;
    assert_eq!((told.upstream.in_flight_already, told.upstream.ids, told.upstream.calls), (5, 2, 1));
    let told = world.explain(&tracks((5..10).map(spotify))).await;
    assert_eq!((told.answer, told.upstream.calls), (Answered::Collapsed, 0));
    let second = world.ask(&tracks((5..10).map(spotify)), &client(2)).await;
    assert_eq!(second.outcome, Outcome::Collapsed);
    first.await.expect("no panic");
    world.settled().await;
    assert_eq!(world.upstream.calls(), 1);
}
