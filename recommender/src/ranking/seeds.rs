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
