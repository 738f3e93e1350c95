//! Warm jobs: what they ask, whom they let go first, and how they end.

use futures_util::StreamExt;
use http::StatusCode;
use tokio::time::advance;

use super::catalogue::{spotify, track};
use super::*;
use crate::api::RowKind;
use crate::engine::warm::{Busy, EventKind, Job, Order, Outcome, read_id, read_url};
use crate::upstream::CallError;
use scripted::Act;

const BOTH: [RowKind; 2] = [RowKind::Track, RowKind::Features];

fn order(ids: impl IntoIterator<Item = String>, kinds: &[RowKind], urls: &[&str]) -> Order {
    let ids = ids.into_iter().map(|id| read_id(&id).expect("an id")).collect();
    let urls = urls.iter().map(|url| read_url(url).expect("a URL")).collect();
    Order::new(ids, kinds, urls)
}

impl World {
    async fn warm(&self, order: Order) -> Arc<Job> {
        self.engine.warm(order).await.expect("a place")
    }

    /// Warms to the end.
    async fn warmed(&self, order: Order) -> Arc<Job> {
        let job = self.warm(order).await;
        self.ended(&job).await;
        job
    }

    async fn ended(&self, job: &Job) {
        let events = tokio::time::timeout(30 * DAY, job.events(0).collect::<Vec<_>>());
        let events = events.await.expect("the job ends");
        assert_eq!(events.last().map(|event| event.kind), Some(EventKind::Done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_asks_what_is_missing_in_full_calls_and_no_more() {
    let world = World::lifted();
    world.get(&tracks((0..30).map(spotify))).await;
    let ids = (0..200).map(spotify).chain([spotify(50_001)]);
    let urls = ["/v1/artist/search?searchText=some", "/v1/artist/search?searchText=some&page=0"];
    let ordered = order(ids, &BOTH, &urls);
    let plan = world.engine.estimate(&ordered).await;
    assert_eq!((plan.total, plan.held, plan.missing_marks, plan.wanted), (403, 30, 0, 373));
    // 171 tracks, 201 features, one search.
    assert_eq!(plan.calls, 5 + 6 + 1);
    let before = world.upstream.calls();
    let job = world.warmed(ordered.clone()).await;
    let tally = job.tally();
    assert_eq!(job.outcome(), Some(Outcome::Complete));
    assert_eq!((tally.done, tally.held, tally.fetched, tally.missing, tally.failed), (403, 30, 371, 2, 0));
    assert_eq!((tally.calls, world.upstream.calls() - before), (12, 12));
    assert_eq!(world.engine.metrics().lookups(crate::cache::Category::Track, "hit"), 0, "no client asked");

    let again = world.warmed(ordered).await.tally();
    assert_eq!((again.calls, again.held, again.missing), (0, 401, 2));
    assert_eq!(world.upstream.calls() - before, 12);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_renewed_and_what_is_fresh_is_not() {
    let world = World::lifted();
    world.get(&tracks((0..40).map(spotify))).await;
    advance(31 * DAY).await;
    world.get(&tracks((40..80).map(spotify))).await;
    let tally = world.warmed(order((0..80).map(track), &[RowKind::Track], &[])).await.tally();
    assert_eq!((tally.held, tally.fetched, tally.calls), (40, 40, 1));
    let told = world.get(&tracks((0..80).map(track))).await;
    assert_eq!(told.outcome, crate::telemetry::Outcome::Hit);
}

#[tokio::test(start_paused = true)]
async fn a_person_waits_at_most_one_gap_longer_for_a_job_of_ten_thousand() {
    let world = World::new();
    let gap = Settings::default().budget.min_interval;
    let job = world.warm(order((0..10_000).map(spotify), &[RowKind::Track], &[])).await;
    for n in 0..20 {
        sleep(5 * SECOND + n * Duration::from_millis(130)).await;
        let asked = Instant::now();
        let target = format!("/v1/artist/search?searchText=some{n}");
        assert_eq!(world.get(&target).await.status, 200);
        let seen = world.upstream.seen();
        let call = seen.iter().find(|seen| seen.target == target).expect("asked");
        assert!(call.at - asked <= gap, "{:?} at request {n}", call.at - asked);
    }
    assert_eq!(job.outcome(), None, "it still runs");
    assert!(job.tally().fetched >= 2_000, "it goes on between people: {:?}", job.tally());
    assert!(world.in_the_air() <= 8 * 40, "{}", world.in_the_air());
    job.cancel();
    world.ended(&job).await;
}

#[tokio::test(start_paused = true)]
async fn slow_calls_of_a_job_leave_a_slot_to_people() {
    let world =
        World::with(&Settings { budget: Limits { max_in_flight: 3, ..lifted() }, ..Settings::default() });
    world.upstream.script("ids=", usize::MAX, Act::Slow(30 * SECOND));
    let job = world.warm(order((0..1_000).map(spotify), &[RowKind::Track], &[])).await;
    sleep(SECOND).await;
    let asked = Instant::now();
    world.get("/v1/artist/search?searchText=some").await;
    assert!(asked.elapsed() <= LATENCY + Duration::from_millis(20), "{:?}", asked.elapsed());
    job.cancel();
    world.ended(&job).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_keeps_what_it_has_and_the_next_one_asks_for_the_rest() {
    let world = World::new();
    let ordered = order((0..2_000).map(spotify), &[RowKind::Track], &[]);
    let first = world.warm(ordered.clone()).await;
    sleep(20 * SECOND).await;
    first.cancel();
    world.ended(&first).await;
    assert_eq!(first.outcome(), Some(Outcome::Cancelled));
    world.settled().await;
    let known = world.upstream.asked().len();
    assert!((400..1_600).contains(&known), "{known}");
    let second = world.warmed(ordered).await;
    assert_eq!((second.outcome(), second.tally().held), (Some(Outcome::Complete), known));
    let mut asked = world.upstream.asked();
    asked.sort();
    assert_eq!(
        asked,
        {
            let mut all: Vec<_> = (0..2_000).map(spotify).collect();
            all.sort();
            all
        },
        "each once"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_once_more_at_the_end_and_then_named() {
    let world = World::lifted();
    let garbage = Act::Say(200, "application/json", "{}");
    world.upstream.script("ids=", 1, garbage.clone());
    let job = world.warmed(order((0..120).map(spotify), &[RowKind::Track], &[])).await;
    assert_eq!((job.outcome(), job.tally().fetched), (Some(Outcome::Complete), 120));

    world.upstream.script("searchText=bad", 2, garbage);
    let urls = ["/v1/artist/search?searchText=bad", "/v1/artist/search?searchText=good"];
    let job = world.warmed(order([], &BOTH, &urls)).await;
    assert_eq!((job.outcome(), job.tally().failed, job.tally().fetched), (Some(Outcome::Incomplete), 1, 1));
    let failures = job.status().failures;
    assert_eq!(failures[0].item, urls[0]);
    assert_eq!(failures[0].reason, "the upstream's answer is unusable");
}

#[tokio::test(start_paused = true)]
async fn holds_and_outages_are_waited_out() {
    let world = World::lifted();
    world.upstream.script("", 7, Act::Throttle(Some(60)));
    let job = world.warmed(order((0..400).map(spotify), &[RowKind::Track], &[])).await;
    assert_eq!((job.outcome(), job.tally().fetched), (Some(Outcome::Complete), 400));

    world.upstream.script("", 90, Act::Fail(CallError::Connect("refused".into())));
    let job = world.warm(order((400..4_000).map(spotify), &[RowKind::Track], &[])).await;
    sleep(40 * SECOND).await;
    let waiting = job.status().progress["waiting"].to_string();
    assert!(waiting.contains("suspended"), "{waiting}");
    world.ended(&job).await;
    assert_eq!((job.outcome(), job.tally().fetched), (Some(Outcome::Complete), 3_600));
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_and_can_be_read_again() {
    let world = World::new();
    let job = world.warm(order((0..400).map(spotify), &[RowKind::Track], &[])).await;
    let plan: Vec<_> = job.events(0).take(1).collect().await;
    assert_eq!((plan[0].kind, plan[0].data["calls"].as_u64()), (EventKind::Plan, Some(10)));
    assert_eq!(plan[0].data["seconds"].as_u64(), Some(6), "nine gaps of 0.75 s");
    let progress: Vec<_> = job.events(plan[0].id).take(3).collect().await;
    assert!(progress.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert!(progress.iter().all(|event| event.kind == EventKind::Progress));
    world.ended(&job).await;
    let rest: Vec<_> = job.events(progress[2].id).collect().await;
    let done = &rest.last().expect("the end").data;
    assert_eq!((done["outcome"].as_str(), done["fetched"].as_u64()), (Some("complete"), Some(400)));
    assert_eq!(job.events(u64::MAX).collect::<Vec<_>>().await, rest[rest.len() - 1..]);
}

#[tokio::test(start_paused = true)]
async fn two_jobs_run_at_once_and_ten_ended_ones_are_remembered() {
    let world = World::new();
    let one = |n: u32| order((n * 100..n * 100 + 100).map(spotify), &[RowKind::Track], &[]);
    let first = world.warm(one(0)).await;
    let second = world.warm(one(1)).await;
    assert_eq!(world.engine.warm(one(2)).await.err(), Some(Busy));
    world.ended(&first).await;
    world.ended(&second).await;
    for n in 2..14 {
        world.warmed(one(n)).await;
    }
    assert_eq!(world.engine.jobs().list().len(), 10);
    assert!(world.engine.jobs().get(first.id()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_recommendation_is_warmed_as_it_would_be_asked_and_a_refused_one_is_named() {
    let world = World::lifted();
    let surplus = format!("/v1/track/recommendation?size=5&seeds={}", joined((0..6).map(spotify)));
    let refused = format!("/v1/track/recommendation?size=5&seeds={}", spotify(40_001));
    let job = world.warmed(order([], &BOTH, &[&surplus, &refused])).await;
    assert_eq!((job.tally().fetched, job.tally().failed), (1, 1));
    let calls = world.upstream.calls();
    assert_eq!(world.get(&surplus).await.status, 200);
    assert_eq!(world.get(&refused).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.upstream.calls(), calls);
    assert_eq!(world.warmed(order([], &BOTH, &[&surplus, &refused])).await.tally().held, 2);
}
