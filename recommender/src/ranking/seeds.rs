//! The tracks that recommendations are asked by.

use std::collections::HashSet;

use super::fit::weighted_mean;
use super::{Candidate, rank, score};
use crate::model::{Feature, Features, Mood};

/// Of the user's favourites, as many are looked at.
const FAVOURITES: usize = 30;

/// Weights where the mood gives none.
const WEIGHTS: [(Feature, f64); 12] = [
    (Feature::Energy, 0.15),
    (Feature::Valence, 0.15),
    (Feature::Danceability, 0.12),
    (Feature::Acousticness, 0.12),
    (Feature::Instrumentalness, 0.10),
    (Feature::Mode, 0.08),
    (Feature::Speechiness, 0.05),
    (Feature::Liveness, 0.05),
    (Feature::Tempo, 0.08),
    (Feature::Loudness, 0.06),
    (Feature::Key, 0.03),
    (Feature::Popularity, 0.01),
];

/// 0 to 1: how alike a value and a target are.
fn similarity(feature: Feature, value: f64, target: f64) -> f64 {
    let apart = (value - target).abs();
    match feature {
        Feature::Key => {
            // Pitch classes lie on a circle of twelve.
            let semitones = apart.min(12.0 - apart);
            if semitones < 0.5 {
                1.0
            } else if semitones < 1.5 {
                0.8
            } else {
                0.3
            }
        }
        Feature::Tempo => (1.0 - apart / 60.0).max(0.0),
        Feature::Loudness => (1.0 - apart / 30.0).max(0.0),
        Feature::Popularity => (1.0 - apart / 100.0).max(0.0),
        _ => (1.0 - apart).max(0.0),
    }
}

/// 0 to 1: likeness to the mood, and a little for being known to many.
pub fn seed_score(features: &Features, mood: &Mood) -> f64 {
    let targets = mood.target_values();
    let alike = weighted_mean(WEIGHTS.iter().filter_map(|&(feature, weight)| {
        let alike = similarity(feature, features[feature]?, targets[feature]?);
        Some((alike, mood.weights[feature].unwrap_or(weight)))
    }));
    let known = features[Feature::Popularity].map_or(0.0, |popularity| (popularity / 1000.0).min(0.1));
    (alike.unwrap_or(0.0) + known).min(1.0)
}

/// Seeds for a list of `target` tracks: 5 to 10.
pub fn seed_count(target: usize) -> usize {
    (target / 3).clamp(5, 10)
}

/// At most `count` seeds: `first` as they come (starters, mentions), then the best of the first
/// thirty `favourites`. Tracks without features only if no other is there: the upstream refuses a
/// seed it does not know.
pub fn pool(first: Vec<Candidate>, favourites: Vec<Candidate>, mood: &Mood, count: usize) -> Vec<Candidate> {
    let mut favourites: Vec<Candidate> = favourites.into_iter().take(FAVOURITES).collect();
    favourites.sort_by(|a, b| {
        let worth = |candidate: &Candidate| seed_score(&candidate.features, mood);
        worth(b).total_cmp(&worth(a)).then_with(|| rank::tie(a, b))
    });
    let mut seen = HashSet::new();
    let mut all: Vec<Candidate> =
        first.into_iter().chain(favourites).filter(|candidate| seen.insert(candidate.id())).collect();
    if all.iter().any(Candidate::has_features) {
        all.retain(Candidate::has_features);
    }
    all.truncate(count);
    all
}

/// Below it a track found by a word of its title is no seed, 0 to 100.
const UNHEARD: u8 = 15;

