//! What the model answered, cut to what a mood may be.
//!
//! Read leniently, entry by entry: an unknown feature, a range of words, a theme nobody knows is left
//! out. A section that is empty then leaves the rules' word standing; if all are, it was no answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::{Emotion, Feature, Intent, IntentKind, Mood, MoodRequest, PerFeature, Range, Theme};
use crate::mood::{AnalystError, Rules, energy_level};

/// Characters of a name or keyword.
const TEXT: usize = 100;

/// Values within the limits of a mood.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Opinion {
    intent_type: Option<IntentKind>,
    genre_strictness: Option<f64>,
    interpretation: Option<String>,
    emotion: Option<Emotion>,
    targets: PerFeature<Option<Range>>,
    weights: PerFeature<Option<f64>>,
    search_keywords: Vec<String>,
    genre_keywords: Vec<String>,
    artist_recommendations: Vec<String>,
    excluded_themes: Vec<Theme>,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

impl Opinion {
    /// Reads the body of a completion.
    pub(super) fn read(body: &[u8]) -> Result<Self, AnalystError> {
        let shape = |what: &str| AnalystError::Shape(what.to_owned());
        let completion: Completion =
            serde_json::from_slice(body).map_err(|_| shape("the body is no completion"))?;
        let choice = completion.choices.first().ok_or_else(|| shape("a completion without a choice"))?;
        let fields: Map<String, Value> = serde_json::from_str(unfenced(&choice.message.content))
            .map_err(|_| shape("the message is no JSON object"))?;
        let opinion = Self::of(&fields);
        if opinion == Self::default() {
            return Err(shape("the message says nothing about a mood"));
        }
        Ok(opinion)
    }

    fn of(fields: &Map<String, Value>) -> Self {
        Self {
            intent_type: field(fields, "intent_type"),
            genre_strictness: field::<f64>(fields, "genre_strictness").map(|share| share.clamp(0.0, 1.0)),
            interpretation: texts(field::<String>(fields, "mood_interpretation"), 1).pop(),
            emotion: field(fields, "primary_emotion"),
            targets: by_name(fields, "target_features", range),
            weights: by_name(fields, "feature_weights", |_, value| Some(value.as_f64()?.clamp(0.0, 1.0))),
            search_keywords: texts(list(fields, "search_keywords"), 10),
            genre_keywords: texts(list(fields, "genre_keywords"), 5),
            artist_recommendations: texts(list(fields, "artist_recommendations"), 15),
            excluded_themes: list(fields, "excluded_themes"),
        }
    }

    /// Over the rules' word, under the request's.
    pub(super) fn merge(
        self,
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
        over(&mut mood.targets, &self.targets, &request.target_features);
        over(&mut mood.weights, &self.weights, &request.feature_weights);
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
            mood.color_scheme = Rules::embedded().colours(emotion);
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

/// The model's values, if it gave any, with the request's over them.
fn over<T: Copy>(
    values: &mut PerFeature<Option<T>>,
    said: &PerFeature<Option<T>>,
    asked: &PerFeature<Option<T>>,
) {
    if said.known().next().is_some() {
        *values = PerFeature::from_fn(|feature| asked[feature].or(said[feature]));
    }
}

/// Some models wrap JSON in a code block whatever they are told.
fn unfenced(content: &str) -> &str {
    let content = content.trim();
    let inner = content.strip_prefix("```json").or_else(|| content.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(content)
}

fn field<T: DeserializeOwned>(fields: &Map<String, Value>, name: &str) -> Option<T> {
    T::deserialize(fields.get(name)?).ok()
}

/// The items that can be read.
fn list<T: DeserializeOwned>(fields: &Map<String, Value>, name: &str) -> Vec<T> {
    let items = fields.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| T::deserialize(item).ok()).collect()
}

/// The features that exist, with values that can be read.
fn by_name<T: Copy>(
    fields: &Map<String, Value>,
    name: &str,
    read: impl Fn(Feature, &Value) -> Option<T>,
) -> PerFeature<Option<T>> {
    let values: BTreeMap<String, Value> = field(fields, name).unwrap_or_default();
    PerFeature::from_fn(|feature| read(feature, values.get(feature.name())?))
}

fn range(feature: Feature, value: &Value) -> Option<Range> {
    let [low, high] = <[f64; 2]>::deserialize(value).ok()?;
    let limits = feature.limits();
    let within = |value: f64| value.clamp(limits.low, limits.high);
    Some(Range::new(within(low.min(high)), within(low.max(high))))
}

/// Short texts on one line.
fn texts(texts: impl IntoIterator<Item = String>, most: usize) -> Vec<String> {
    let plain = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = |text: &String| !text.is_empty() && text.chars().count() <= TEXT;
    let clean = texts.into_iter().map(plain).filter(short).filter(|text| !text.chars().any(char::is_control));
    clean.take(most).collect()
}
