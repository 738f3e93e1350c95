use super::{seconds, slow};
use crate::harness::Setup;
use crate::harness::recommender::{MOODS, Terms, list};
use crate::row::Seen;
use std::time::{Duration, Instant};

/// Requests of one run that may cost the proxy a call.
const MOST: u64 = 24;

pub(super) async fn cold() -> Seen {
    let mut seen = Seen::default();
    // Looking every 1.5 s keeps within 60 looks a minute.
    let scene = slow(&Setup::default_limits(), &Terms::default_limits()).await;
    let ann = scene.caller("ann").looking_every(Duration::from_millis(1_500));
    let begun = Instant::now();
    let (mut calls_before, mut asked) = (0, 0);
    for mood in MOODS {
        let (before, start) = (scene.counted().await, Instant::now());
        let session = ann.start_mood(mood).await;
        let status = ann.ended(&session).await;
        let took = start.elapsed();
        let counted = scene.counted().await - before;
        let calls = scene.calls().len() - calls_before;
        calls_before += calls;
        asked += counted.not_hits();
        let results = ann.results(&session).await.json();
        let tracks = list(&results, "recommendations").len();
        let metadata = &results["metadata"];
        let good = status["status"] == "completed" && tracks >= 16 && counted.not_hits() <= MOST;
        let lasted = metadata["total_duration"].as_f64().unwrap_or_default();
        seen.must(
            good,
            format!(
                "{mood}: {} {tracks} tracks, {} (itself: {lasted:.1} s), {} requests of which {} no hits, {calls} \
                 calls, it says {}",
                status["status"].as_str().unwrap_or("?"),
                seconds(took),
                counted.all,
                counted.not_hits(),
                metadata["calls"],
            ),
        );
        if let Some(reason) = status["error"].as_str() {
            seen.note(reason);
        }
    }
    seen.note(format!("in all {} and {asked} requests, {calls_before} calls", seconds(begun.elapsed())));
    let stats = scene.sim.stats();
    seen.must(stats.max_in_60s <= 80, format!("at most {} in any 60 s", stats.max_in_60s));
    seen
}
