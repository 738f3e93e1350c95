//! How closely a track follows the mood's target values.

use super::Candidate;
use super::fit::weighted_mean;
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

/// What a track counts in its list.
pub fn in_list(candidate: &Candidate, mood: &Mood) -> f64 {
    if candidate.protected { 1.0 } else { of_candidate(candidate, mood, Tolerance::Base) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ranking::testing::{candidate, features, mood};

    const ALL: [Feature; 10] = [
        Feature::Energy,
        Feature::Valence,
        Feature::Danceability,
        Feature::Acousticness,
        Feature::Instrumentalness,
        Feature::Speechiness,
        Feature::Tempo,
        Feature::Loudness,
        Feature::Liveness,
        Feature::Popularity,
    ];

    #[rstest]
    #[case(Tolerance::Generator, [0.30, 0.30, 0.30, 0.40, 0.25, 0.25, 40.0, 6.0, 0.40, 30.0])]
    #[case(Tolerance::Base, [0.25, 0.30, 0.30, 0.40, 0.25, 0.25, 35.0, 6.0, 0.40, 30.0])]
    #[case(Tolerance::Relaxed, [0.35, 0.35, 0.35, 0.45, 0.30, 0.30, 45.0, 7.0, 0.45, 35.0])]
    #[case(Tolerance::Extension, [0.20, 0.25, 0.20, 0.25, 0.15, 0.15, 30.0, 5.0, 0.30, 20.0])]
    fn tolerances_are_those_of_the_table(#[case] column: Tolerance, #[case] expected: [f64; 10]) {
        let told = ALL.map(|feature| column.of(feature).map(f64::to_bits));
        assert_eq!(told, expected.map(|value| Some(value.to_bits())));
        assert_eq!(column.of(Feature::Key), None);
        assert_eq!(column.of(Feature::Mode), None);
    }

    /// Targets: energy 0.2, valence 0.6, tempo 80.
    fn calm() -> Mood {
        mood(&[(Feature::Energy, 0.0, 0.4), (Feature::Valence, 0.4, 0.8), (Feature::Tempo, 60.0, 100.0)])
    }

    const TRACK: [(Feature, f64); 3] =
        [(Feature::Energy, 0.35), (Feature::Valence, 0.48), (Feature::Tempo, 160.0)];

    #[test]
    fn the_generator_counts_features_alike() {
        // 1 − 0.15/0.30 = 0.5; 1 − 0.12/0.30 = 0.6; 80 beats off is 0: (0.5 + 0.6 + 0) / 3
        let near = of_features(&features(&TRACK), &calm(), Tolerance::Generator).unwrap();
        assert!((near - 1.1 / 3.0).abs() < 1e-12, "{near}");
    }

    #[test]
    fn the_base_counts_features_by_their_weight_and_a_half_without_one() {
        let mut mood = calm();
        mood.weights[Feature::Energy] = Some(0.9);
        // 1 − 0.15/0.25 = 0.4 at 0.9; 0.6 at 0.5; 0 at 0.5: (0.36 + 0.30) / 1.9
        let near = of_features(&features(&TRACK), &mood, Tolerance::Base).unwrap();
        assert!((near - 0.66 / 1.9).abs() < 1e-12, "{near}");
    }

    #[rstest]
    #[case(Source::Reccobeat, 0.65)]
    #[case(Source::ArtistDiscovery, 0.75)]
    #[case(Source::AnchorTrack, 0.70)]
    #[case(Source::Fallback, 0.70)]
    fn without_anything_comparable_the_source_decides(#[case] source: Source, #[case] expected: f64) {
        let silent = candidate(1, source).sounding(&[(Feature::Mode, 1.0)]);
        assert!((of_candidate(&silent, &calm(), Tolerance::Base) - expected).abs() < 1e-12);
        assert_eq!(of_features(&silent.features, &calm(), Tolerance::Base), None);
    }

    #[test]
    fn in_a_list_what_is_protected_counts_as_one() {
        let perfect = [(Feature::Energy, 0.2), (Feature::Valence, 0.6), (Feature::Tempo, 80.0)];
        let far = [(Feature::Energy, 1.0)];
        let mut protected = candidate(1, Source::AnchorTrack).sounding(&far);
        protected.protected = true;
        let list = [
            protected,
            candidate(2, Source::Reccobeat).sounding(&far),
            candidate(3, Source::Reccobeat).sounding(&perfect),
        ];
        let counts = list.map(|candidate| in_list(&candidate, &calm()));
        for (count, expected) in counts.into_iter().zip([1.0, 0.0, 1.0]) {
            assert!((count - expected).abs() < 1e-12);
        }
    }
}
