use super::slow;
use crate::harness::Setup;
use crate::harness::recommender::{MOODS, Scene, Terms, list};
use crate::row::{Seen, ms};
use recobeat_sim::Latency;
use serde_json::json;
use std::time::Duration;

const WAITING: &str = "/api/agents/recommendations/start?wait=60";
const ROUNDS: usize = 3;

pub(super) async fn without_mood_cache() -> Seen {
    again(&Terms::lifted().without_mood_cache(), Duration::from_millis(300)).await
}

pub(super) async fn with_mood_cache() -> Seen {
    again(&Terms::lifted(), Duration::from_millis(20)).await
}

/// What is warm is warm, however fast it became so: the first time costs nothing here.
async fn again(terms: &Terms, limit: Duration) -> Seen {
    let mut seen = Seen::default();
    let scene = slow(&Setup::lifted(), terms).await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::None);
    let mut first = Vec::new();
    for mood in MOODS {
        first.push(scene.caller("ann").make_mood(mood).await["recommendations"].clone());
    }
    scene.quiet(super::SILENCE).await;
    scene.sim.settings(|behaviour| behaviour.latency = super::HALF_A_SECOND);
    scene.sim.clear_log();
    for user in ["ann", "ben", "eve"].into_iter().take(ROUNDS) {
        let before = scene.counted().await;
        let (mut times, mut different) = (Vec::new(), 0);
        for (mood, first) in MOODS.iter().zip(&first) {
            let answer = timed(&scene, user, mood).await;
            different += usize::from(answer.1 != *first);
            times.push((answer.0, *mood));
        }
        times.sort_unstable();
        let (slowest, mood) = times[times.len() - 1];
        let middle = times[times.len() / 2].0;
        let asked = (scene.counted().await - before).all;
        seen.must(
            slowest < limit,
            format!("{user}: middle {}, slowest {} ({mood}), {asked} requests", ms(middle), ms(slowest)),
        );
        seen.must(different == 0, format!("{different} other lists"));
    }
    let calls = scene.calls().len();
    seen.must(calls == 0, format!("{calls} upstream calls"));
    seen
}

/// One request that waits for the list.
async fn timed(scene: &Scene, user: &str, mood: &str) -> (Duration, serde_json::Value) {
    let answer = scene.caller(user).post(WAITING, &json!({ "mood_prompt": mood })).await;
    let results = answer.json();
    assert!(!list(&results, "recommendations").is_empty(), "{mood}: {}", answer.brief());
    (answer.took, results["recommendations"].clone())
}
