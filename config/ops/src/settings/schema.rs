//! The JSON Schema of a model, for editors that complete and check a file while it is written.
//!
//! It comes from the same walk that reads the model, so it knows every key. What it cannot say (bounds
//! of durations, combinations, files that must be there) it leaves to the reader: it accepts whatever
//! the reader accepts. Descriptions are the comments of the shipped file.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::reader::{Key, defaults, walk};
use super::service::Settings;
use super::tree::explanations;

/// The schema of a service's file (draft 2020-12), as text that ends with a line break.
pub fn schema<T: Settings>() -> String {
    let explained = explanations(T::SERVICE.shipped);
    // The form in which a running service shows its settings.
    let given = serde_json::to_value(defaults(T::read)).expect("settings are plain values");
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Configuration of {}", T::SERVICE.name),
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    });
    for key in walk::<T>() {
        let (section, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        let default = given.pointer(&format!("/{}", key.path.replace('.', "/")));
        let property = property(&key, explained.get(&key.path), default);
        properties(&mut root, section, &explained).insert(name.to_owned(), property);
    }
    format!("{root:#}\n")
}

/// What a section holds; it is made, with those around it, when the first of its keys comes.
fn properties<'a>(
    root: &'a mut Json,
    path: &str,
    explained: &BTreeMap<String, String>,
) -> &'a mut Map<String, Json> {
    let section = if path.is_empty() {
        root
    } else {
        let (around, name) = path.rsplit_once('.').unwrap_or(("", path));
        properties(root, around, explained).entry(name).or_insert_with(|| section(explained.get(path)))
    };
    section["properties"].as_object_mut().expect("a section is made with properties")
}

/// An empty section; all of its keys may be commented out, which leaves `null`.
fn section(explanation: Option<&String>) -> Json {
    let mut section = Map::new();
    if let Some(explanation) = explanation {
        section.insert("description".to_owned(), json!(explanation));
    }
    section.insert("type".to_owned(), json!(["object", "null"]));
    section.insert("properties".to_owned(), json!({}));
    section.insert("additionalProperties".to_owned(), json!(false));
    section.into()
}

fn property(key: &Key, explanation: Option<&String>, default: Option<&Json>) -> Json {
    let description = match explanation {
        Some(explanation) => format!("{explanation} ({})", key.wanted),
        None => key.wanted.clone(),
    };
    let mut property = json!({ "description": description });
    if let (Some(property), Json::Object(kind)) = (property.as_object_mut(), key.schema.clone()) {
        property.extend(kind);
        property.extend(default.map(|default| ("default".to_owned(), default.clone())));
    }
    property
}
