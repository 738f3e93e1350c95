use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One key whose value is another one. Secrets are shown as everywhere: not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub key: String,
    pub from: Value,
    pub to: Value,
}

/// The keys in which two settings of one model differ, in its order. Both in the form of the file.
pub fn changes(from: &Value, to: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(String::new(), from, to, &mut changes);
    changes
}

fn compare(key: String, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    match (from, to) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, from) in one {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                // Sections of one type have the same keys.
                compare(key, from, other.get(name).unwrap_or(&Value::Null), changes);
            }
        }
        (from, to) if from != to => changes.push(Change { key, from: from.clone(), to: to.clone() }),
        _ => {}
    }
}

/// `budget.rate_per_minute 80 → 60`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} → {}", self.key, word(&self.from), word(&self.to))
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All in one line.
pub fn listed<T: fmt::Display>(items: &[T]) -> String {
    let words: Vec<_> = items.iter().map(ToString::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_key_in_the_order_of_the_model() {
        let one = json!({ "b": { "x": 1, "y": "10s" }, "a": [1], "tls": null, "same": true });
        let other = json!({ "b": { "x": 1, "y": "5s" }, "a": [1, 2], "tls": { "cert": "c" }, "same": true });
        let told = listed(&changes(&one, &other));
        assert_eq!(told, r#"b.y 10s → 5s, a [1] → [1,2], tls null → {"cert":"c"}"#);
        assert_eq!(changes(&one, &one), []);
    }
}
