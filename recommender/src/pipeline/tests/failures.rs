use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::model::{FeaturesSource, Source};
use crate::recobeat::CallError;
use crate::recobeat::testing::Method;

const MOOD: &str = "calm and relaxing";
const FAILED: CallError = CallError::Failed { status: 500 };
const FOREVER: Duration = Duration::from_secs(100_000);

fn prompt() -> MoodRequest {
    MoodRequest::of(MOOD)
}

fn error<'a>(done: &'a Finished, strategy: &str) -> &'a str {
    done.metadata["strategies"][strategy]["error"].as_str().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn one_strategy_that_fails_leaves_the_others_and_the_reason() {
    let fake = Arc::new(Fake::new());
    fake.fail(Method::Recommend, FAILED);
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    assert!(done.recommendations.len() >= 8, "{}", done.recommendations.len());
    assert!(done.recommendations.iter().all(|one| one.source != Source::Reccobeat));
    assert!(error(&done, "seed_based").contains("500"), "{:#}", done.metadata);
    assert_eq!(done.metadata["partial"], json!(true));
}

#[tokio::test(start_paused = true)]
async fn two_strategies_that_fail_leave_what_searches_have_found() {
    let fake = Arc::new(Fake::new());
    fake.fail(Method::Recommend, FAILED);
    fake.fail(Method::ArtistTracks, FAILED);
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    // All that a small world has: five artists whose titles speak of the mood, two places each.
    assert!(done.recommendations.len() >= 10, "{:#}", done.metadata);
    assert!(done.recommendations.iter().all(|one| one.source == Source::Fallback));
    assert!(!error(&done, "artist_discovery").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_strategy_that_hangs_ends_at_its_limit() {
    let fake = Arc::new(Fake::new());
    fake.delay(Method::Recommend, FOREVER);
    let began = Instant::now();
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    // The draws of the strategy, then those of an improvement round, to the end of the run.
    assert!(began.elapsed() <= Duration::from_secs(121), "{:?}", began.elapsed());
    assert!(done.recommendations.len() >= 8);
    assert!(error(&done, "seed_based").contains("no answer within 60 s"), "{:#}", done.metadata);
}

#[tokio::test(start_paused = true)]
async fn features_that_hang_leave_tracks_on_defaults() {
    let fake = Arc::new(Fake::new());
    fake.delay(Method::Features, FOREVER);
    let began = Instant::now();
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    assert!(began.elapsed() <= Duration::from_secs(121), "{:?}", began.elapsed());
    assert!(done.recommendations.len() >= 16, "{}", done.recommendations.len());
    assert!(done.recommendations.iter().all(|one| one.features_source == FeaturesSource::Default));
    assert_eq!(done.metadata["partial"], json!(true));
}

#[tokio::test(start_paused = true)]
async fn without_any_features_there_is_a_list_and_no_error() {
    let fake = Arc::new(Fake::without_features());
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    assert!(done.recommendations.len() >= 16, "{:#}", done.metadata);
    assert!(done.recommendations.iter().all(|one| one.features_source == FeaturesSource::Default));
    assert_eq!(done.metadata["strategies"]["seed_based"]["error"], json!(null));
    assert_eq!(done.metadata["features"]["found"], json!(0));
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_down_is_told_at_once() {
    let fake = Arc::new(Fake::new());
    fake.fail_all(&CallError::Unreachable("connection refused".into()));
    let began = Instant::now();
    let failure = Bench::new().run(&fake, prompt()).await.expect_err("no track");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(failure.reason.contains("the proxy cannot be reached: connection refused"), "{failure}");
    assert_eq!(failure.metadata["partial"], json!(true));
    assert!(fake.calls().len() <= 6, "{} calls to nobody", fake.calls().len());
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_hangs_is_given_up_at_the_limit() {
    let fake = Arc::new(Fake::new());
    fake.delay_all(FOREVER);
    let began = Instant::now();
    let failure = Bench::new().run(&fake, prompt()).await.expect_err("no track");
    assert!(began.elapsed() <= Duration::from_secs(61), "{:?}", began.elapsed());
    assert!(failure.reason.contains("no answer within 60 s"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn slow_answers_end_with_the_run() {
    let fake = Arc::new(Fake::new());
    fake.delay_all(Duration::from_secs(25));
    let began = Instant::now();
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    assert!(began.elapsed() <= Duration::from_secs(120), "{:?}", began.elapsed());
    assert!(!done.recommendations.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_when_a_run_is_dropped() {
    let fake = Arc::new(Fake::new());
    fake.delay_all(Duration::from_secs(1));
    let bench = Bench::new();
    let cut = timeout(Duration::from_millis(3_500), bench.run(&fake, prompt())).await;
    assert!(cut.is_err());
    let asked = fake.calls().len();
    sleep(Duration::from_secs(300)).await;
    assert_eq!(fake.calls().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn an_empty_catalogue_fails_with_words() {
    let failure = Bench::new().run(&Arc::new(Fake::empty()), prompt()).await.expect_err("no track");
    assert_eq!(failure.reason, "no track was found for this request");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_too_short_is_filled_from_a_held_one() {
    struct Held(Vec<Recommendation>);
    #[async_trait]
    impl crate::pipeline::HeldMoods for Held {
        async fn nearest(&self, _mood: &crate::model::Mood) -> Vec<Recommendation> {
            self.0.clone()
        }
    }
    let fake = Arc::new(Fake::new());
    let near = list(&fake, MoodRequest::of("chill evening")).await;
    fake.fail(Method::Recommend, FAILED);
    fake.fail(Method::ArtistTracks, FAILED);
    let bench = Bench::new();
    let input = |held| Input {
        session: Uuid::nil(),
        user: "anna".into(),
        request: MoodRequest::of("zzz"),
        catalogue: fake.clone(),
        deadline: Duration::from_secs(120),
        held,
        progress: bench.heard.clone(),
    };
    let short = bench.pipeline.run(input(Arc::new(NothingHeld))).await;
    let filled = bench.pipeline.run(input(Arc::new(Held(near)))).await.expect("a list");
    let short = short.map_or(0, |done| done.recommendations.len());
    assert!(filled.recommendations.len() >= short.max(1));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_does_not_win_leaves_the_list_as_it_was() {
    let mut negatives = 0;
    for prompt in ["acoustic party", "sad party", "instrumental rap", "indie workout", "live focus"] {
        let fake = Arc::new(Fake::new());
        let request = MoodRequest { quality_threshold: Some(1.0), ..MoodRequest::of(prompt) };
        let without = Bench::with(|parts| (parts.run.rounds, parts.run.max_calls) = (0, 20));
        let before = without.run(&fake, request.clone()).await.expect("a list");
        let draws = fake.count(Method::Recommend);
        // All that a round would ask fails.
        (0..draws).for_each(|_| fake.next(Method::Recommend, None));
        fake.fail(Method::Recommend, FAILED);
        let after = Bench::new().run(&fake, request).await.expect("a list");
        let rounds = after.metadata["improvements"].to_string();
        negatives += usize::from(rounds.contains("filter_and") || rounds.contains("reseed"));
        let overall = |done: &Finished| done.metadata["quality"]["overall"].as_f64().unwrap();
        let better = overall(&after) > overall(&before);
        assert!(better || bytes(&after.recommendations) == bytes(&before.recommendations), "{prompt}");
    }
    assert!(negatives > 0, "no round had negatives");
}
