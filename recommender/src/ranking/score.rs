//! Scores of single tracks against the mood.

use super::fit::weighted_mean;
use crate::model::{Feature, Features, Mood};

/// `exp(−(v−t)² / 2σ²)`.
fn bell(value: f64, target: f64, sigma: f64) -> f64 {
    (-(value - target).powi(2) / (2.0 * sigma.powi(2))).exp()
}

/// A row of the mood match: σ, weight, and what an outspoken target multiplies the weight by.
type MatchRow = (Feature, f64, f64, fn(f64) -> f64);

const MOOD_MATCH: [MatchRow; 4] = [
    (Feature::Energy, 0.20, 1.0, |target| if target > 0.7 { 1.3 } else { 1.0 }),
    (Feature::Valence, 0.20, 1.0, |target| if (0.3..=0.7).contains(&target) { 1.0 } else { 1.2 }),
    (Feature::Danceability, 0.25, 0.8, |_| 1.0),
    (Feature::Acousticness, 0.30, 0.8, |target| if target > 0.6 { 1.2 } else { 1.0 }),
];

/// 0 to 1, over the four features that make most of a mood; `None` if none of them is comparable.
pub fn mood_match(features: &Features, mood: &Mood) -> Option<f64> {
    let targets = mood.target_values();
    weighted_mean(MOOD_MATCH.iter().filter_map(|&(feature, sigma, weight, factor)| {
        let (value, target) = (features[feature]?, targets[feature]?);
        Some((bell(value, target, sigma), weight * factor(target)))
    }))
}

/// 0.3 to 1: best around 60, neither unheard nor worn out. `popularity` is 0 to 100.
pub fn popularity_score(popularity: f64) -> f64 {
    let near = bell(popularity, 60.0, 30.0);
    match popularity {
        none if none <= 0.0 => 0.3,
        low if low < 15.0 => near.max(0.3),
        high if high > 85.0 => near.max(0.5),
        _ => near,
    }
}

/// What rows of RecoBeat are worth beside a perfect one: they carry no relevance of their own.
const RECOBEAT_FACTOR: f64 = 0.85;

/// 0 to 1, for rows of RecoBeat's recommendations.
pub fn confidence(features: &Features, mood: &Mood) -> f64 {
    let targets = mood.target_values();
    // Talk or an audience where the mood wants none.
    let intrusion = |feature, factor: f64, wanted_below: f64, heard_above: f64| match (
        features[feature],
        targets[feature],
    ) {
        (Some(value), Some(target)) if target < wanted_below && value > heard_above => {
            factor * (value - heard_above)
        }
        _ => 0.0,
    };
    let raw = 0.5
        + features[Feature::Popularity].map_or(0.05, |popularity| 0.2 * popularity_score(popularity))
        + mood_match(features, mood).map_or(0.1, |near| 0.45 * near)
        - intrusion(Feature::Speechiness, 0.15, 0.2, 0.3)
        - intrusion(Feature::Liveness, 0.10, 0.3, 0.5);
    (RECOBEAT_FACTOR * raw).clamp(0.0, 1.0)
}
