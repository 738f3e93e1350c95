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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ranking::testing::{candidate, features, mood};

    /// Energy may go to 0.4, widened to 0.6, critical beyond 0.8; danceability 0.3, 0.5, 0.7.
    fn calm() -> Mood {
        mood(&[
            (Feature::Energy, 0.0, 0.4),
            (Feature::Danceability, 0.0, 0.3),
            (Feature::Instrumentalness, 0.7, 1.0),
        ])
    }

    #[rstest]
    #[case(0.60, 0, 0)]
    #[case(0.61, 1, 0)]
    #[case(0.79, 1, 0)]
    #[case(0.81, 1, 1)]
    fn energy_beyond_twice_the_extension_is_critical(
        #[case] energy: f64,
        #[case] all: usize,
        #[case] critical: usize,
    ) {
        let found = violations(&features(&[(Feature::Energy, energy)]), &calm());
        assert_eq!(found, Violations { all, critical });
    }

    #[test]
    fn ranges_are_widened_on_both_sides() {
        // 0.7 − 2 × 0.15 = 0.4
        let critical = |value| violations(&features(&[(Feature::Instrumentalness, value)]), &calm()).critical;
        assert_eq!((critical(0.41), critical(0.39)), (0, 1));
    }

    #[rstest]
    #[case(Feature::Tempo, [60.0, 100.0], 131.0, 129.0)]
    #[case(Feature::Loudness, [-25.0, -10.0], -4.0, -6.0)]
    #[case(Feature::Popularity, [0.0, 40.0], 61.0, 59.0)]
    fn other_units_have_their_own_extension_and_are_never_critical(
        #[case] feature: Feature,
        #[case] range: [f64; 2],
        #[case] outside: f64,
        #[case] inside: f64,
    ) {
        let mood = mood(&[(feature, range[0], range[1])]);
        let all = |value| violations(&features(&[(feature, value)]), &mood).all;
        assert_eq!((all(outside), all(inside)), (1, 0));
        assert_eq!(violations(&features(&[(feature, feature.limits().high)]), &mood).critical, 0);
    }

    #[test]
    fn unknown_features_violate_nothing() {
        assert_eq!(violations(&Features::default(), &calm()), Violations::default());
    }

    const TWO: [(Feature, f64); 2] = [(Feature::Energy, 1.0), (Feature::Danceability, 1.0)];

    #[rstest]
    #[case(Source::Reccobeat, false)]
    #[case(Source::Fallback, false)]
    #[case(Source::AnchorTrack, false)]
    #[case(Source::ArtistDiscovery, true)]
    fn two_critical_violations_drop_all_but_tracks_of_artists(#[case] source: Source, #[case] kept: bool) {
        let mut track = candidate(1, source).sounding(&TWO);
        assert_eq!(keeps(&track, &calm()), kept);
        track = track.sounding(&[(Feature::Instrumentalness, 0.0)]);
        assert!(!keeps(&track, &calm()), "three drop them too");
        assert!(keeps(&track.mentioned(), &calm()));
    }

    #[test]
    fn one_critical_violation_is_forgiven() {
        assert!(keeps(&candidate(1, Source::Reccobeat).sounding(&[(Feature::Energy, 1.0)]), &calm()));
    }
}
