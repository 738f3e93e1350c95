//! Overrides: the environment and `--set`, laid over the file.
//!
//! A value is plain text unless it stands in brackets, braces or quotes; then it is YAML. So `*`
//! and `#` need no quoting, and lists and sections can be given whole. Maps are merged, so
//! that `auth.jwt={issuer: x}` leaves the key alone; all else is replaced.

use super::{Entry, Node, Origin, Value, parse};
use crate::config::problem::{Place, Problem};

/// Every variable with this prefix belongs to the configuration.
pub(in crate::config) const PREFIX: &str = "RECOMMENDER_";
/// Names the file; the command line reads it.
const CONFIG_FILE: &str = "RECOMMENDER_CONFIG";
/// Variables that hosters set, and the keys they stand for; a later one is stronger, our own are stronger
/// still.
const PLAIN: [(&str, &str); 3] =
    [("DATABASE_URL", "database_url"), ("VALKEY_URL", "redis_url"), ("REDIS_URL", "redis_url")];

/// A value for one path of the tree.
pub(in crate::config) struct Override {
    path: String,
    node: Node,
}

/// The variables that configure something, in the order of their names. An empty one counts as
/// not set, as compose files and unit files leave them behind.
pub(in crate::config) fn from_environment(
    variables: impl IntoIterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) -> Vec<Override> {
    let mut variables: Vec<_> = variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
    variables.sort();
    let mut overrides = Vec::new();
    for (plain, key) in PLAIN {
        for (name, value) in variables.iter().filter(|(name, _)| name == plain) {
            overrides.extend(read(key.to_owned(), value, Place::Variable(name.clone()), problems));
        }
    }
    for (name, value) in variables {
        if name.starts_with(PREFIX) && name != CONFIG_FILE && !is_service_link(&name) {
            let path = name[PREFIX.len()..].replace("__", ".").to_lowercase();
            overrides.extend(read(path, &value, Place::Variable(name), problems));
        }
    }
    overrides
}

/// The `key=value` arguments, in the order given.
pub(in crate::config) fn from_set(arguments: &[String], problems: &mut Vec<Problem>) -> Vec<Override> {
    let mut overrides = Vec::new();
    for argument in arguments {
        let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
        let key = key.trim();
        let place = Place::Set(key.to_owned());
        if !argument.contains('=') || key.is_empty() {
            problems.push(
                Problem::new(place, "expected `key=value`")
                    .help("write a key, `=` and its value, as in --set run.max_artists=10"),
            );
            continue;
        }
        overrides.extend(read(key.to_owned(), value, place, problems));
    }
    overrides
}

/// Lays overrides over the tree, later ones over earlier ones.
pub(in crate::config) fn lay_over(root: &mut Node, overrides: Vec<Override>) {
    for Override { path, node } in overrides {
        insert(root, &path, node);
    }
}

fn read(path: String, text: &str, place: Place, problems: &mut Vec<Problem>) -> Option<Override> {
    let text = text.trim();
    let node = if is_yaml(text) {
        parse(text, &Origin::Override(place), problems)?
    } else if matches!(text, "" | "~" | "null") {
        Node { value: Value::Null, place }
    } else {
        Node { value: Value::Scalar { text: text.to_owned(), quoted: false }, place }
    };
    Some(Override { path, node })
}

/// Whether a value is YAML and not plain text: closed as it was opened. `[::1]:80` is plain.
fn is_yaml(text: &str) -> bool {
    [('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\'')]
        .iter()
        .any(|&(open, close)| text.len() > 1 && text.starts_with(open) && text.ends_with(close))
}

fn insert(parent: &mut Node, path: &str, node: Node) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    if !matches!(parent.value, Value::Map(_)) {
        parent.value = Value::Map(Vec::new());
        parent.place = node.place.clone();
    }
    let Value::Map(entries) = &mut parent.value else {
        return;
    };
    let index = entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
        let place = node.place.clone();
        entries.push(Entry {
            key: key.to_owned(),
            key_place: place.clone(),
            node: Node { value: Value::Null, place },
        });
        entries.len() - 1
    });
    let entry = &mut entries[index];
    if let Some(rest) = rest {
        insert(&mut entry.node, rest, node);
    } else {
        entry.key_place = node.place.clone();
        merge(&mut entry.node, node);
    }
}

fn merge(below: &mut Node, above: Node) {
    match above.value {
        Value::Map(entries) if matches!(below.value, Value::Map(_)) => {
            for entry in entries {
                insert(below, &entry.key, entry.node);
            }
        }
        _ => *below = above,
    }
}

/// What Kubernetes and container links put into the environment for a service whose name begins
/// with `recommender`: not meant for us and not the operator's doing.
fn is_service_link(name: &str) -> bool {
    !name.contains("__")
        && (name.ends_with("_SERVICE_HOST")
            || name.contains("_SERVICE_PORT")
            || name.ends_with("_PORT")
            || (name.contains("_PORT_") && (name.contains("_TCP") || name.contains("_UDP"))))
}
