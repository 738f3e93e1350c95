//! A mood becomes a playlist: what the recommender promises, behind a proxy and an upstream that
//! takes half a second for each call.

mod again;
mod crowd;
mod equal;
mod failing;
mod fit;
mod hostile;
mod killed;
mod moods;
mod preset;
mod strangers;

use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms};
use crate::row::{Row, row};
use recobeat_sim::Latency;
use std::time::Duration;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "the ten popular moods, cold, one after another, default limits, no user data",
            "each completed with ≥ 16 tracks; ≤ 24 requests each that were not answered wholly from the cache",
            moods::cold,
        ),
        row(
            "the same again, without the cache of moods",
            "0 upstream calls, < 300 ms each",
            again::without_mood_cache,
        ),
        row(
            "the same again, with the cache of moods",
            "0 upstream calls, < 20 ms each",
            again::with_mood_cache,
        ),
        row(
            "fit of the ten moods: mean distance outside the target ranges, against 200 random playlists of \
             the same size",
            "≤ 0.5 in the median, ≤ 0.7 each; ≤ 2 tracks an artist, nothing twice by any of four keys",
            fit::ten,
        ),
        row(
            "one strategy fails, two fail (with and without mentions), one hangs",
            "completed from the other sources, with the reason",
            failing::strategies,
        ),
        row(
            "the upstream down with a warm cache; the upstream down, cold; the proxy down",
            "the same list; a clear error; a clear error, all within the run's deadline",
            failing::upstream,
        ),
        row(
            "100 starts, 10 at once, overlapping users: limits × 10",
            "all complete, 0 errors; the budget is kept",
            crowd::wide,
        ),
        row(
            "100 starts, 10 at once: default limits, after the ten moods are warm",
            "all complete; the budget is kept",
            crowd::warm,
        ),
        row("the same, overlapping users with tastes of their own", "the same", crowd::warm_with_tastes),
        row(
            "100 starts, 10 at once, overlapping users: default limits, cold",
            "each ends within 120 s, completed or partial with the reason; the budget is kept",
            crowd::cold,
        ),
        row(
            "kill -9 in the middle of 20 runs, restart",
            "each ends completed, or failed with a reason; no half-written playlist",
            killed::twenty,
        ),
        row(
            "another user's session or playlist; expired, forged and confused tokens; a forwarding proxy in \
             front of an open service",
            "401, 403 or 404; nothing leaked, nothing stored",
            strangers::refused,
        ),
        row(
            "SQL and HTML in every text field, a prompt of 1 MB, bodies that are no bodies",
            "413 or 422, or taken as text; nothing stored that was refused",
            hostile::fields,
        ),
        row("an equal request twice, with equal rows", "byte-equal recommendations", equal::twice),
    ]
}

/// For trials in which any mood will do.
const MOOD: &str = "calm and relaxing";

const HALF_A_SECOND: Latency = Latency::Fixed(Duration::from_millis(500));

/// With an upstream as slow as the real one.
async fn slow(setup: &Setup, terms: &Terms) -> Scene {
    let scene = Scene::with(setup, terms).await;
    scene.sim.settings(|behaviour| behaviour.latency = HALF_A_SECOND);
    scene
}

/// Nothing is asked for so long only when nothing more will be, even at default limits.
const SILENCE: Duration = Duration::from_secs(3);

/// Two places are enough to compare.
fn seconds(of: Duration) -> String {
    format!("{:.1} s", of.as_secs_f64())
}
