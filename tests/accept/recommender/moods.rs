use super::{SILENCE, seconds, slow};
use crate::harness::Setup;
use crate::harness::recommender::{MOODS, Terms, list};
use crate::row::Seen;
use serde_json::json;
use std::time::{Duration, Instant};

/// Requests of one run that may cost the proxy a call.
const MOST: u64 = 24;

pub(super) async fn cold() -> Seen {
    let mut seen = Seen::default();
    let scene = slow(&Setup::default_limits(), &Terms::default_limits()).await;
    let ann = scene.caller("ann");
    let mut lasted = Duration::ZERO;
    for mood in MOODS {
        let (before, calls_before) = (scene.counted().await, scene.calls().len());
        let begun = Instant::now();
        let waiting = "/api/agents/recommendations/start?wait=95";
        let results = ann.post(waiting, &json!({ "mood_prompt": mood })).await.json();
        let took = begun.elapsed();
        lasted += took;
        let own = scene.counted().await - before;
        let calls = scene.calls().len() - calls_before;
        scene.quiet(SILENCE).await;
        let after = scene.counted().await - before - own;
        let calls_after = scene.calls().len() - calls_before - calls;
        let told = &results["metadata"]["calls"];
        let tracks = list(&results, "recommendations").len();
        let good = results["status"] == "completed" && tracks >= 16 && own.not_hits() <= MOST;
        seen.must(
            good,
            format!(
                "{mood}: {} {tracks} tracks, {}, {} requests of which {} no hits, {calls} calls; it says {}, {}, \
                 {}; read ahead after it: {} no hits, {calls_after} calls",
                results["status"].as_str().unwrap_or("?"),
                seconds(took),
                own.all,
                own.not_hits(),
                told["requests"],
                told["misses"],
                told["upstream_calls"],
                after.not_hits(),
            ),
        );
        if results["metadata"]["partial"] == true {
            seen.note(results["metadata"]["partial_reasons"].to_string());
        }
    }
    seen.note(format!("in all {}, {} calls", seconds(lasted), scene.calls().len()));
    let stats = scene.sim.stats();
    seen.must(stats.max_in_60s <= 80, format!("at most {} in any 60 s", stats.max_in_60s));
    seen
}
