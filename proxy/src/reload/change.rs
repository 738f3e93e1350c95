use recobeat_ops::reload::{self, Change};
use serde_json::Value;

use crate::config::Config;

/// The keys in which two configurations differ, in the order of the file.
pub(super) fn changes(from: &Config, to: &Config) -> Vec<Change> {
    let (shown_from, shown_to) = (shown(from), shown(to));
    let mut changes = reload::changes(&shown_from, &shown_to);
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
