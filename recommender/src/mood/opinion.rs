//! A second opinion, and how it is laid over the rules' word.

use serde::{Deserialize, Serialize};

use super::{Rules, energy_level};
use crate::model::{Emotion, Intent, IntentKind, Mood, MoodRequest, PerFeature, Range, Theme, by_name};

/// What somebody reads from a prompt alone; values within the limits of a mood, or nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Opinion {
    pub intent_type: Option<IntentKind>,
    pub genre_strictness: Option<f64>,
    pub interpretation: Option<String>,
    pub emotion: Option<Emotion>,
    #[serde(with = "by_name")]
    pub targets: PerFeature<Option<Range>>,
    #[serde(with = "by_name")]
    pub weights: PerFeature<Option<f64>>,
    pub search_keywords: Vec<String>,
    pub genre_keywords: Vec<String>,
    pub artist_recommendations: Vec<String>,
    pub excluded_themes: Vec<Theme>,
}

impl Opinion {
    /// Over the rules' word, under the request's. Where it says nothing, the rules stand.
    pub fn merge(
        self,
        rules: &Rules,
        request: &MoodRequest,
        (mut intent, mut mood): (Intent, Mood),
    ) -> (Intent, Mood) {
        if !request.has_mentions() {
            replace(&mut intent.intent_type, self.intent_type);
        }
        replace(
            &mut intent.genre_strictness,
            self.genre_strictness.filter(|_| request.genre_strictness.is_none()),
        );
        replace(&mut mood.interpretation, self.interpretation);
        over(&mut mood.targets, &rules.default_targets, &self.targets, &request.target_features);
        over(&mut mood.weights, &rules.default_weights, &self.weights, &request.feature_weights);
        replace(&mut mood.search_keywords, filled(self.search_keywords));
        if request.genres.is_empty() {
            intent.primary_genre = self.genre_keywords.first().cloned().or(intent.primary_genre);
            replace(&mut mood.genre_keywords, filled(self.genre_keywords));
        }
        if request.artist_recommendations.is_empty() {
            replace(&mut mood.artist_recommendations, filled(self.artist_recommendations));
        }
        mood.excluded_themes.extend(self.excluded_themes);
        mood.excluded_themes.sort_unstable();
        mood.excluded_themes.dedup();
        if let Some(emotion) = self.emotion.filter(|emotion| *emotion != mood.emotion) {
            mood.emotion = emotion;
            mood.color_scheme = rules.colours(emotion);
        }
        mood.energy_level = energy_level(&mood.targets);
        mood.reasoning.push_str("; read by a language model");
        (intent, mood)
    }
}

fn replace<T>(value: &mut T, by: Option<T>) {
    if let Some(by) = by {
        *value = by;
    }
}

fn filled(texts: Vec<String>) -> Option<Vec<String>> {
    Some(texts).filter(|texts| !texts.is_empty())
}

/// Feature by feature: the request's value, else the opinion's, else that of the rules. Defaults, which
/// the rules take for want of anything better, do not stand beside an opinion.
fn over<T: Copy + PartialEq>(
    values: &mut PerFeature<Option<T>>,
    defaults: &PerFeature<Option<T>>,
    said: &PerFeature<Option<T>>,
    asked: &PerFeature<Option<T>>,
) {
    if values == defaults && said.known().next().is_some() {
        *values = PerFeature::from_fn(|_| None);
    }
    *values = PerFeature::from_fn(|feature| asked[feature].or(said[feature]).or(values[feature]));
}
