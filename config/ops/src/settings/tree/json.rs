//! A tree as an editor sees it.

use serde_json::{Value as Json, json};

use super::{Node, Value};

impl Node {
    /// The same in JSON, plain scalars resolved by the core schema of YAML 1.2: `80` is a number there,
    /// whatever the key wants.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Scalar { text, quoted: true } => json!(text),
            Value::Scalar { text, quoted: false } => resolved(text),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect())
            }
        }
    }
}

fn resolved(text: &str) -> Json {
    match text {
        "true" | "True" | "TRUE" => return json!(true),
        "false" | "False" | "FALSE" => return json!(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !number {
        return json!(text);
    }
    if let Ok(whole) = digits.parse::<i64>() {
        return json!(if text.starts_with('-') { -whole } else { whole });
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => json!(number),
        _ => json!(text),
    }
}
