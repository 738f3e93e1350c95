//! What the model answered, cut to what a mood may be.
//!
//! Read leniently, entry by entry: an unknown feature, a range of words, a theme nobody knows is left
//! out. A section that is empty then leaves the rules' word standing; if all are, it was no answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::{Feature, PerFeature, Range};
use crate::mood::{AnalystError, Opinion};

/// Characters of a name or keyword.
const TEXT: usize = 100;

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

/// Reads the body of a completion.
pub(super) fn read(body: &[u8]) -> Result<Opinion, AnalystError> {
    let shape = |what: &str| AnalystError::Shape(what.to_owned());
    let completion: Completion =
        serde_json::from_slice(body).map_err(|_| shape("the body is no completion"))?;
    let choice = completion.choices.first().ok_or_else(|| shape("a completion without a choice"))?;
    let fields: Map<String, Value> = serde_json::from_str(unfenced(&choice.message.content))
        .map_err(|_| shape("the message is no JSON object"))?;
    let opinion = of(&fields);
    if opinion == Opinion::default() {
        return Err(shape("the message says nothing about a mood"));
    }
    Ok(opinion)
}

fn of(fields: &Map<String, Value>) -> Opinion {
    Opinion {
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
