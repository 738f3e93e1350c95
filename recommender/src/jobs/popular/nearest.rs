//! The held list that is nearest to a mood, as a last resort for a run that lacks tracks.
//!
//! What is held depends on the hour and on what others asked for, so a run that borrows from it is not
//! the same for equal requests and equal rows. Only a run in which something failed may: it could not
//! be repeated anyhow, and its list says that it has borrowed.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::held::Held;
use super::key;
use crate::cache::{Cache, Category};
use crate::model::{Feature, Mood, PerFeature, Recommendation};
use crate::pipeline::HeldMoods;

/// Lists of these moods, where held.
pub struct HeldLists {
    moods: Vec<String>,
    cache: Arc<Cache>,
}

impl HeldLists {
    pub fn new(moods: Vec<String>, cache: Arc<Cache>) -> Self {
        Self { moods, cache }
    }
}

#[async_trait]
impl HeldMoods for HeldLists {
    async fn nearest(&self, mood: &Mood) -> Vec<Recommendation> {
        let wanted = mood.target_values();
        let mut nearest: Option<(f64, Held)> = None;
        for name in &self.moods {
            let held = self.cache.peek::<Held>(Category::PopularMoodCache, &key(name)).await;
            let Some(held) = held else { continue };
            let Some(far) = distance(&wanted, &targets(&held.mood_analysis)) else { continue };
            // The first of equals, in the order of the list.
            if nearest.as_ref().is_none_or(|(least, _)| far < *least) {
                nearest = Some((far, held));
            }
        }
        nearest.map(|(_, held)| held.recommendations).unwrap_or_default()
    }
}

/// The middles of the target ranges, as an analysis shows them.
fn targets(analysis: &Value) -> PerFeature<Option<f64>> {
    PerFeature::from_fn(|feature| {
        let range = &analysis["target_features"][feature.name()];
        Some(f64::midpoint(range[0].as_f64()?, range[1].as_f64()?))
    })
}

/// Mean distance over the features that both have, in spans of the feature, 0 to 1; none without any.
fn distance(one: &PerFeature<Option<f64>>, other: &PerFeature<Option<f64>>) -> Option<f64> {
    let span = |feature: Feature| feature.limits().span();
    let apart: Vec<f64> = one
        .known()
        .filter_map(|(feature, value)| Some((value - other[feature]?).abs() / span(feature)))
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "at most 12")]
    let mean = apart.iter().sum::<f64>() / apart.len() as f64;
    (!apart.is_empty()).then_some(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(values: &[(Feature, f64)]) -> PerFeature<Option<f64>> {
        let mut all = PerFeature::default();
        values.iter().for_each(|(feature, value)| all[*feature] = Some(*value));
        all
    }

    #[test]
    fn distance_counts_shared_features_in_their_spans() {
        let one = at(&[(Feature::Energy, 0.2), (Feature::Tempo, 100.0), (Feature::Valence, 0.9)]);
        let other = at(&[(Feature::Energy, 0.4), (Feature::Tempo, 150.0)]);
        let far = distance(&one, &other).unwrap();
        assert!((far - 0.2).abs() < 1e-9);
        assert!(distance(&one, &at(&[(Feature::Mode, 1.0)])).is_none());
    }

    #[test]
    fn targets_are_read_from_the_analysis() {
        let targets = targets(&json!({"target_features": {"energy": [0.2, 0.6], "tempo": [100, 120]}}));
        assert_eq!(targets[Feature::Tempo], Some(110.0));
        assert_eq!(targets.known().count(), 2);
    }
}
