//! How closely a track follows the mood's target values.

use super::Candidate;
use super::fit::{mean, weighted_mean};
use crate::model::{Feature, Features, Mood, Source};

/// Which tolerance is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerance {
    /// For tracks of artists, before anything else is known of the list; features count alike.
    Generator,
    /// For the quality of a list; features count by the mood's weights.
    Base,
    /// For the last round against a shortfall; weighted too.
    Relaxed,
    /// How far the mood filter widens a range.
    Extension,
}

/// Per feature: generator, base, relaxed, extension; in the feature's own unit.
const TOLERANCES: [(Feature, [f64; 4]); 10] = [
    (Feature::Energy, [0.30, 0.25, 0.35, 0.20]),
    (Feature::Valence, [0.30, 0.30, 0.35, 0.25]),
    (Feature::Danceability, [0.30, 0.30, 0.35, 0.20]),
    (Feature::Acousticness, [0.40, 0.40, 0.45, 0.25]),
    (Feature::Instrumentalness, [0.25, 0.25, 0.30, 0.15]),
    (Feature::Speechiness, [0.25, 0.25, 0.30, 0.15]),
    (Feature::Tempo, [40.0, 35.0, 45.0, 30.0]),
    (Feature::Loudness, [6.0, 6.0, 7.0, 5.0]),
    (Feature::Liveness, [0.40, 0.40, 0.45, 0.30]),
    (Feature::Popularity, [30.0, 30.0, 35.0, 20.0]),
];

impl Tolerance {
    /// `None` for key and mode, which are no distances.
    pub fn of(self, feature: Feature) -> Option<f64> {
        TOLERANCES.iter().find(|(named, _)| *named == feature).map(|(_, row)| row[self as usize])
    }
}

/// Mean over the mood's targets of `1 − |value − target| / tolerance`, never below 0 each.
/// `None` if nothing is comparable.
pub fn of_features(features: &Features, mood: &Mood, tolerance: Tolerance) -> Option<f64> {
    weighted_mean(mood.target_values().known().filter_map(|(feature, target)| {
        let near = 1.0 - (features[feature]? - target).abs() / tolerance.of(feature)?;
        let weight = match tolerance {
            Tolerance::Generator => 1.0,
            _ => mood.weights[feature].unwrap_or(0.5),
        };
        Some((near.max(0.0), weight))
    }))
}

/// Of a candidate; where nothing is comparable, a constant by where it came from.
pub fn of_candidate(candidate: &Candidate, mood: &Mood, tolerance: Tolerance) -> f64 {
    of_features(&candidate.features, mood, tolerance).unwrap_or(match candidate.source {
        Source::Reccobeat => 0.65,
        Source::ArtistDiscovery => 0.75,
        Source::AnchorTrack | Source::Fallback => 0.70,
    })
}

/// Of a list, by the base tolerances: what the user protects counts 1. `None` of an empty list.
pub fn of_list(list: &[Candidate], mood: &Mood) -> Option<f64> {
    mean(list.iter().map(|candidate| in_list(candidate, mood)))
}

/// What a track counts in its list.
pub fn in_list(candidate: &Candidate, mood: &Mood) -> f64 {
    if candidate.protected { 1.0 } else { of_candidate(candidate, mood, Tolerance::Base) }
}