/// At most `count` seeds from tracks that were found by words of the mood: the best by mood match.
/// Unheard ones are left out unless the user wants them, or nothing else is there.
pub fn by_match(found: Vec<Candidate>, mood: &Mood, count: usize, allow_obscure: bool) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    let mut all: Vec<Candidate> = found.into_iter().filter(|candidate| seen.insert(candidate.id())).collect();
    let heard = |candidate: &Candidate| candidate.track.popularity.is_none_or(|value| value >= UNHEARD);
    if !allow_obscure && all.iter().any(heard) {
        all.retain(heard);
    }
    if all.iter().any(Candidate::has_features) {
        all.retain(Candidate::has_features);
    }
    all.sort_by(|a, b| {
        let near = |candidate: &Candidate| score::mood_match(&candidate.features, mood).unwrap_or(-1.0);
        near(b).total_cmp(&near(a)).then_with(|| rank::tie(a, b))
    });
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::{candidate, features, ids, mood};

    fn about(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    #[rstest]
    #[case(Feature::Energy, 0.2, 0.5, 0.7)]
    #[case(Feature::Mode, 1.0, 0.0, 0.0)]
    #[case(Feature::Tempo, 90.0, 120.0, 0.5)] // 1 − 30/60
    #[case(Feature::Tempo, 60.0, 150.0, 0.0)]
    #[case(Feature::Loudness, -20.0, -8.0, 0.6)] // 1 − 12/30
    #[case(Feature::Popularity, 30.0, 50.0, 0.8)]
    #[case(Feature::Key, 4.0, 4.0, 1.0)]
    #[case(Feature::Key, 11.0, 0.0, 0.8)]
    #[case(Feature::Key, 4.0, 3.0, 0.8)]
    #[case(Feature::Key, 4.0, 6.0, 0.3)]
    fn likeness_is_in_each_features_own_unit(
        #[case] feature: Feature,
        #[case] value: f64,
        #[case] target: f64,
        #[case] expected: f64,
    ) {
        about(similarity(feature, value, target), expected);
    }

    #[test]
    fn the_score_weighs_known_targets_and_adds_popularity() {
        let mut mood =
            mood(&[(Feature::Energy, 0.0, 0.4), (Feature::Tempo, 60.0, 100.0), (Feature::Valence, 0.0, 0.2)]);
        mood.weights[Feature::Energy] = Some(0.9);
        let track = features(&[(Feature::Energy, 0.7), (Feature::Tempo, 110.0), (Feature::Popularity, 40.0)]);
        // (0.9 × 0.5 + 0.08 × 0.5) / 0.98 + 0.04; valence is unknown, popularity has no target.
        about(seed_score(&track, &mood), 0.5 + 0.04);
    }

    #[test]
    fn the_weights_are_those_of_the_table() {
        about(WEIGHTS.iter().map(|(_, weight)| weight).sum(), 1.0);
        let mood = mood(&[(Feature::Energy, 0.0, 0.0), (Feature::Mode, 0.0, 0.0)]);
        // (0.15 × 1 + 0.08 × 0) / 0.23
        about(seed_score(&features(&[(Feature::Energy, 0.0), (Feature::Mode, 1.0)]), &mood), 0.15 / 0.23);
    }

    #[test]
    fn the_score_ends_at_one_and_popularity_adds_a_tenth_at_most() {
        let mood = mood(&[(Feature::Energy, 0.5, 0.5)]);
        about(seed_score(&features(&[(Feature::Energy, 0.5), (Feature::Popularity, 100.0)]), &mood), 1.0);
        about(seed_score(&features(&[(Feature::Popularity, 100.0)]), &mood), 0.1);
    }

    #[rstest]
    #[case(14, 5)]
    #[case(17, 5)]
    #[case(18, 6)]
    #[case(22, 7)]
    #[case(30, 10)]
    #[case(60, 10)]
    fn a_third_of_the_list_are_seeds(#[case] target: usize, #[case] expected: usize) {
        assert_eq!(seed_count(target), expected);
    }

    fn quiet(number: u128, energy: f64) -> Candidate {
        candidate(number, Source::AnchorTrack).sounding(&[(Feature::Energy, energy)])
    }

    #[test]
    fn mentions_come_first_then_the_best_of_thirty_favourites() {
        let mood = mood(&[(Feature::Energy, 0.0, 0.0)]);
        let favourites =
            (0..40_u32).map(|number| quiet(number.into(), 1.0 - f64::from(number) / 100.0)).collect();
        // Favourites 30 to 39 are nearer, but not looked at.
        assert_eq!(
            ids(&pool(vec![quiet(99, 1.0), quiet(28, 1.0)], favourites, &mood, 5)),
            [99, 28, 29, 27, 26]
        );
    }

    #[test]
    fn tracks_without_features_are_seeds_only_when_alone() {
        let mood = mood(&[(Feature::Energy, 0.0, 0.0)]);
        let silent = || candidate(1, Source::AnchorTrack).popular(80);
        assert_eq!(ids(&pool(vec![silent()], vec![quiet(2, 0.9)], &mood, 5)), [2]);
        assert_eq!(ids(&pool(vec![silent()], Vec::new(), &mood, 5)), [1]);
    }

    #[test]
    fn found_tracks_are_chosen_by_mood_match() {
        let mood = mood(&[(Feature::Energy, 0.0, 0.4)]);
        let found = || {
            let silent = candidate(5, Source::Fallback).popular(90);
            vec![
                quiet(1, 0.9).popular(50),
                quiet(2, 0.2).popular(15),
                quiet(3, 0.2).popular(14),
                quiet(4, 0.3),
                silent,
            ]
        };
        assert_eq!(ids(&by_match(found(), &mood, 5, false)), [2, 4, 1]);
        assert_eq!(ids(&by_match(found(), &mood, 2, true)), [2, 3]);
        assert_eq!(ids(&by_match(vec![quiet(3, 0.2).popular(1)], &mood, 5, false)), [3]);
    }
}
