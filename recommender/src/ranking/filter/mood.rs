//! Tracks that are plainly of another mood.

use crate::model::{Feature, Features, Mood, Source};
use crate::ranking::Candidate;
use crate::ranking::cohesion::Tolerance;

/// The features that a listener hears at once.
const CRITICAL: [Feature; 4] =
    [Feature::Energy, Feature::Acousticness, Feature::Instrumentalness, Feature::Danceability];

/// Features outside their range, and how badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Violations {
    /// Outside the range widened by its extension, the critical ones included.
    pub all: usize,
    /// Of these, energy, acousticness, instrumentalness or danceability beyond twice the extension.
    pub critical: usize,
}

/// Only features with a target range and a real value are looked at.
pub fn violations(features: &Features, mood: &Mood) -> Violations {
    mood.targets.known().fold(Violations::default(), |found, (feature, range)| {
        let (Some(value), Some(extension)) = (features[feature], Tolerance::Extension.of(feature)) else {
            return found;
        };
        let beyond = range.distance(value);
        Violations {
            all: found.all + usize::from(beyond > extension),
            critical: found.critical + usize::from(beyond > 2.0 * extension && CRITICAL.contains(&feature)),
        }
    })
}

/// Fewer than two critical violations; fewer than three for an artist's track.
pub fn keeps(candidate: &Candidate, mood: &Mood) -> bool {
    let limit = if candidate.source == Source::ArtistDiscovery { 3 } else { 2 };
    candidate.is_safe() || violations(&candidate.features, mood).critical < limit
}
