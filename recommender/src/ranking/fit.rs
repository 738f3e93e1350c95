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
