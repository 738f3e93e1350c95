//! Scores of single tracks against the mood.

use super::Candidate;
use super::cohesion::{self, Tolerance};
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

/// 0 to 1, for tracks that only fill up a list: their cohesion, and less.
pub fn fallback_confidence(candidate: &Candidate, mood: &Mood) -> f64 {
    0.85 * cohesion::of_candidate(candidate, mood, Tolerance::Base)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::{candidate, features, mood};

    fn about(got: f64, expected: f64) {
        assert!((got - expected).abs() < 5e-5, "{got} is not {expected}");
    }

    #[test]
    fn the_mood_match_weighs_an_outspoken_target_more() {
        // Targets: energy 0.85 (× 1.3), valence 0.8 (× 1.2), danceability 0.85, acousticness 0.7 (× 1.2).
        let party = mood(&[
            (Feature::Energy, 0.7, 1.0),
            (Feature::Valence, 0.6, 1.0),
            (Feature::Danceability, 0.7, 1.0),
            (Feature::Acousticness, 0.4, 1.0),
        ]);
        let track = features(&[
            (Feature::Energy, 0.65),
            (Feature::Valence, 0.8),
            (Feature::Danceability, 0.6),
            (Feature::Acousticness, 0.1),
        ]);
        // g(0.65, 0.85, 0.2) = e^−0.5 = 0.606531 at 1.3; 1 at 1.2; e^−0.5 at 0.8; g(0.1, 0.7, 0.3) = e^−2 = 0.135335 at 0.96
        // (0.788490 + 1.2 + 0.485225 + 0.129922) / 4.26
        about(mood_match(&track, &party).unwrap(), 2.603_637 / 4.26);
    }

    #[test]
    fn a_gloomy_valence_weighs_more_too_and_a_middling_one_does_not() {
        let track = features(&[(Feature::Energy, 0.5), (Feature::Valence, 0.4)]);
        let middling = |low, high| mood(&[(Feature::Energy, 0.4, 0.6), (Feature::Valence, low, high)]);
        // Energy 1 at 1.0; g(0.4, 0.2, 0.2) = e^−0.5 at 1.2
        about(mood_match(&track, &middling(0.0, 0.4)).unwrap(), (1.0 + 1.2 * 0.606_531) / 2.2);
        // Energy 1 at 1.0; g(0.4, 0.6, 0.2) = e^−0.5 at 1.0
        about(mood_match(&track, &middling(0.4, 0.8)).unwrap(), f64::midpoint(1.0, 0.606_531));
    }

    #[test]
    fn nothing_to_match_is_no_match_at_all() {
        assert_eq!(
            mood_match(&features(&[(Feature::Tempo, 90.0)]), &mood(&[(Feature::Energy, 0.0, 0.4)])),
            None
        );
    }

    #[rstest]
    #[case(60.0, 1.0)]
    #[case(30.0, 0.606_531)] // e^−(30²/1800)
    #[case(0.0, 0.3)]
    #[case(14.0, 0.308_65)] // e^−(46²/1800), above the floor
    #[case(5.0, 0.3)] // e^−(55²/1800) = 0.186
    #[case(86.0, 0.686_89)] // e^−(26²/1800)
    #[case(100.0, 0.5)] // e^−(40²/1800) = 0.411
    fn popularity_is_best_in_the_upper_middle(#[case] popularity: f64, #[case] expected: f64) {
        about(popularity_score(popularity), expected);
    }

    #[test]
    fn confidence_of_a_perfect_row() {
        let track = features(&[(Feature::Energy, 0.2), (Feature::Popularity, 60.0)]);
        // 0.85 × (0.5 + 0.2 × 1 + 0.45 × 1)
        about(confidence(&track, &mood(&[(Feature::Energy, 0.0, 0.4)])), 0.85 * 1.15);
    }

    #[test]
    fn confidence_without_evidence_has_constants() {
        // 0.85 × (0.5 + 0.05 + 0.1)
        about(confidence(&Features::default(), &mood(&[(Feature::Energy, 0.0, 0.4)])), 0.85 * 0.65);
    }

    #[test]
    fn a_fallback_is_worth_its_cohesion_and_less() {
        let track = candidate(1, Source::Fallback).sounding(&[(Feature::Energy, 0.3)]);
        // 0.85 × (1 − 0.1/0.25), and 0.85 × 0.7 where nothing is known.
        about(fallback_confidence(&track, &mood(&[(Feature::Energy, 0.0, 0.4)])), 0.85 * 0.6);
        about(fallback_confidence(&track, &mood(&[])), 0.85 * 0.7);
    }

    #[test]
    fn talk_and_applause_cost_where_the_mood_wants_none() {
        let quiet = mood(&[(Feature::Speechiness, 0.0, 0.2), (Feature::Liveness, 0.0, 0.4)]);
        let noisy = features(&[(Feature::Speechiness, 0.7), (Feature::Liveness, 0.9)]);
        // 0.85 × (0.65 − 0.15 × 0.4 − 0.1 × 0.4)
        about(confidence(&noisy, &quiet), 0.85 * (0.65 - 0.06 - 0.04));
        let open = mood(&[(Feature::Speechiness, 0.0, 0.4), (Feature::Liveness, 0.0, 0.6)]);
        about(confidence(&noisy, &open), 0.85 * 0.65);
        let modest = features(&[(Feature::Speechiness, 0.3), (Feature::Liveness, 0.5)]);
        about(confidence(&modest, &quiet), 0.85 * 0.65);
    }
}
