use std::time::Duration;

use rstest::rstest;
use tokio::time::Instant;

use super::*;
use crate::recobeat::testing::Method;

const MOODS: [&str; 10] = [
    "happy and energetic",
    "calm and relaxing",
    "focus and concentration",
    "workout motivation",
    "sad and melancholy",
    "romantic and intimate",
    "party vibes",
    "chill evening",
    "morning energy",
    "late night vibes",
];

#[rstest]
#[case::happy(MOODS[0])]
#[case::calm(MOODS[1])]
#[case::focus(MOODS[2])]
#[case::workout(MOODS[3])]
#[case::sad(MOODS[4])]
#[case::romantic(MOODS[5])]
#[case::party(MOODS[6])]
#[case::chill(MOODS[7])]
#[case::morning(MOODS[8])]
#[case::late(MOODS[9])]
#[tokio::test(start_paused = true)]
async fn a_popular_mood_makes_a_list_of_its_size_within_the_calls(#[case] mood: &str) {
    let fake = Arc::new(Fake::new());
    let done = Bench::new().run(&fake, MoodRequest::of(mood)).await.expect("a list");
    let target = done.metadata["target_count"].as_u64().unwrap();
    assert!((17..=22).contains(&target));
    // A small world: each kind of music has five artists, and an artist has two places in a list.
    let count = done.recommendations.len() as u64;
    assert!((16..=target).contains(&count), "{count} of {target}: {:#}", done.metadata);
    assert_eq!(done.metadata["shortfall"].as_u64(), Some(target - count));
    assert_eq!(done.metadata["partial"], serde_json::json!(false), "a short list is no failure");
    assert!(fake.requests() <= 24, "{} requests", fake.requests());
}

#[tokio::test(start_paused = true)]
async fn the_order_of_answers_does_not_matter() {
    for mood in MOODS {
        let fake = Arc::new(Fake::new());
        let first = list(&fake, MoodRequest::of(mood)).await;
        // What came first comes last.
        for (place, method) in Method::ALL.into_iter().enumerate() {
            fake.delay(method, Duration::from_millis(900 - 100 * place as u64));
        }
        assert_eq!(bytes(&first), bytes(&list(&fake, MoodRequest::of(mood)).await), "{mood}");
    }
}

#[tokio::test(start_paused = true)]
async fn strategies_one_after_another_give_the_same_list() {
    let fake = Arc::new(Fake::new());
    let at_once = list(&fake, MoodRequest::of(MOODS[1])).await;
    let bench = Bench::with(|parts| parts.run.parallel_strategies = false);
    let in_turn = bench.run(&fake, MoodRequest::of(MOODS[1])).await.expect("a list").recommendations;
    assert_eq!(bytes(&at_once), bytes(&in_turn));
}

#[tokio::test(start_paused = true)]
async fn strategies_run_at_the_same_time() {
    let fake = Arc::new(Fake::new());
    fake.delay_all(Duration::from_secs(1));
    let began = Instant::now();
    list(&fake, MoodRequest::of(MOODS[1])).await;
    // Searches, their features, rows, features; perhaps more searches and one round more.
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert!((2..=8).contains(&fake.most_at_once()), "{}", fake.most_at_once());
}

#[tokio::test(start_paused = true)]
async fn statuses_never_fall_and_steps_are_told() {
    let bench = Bench::new();
    bench.run(&Arc::new(Fake::new()), MoodRequest::of(MOODS[0])).await.expect("a list");
    let steps = bench.steps();
    assert!(steps.is_sorted_by_key(|(status, _)| status.order()), "{steps:?}");
    assert!(steps.iter().all(|(status, step)| step.starts_with(status.name())));
    let texts: Vec<&str> = steps.iter().map(|(_, step)| step.as_str()).collect();
    assert!(texts.contains(&"generating_recommendations_artists_3_5"), "{texts:?}");
    assert_eq!(bench.heard.moods.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_metadata_has_what_the_interface_promises() {
    let fake = Arc::new(Fake::new());
    fake.delay_all(Duration::from_millis(500));
    let done = Bench::new().run(&fake, MoodRequest::of(MOODS[4])).await.expect("a list");
    let metadata = &done.metadata;
    assert_eq!(metadata["seed_gathering_timing"].as_object().unwrap().len(), 7);
    assert!(metadata["seed_gathering_timing"]["total_time_seconds"].as_f64().unwrap() >= 1.0);
    assert!(metadata["orchestration_timings"]["initial_generation"].as_f64().unwrap() >= 1.0);
    assert!(metadata["step_timings"]["orchestration"].as_f64().unwrap() >= 1.0);
    assert!(metadata["total_duration"].as_f64().unwrap() >= 2.0);
    assert!(metadata["quality"]["overall"].as_f64().unwrap() > 0.5);
    for name in ["artist_discovery", "seed_based"] {
        assert!(metadata["strategies"][name]["found"].as_u64().unwrap() > 0, "{metadata:#}");
    }
    assert_eq!(metadata["unresolved_mentions"], serde_json::json!([]));
    let features = |name: &str| metadata["features"][name].as_u64().unwrap();
    assert_eq!(features("asked"), features("found") + features("defaults"));
}

#[test]
fn a_run_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let bench = Bench::new();
    is_send(bench.run(&Arc::new(Fake::new()), MoodRequest::of("calm")));
}
