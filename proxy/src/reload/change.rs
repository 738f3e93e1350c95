use serde::Serialize;
use serde_json::Value;

use crate::config::Config;

/// One key whose value is another one. Secrets are shown as everywhere: not at all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub key: String,
    pub from: Value,
    pub to: Value,
}

/// The keys in which two configurations differ, in the order of the file.
pub(super) fn changes(from: &Config, to: &Config) -> Vec<Change> {
    let (shown_from, shown_to) = (shown(from), shown(to));
    let mut changes = Vec::new();
    compare(String::new(), &shown_from, &shown_to, &mut changes);
    // Two secrets look the same.
    let secrets = [
        ("admin.token", from.admin.token != to.admin.token),
        ("cache.redis.url", from.cache.redis.url != to.cache.redis.url),
    ];
    for (key, _) in secrets.into_iter().filter(|(_, differs)| *differs) {
        if !changes.iter().any(|change| change.key == key) {
            let value = |shown: &Value| shown.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
            let (from, to) = (value(&shown_from).unwrap_or_default(), value(&shown_to).unwrap_or_default());
            changes.push(Change { key: key.to_owned(), from, to });
        }
    }
    changes
}

/// In the form of the file, secrets hidden.
pub(super) fn shown(config: &Config) -> Value {
    serde_json::to_value(config).expect("a configuration is made of names, numbers and texts")
}

/// A value as a line of a log shows it.
pub(super) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compare(key: String, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    match (from, to) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, from) in one {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                // Both are of one type, and sections of one type have the same keys.
                compare(key, from, other.get(name).unwrap_or(&Value::Null), changes);
            }
        }
        (from, to) if from != to => changes.push(Change { key, from: from.clone(), to: to.clone() }),
        _ => {}
    }
}
