use super::preset::{Target, distance, targets};
use crate::harness::recommender::{MOODS, Scene, list, listed};
use crate::row::Seen;
use recobeat_sim::Track;
use serde_json::Value;

const RANDOM: usize = 200;

pub(super) async fn ten() -> Seen {
    let mut seen = Seen::default();
    let scene = Scene::lifted().await;
    let mut ratios = Vec::new();
    let mut wrong = Vec::new();
    for mood in MOODS {
        let results = scene.caller("ann").make_mood(mood).await;
        wrong.extend(listed::wrong(&results).into_iter().map(|what| format!("{mood}: {what}")));
        wrong.extend(misread(mood, &results));
        let rows = list(&results, "recommendations");
        let wanted = results["metadata"]["target_count"].as_u64();
        if u64::try_from(rows.len()).ok() != wanted {
            wrong.push(format!("{mood}: {} tracks of {wanted:?}", rows.len()));
        }
        let ids = rows.iter().filter_map(|row| row["reccobeat_id"].as_str());
        let tracks: Vec<&Track> = ids.filter_map(|id| scene.catalogue().track(id)).collect();
        let own = mean(&tracks, targets(mood));
        let random = random(scene.catalogue().tracks(), tracks.len(), targets(mood));
        ratios.push(own / random);
        let sources = ["anchor_track", "artist_discovery", "reccobeat", "fallback"]
            .map(|source| rows.iter().filter(|row| row["source"] == source).count().to_string());
        seen.must(
            own <= 0.7 * random,
            format!("{mood}: {own:.3} of {random:.3} = {:.2}, {}", own / random, sources.join("/")),
        );
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let median = f64::midpoint(ratios[4], ratios[5]);
    seen.must(median <= 0.5, format!("median {median:.2}"));
    seen.must_be_none(&wrong);
    seen
}

/// Where the targets that the service says it had are not those of the table; it may have more, to tell
/// two moods of one profile apart.
fn misread(mood: &str, results: &Value) -> Vec<String> {
    let told = &results["mood_analysis"]["target_features"];
    targets(mood)
        .iter()
        .filter(|(feature, low, high)| {
            let near = |at: usize, wanted: f64| {
                told[feature][at].as_f64().is_some_and(|value| (value - wanted).abs() < 1e-9)
            };
            !near(0, *low) || !near(1, *high)
        })
        .map(|(feature, low, high)| format!("{mood}: {feature} {low} to {high} became {}", told[feature]))
        .collect()
}

fn mean(tracks: &[&Track], targets: &[Target]) -> f64 {
    let sum: f64 = tracks.iter().map(|track| distance(track, targets)).sum();
    sum / u32::try_from(tracks.len()).map_or(1.0, f64::from).max(1.0)
}

/// The mean distance of so many random playlists of this size: always the same ones.
fn random(all: &[Track], size: usize, targets: &[Target]) -> f64 {
    let mut state = 4_u64;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % all.len() as u64).unwrap_or(0)
    };
    let lists = (0..RANDOM).map(|_| {
        let tracks: Vec<&Track> = (0..size).map(|_| &all[next()]).collect();
        mean(&tracks, targets)
    });
    lists.sum::<f64>() / f64::from(u32::try_from(RANDOM).unwrap_or(1))
}
