//! How far a track lies outside what a mood asks for: the yardstick of the product.
//!
//! Scores look at the middle of a target range, because closer to it is better; this looks at its
//! ends, because inside is right. It is what a finished list is measured by, so it decides wherever
//! the scores leave a choice.

use crate::model::{Features, Mood};

/// Mean over the mood's targets of the way to the range (0 inside it) as a part of all values the
/// feature can take ([`Feature::limits`](crate::model::Feature::limits)). 0 to 1.
///
/// Unknown features are skipped; `None` if there is nothing to compare.
pub fn distance(features: &Features, mood: &Mood) -> Option<f64> {
    mean(
        mood.targets.known().filter_map(|(feature, range)| {
            Some(range.distance(features[feature]?) / feature.limits().span())
        }),
    )
}

/// `None` of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    weighted_mean(values.map(|value| (value, 1.0)))
}

/// Of values with their weights; `None` if there is no weight.
#[allow(clippy::cast_precision_loss, reason = "a dozen features or a few hundred tracks")]
pub(super) fn weighted_mean(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (sum, weights) =
        values.fold((0.0, 0.0), |(sum, weights), (value, weight)| (sum + weight * value, weights + weight));
    (weights > 0.0).then(|| sum / weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Feature;
    use crate::ranking::testing::{features, mood};

    #[test]
    fn distance_is_the_mean_way_to_the_range_in_spans() {
        let mood = mood(&[
            (Feature::Energy, 0.0, 0.4),
            (Feature::Tempo, 60.0, 100.0),
            (Feature::Loudness, -25.0, -10.0),
        ]);
        let track = features(&[(Feature::Energy, 0.7), (Feature::Tempo, 35.0), (Feature::Loudness, -12.0)]);
        // (0.3 / 1 + 25 / 250 + 0 / 62) / 3
        assert!((distance(&track, &mood).unwrap() - (0.3 + 0.1 + 0.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn unknown_features_are_skipped_not_taken_for_their_default() {
        let mood = mood(&[(Feature::Energy, 0.0, 0.4), (Feature::Valence, 0.9, 1.0)]);
        let half_known = features(&[(Feature::Energy, 0.5)]);
        assert!((distance(&half_known, &mood).unwrap() - 0.1).abs() < 1e-12);
        assert_eq!(distance(&features(&[(Feature::Key, 3.0)]), &mood), None);
    }

    #[test]
    fn inside_all_ranges_is_no_distance_ends_included() {
        let mood = mood(&[(Feature::Energy, 0.2, 0.4)]);
        assert_eq!(distance(&features(&[(Feature::Energy, 0.2)]), &mood), Some(0.0));
        assert_eq!(distance(&features(&[(Feature::Energy, 0.4)]), &mood), Some(0.0));
    }
}
