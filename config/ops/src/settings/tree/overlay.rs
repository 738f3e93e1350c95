//! Overrides: the environment and `--set`, laid over the file.
//!
//! A value is plain text unless it stands in brackets, braces or quotes; then it is YAML. So `*`
//! and `#` need no quoting, and lists and sections can be given whole. Maps are merged, so
//! that `categories.track={ttl: 1h}` leaves its other keys alone; all else is replaced.

use super::{Entry, Node, Origin, Value, parse};
use crate::settings::problem::{Place, Problem};
use crate::settings::service::Service;

/// A value for one path of the tree.
#[derive(Debug)]
pub(crate) struct Override {
    path: String,
    node: Node,
    /// Gives way to any value that is there already.
    yields: bool,
}

/// The variables that configure something, the weakest first. An empty one counts as not set, as
/// compose files and unit files leave them behind.
pub(crate) fn from_environment(
    service: &Service,
    mut variables: Vec<(String, String)>,
    problems: &mut Vec<Problem>,
) -> Vec<Override> {
    variables.retain(|(_, value)| !value.trim().is_empty());
    variables.sort();
    let mut overrides = Vec::new();
    let mut read_all = |name: &str, key: String, yields: bool| {
        for (name, value) in variables.iter().filter(|(variable, _)| variable == name) {
            let place = Place::Variable(name.clone());
            overrides.extend(read(key.clone(), value, place, yields, problems));
        }
    };
    let aliases = |yields: bool| service.aliases.iter().filter(move |alias| alias.yields == yields);
    aliases(false).rev().for_each(|alias| read_all(alias.variable, alias.key.to_owned(), false));
    for (name, _) in &variables {
        if let Some(key) = service.key(name) {
            read_all(name, key, false);
        }
    }
    aliases(true).for_each(|alias| read_all(alias.variable, alias.key.to_owned(), true));
    overrides
}

/// The `key=value` arguments, in the order given.
pub(crate) fn from_set(
    service: &Service,
    arguments: &[String],
    problems: &mut Vec<Problem>,
) -> Vec<Override> {
    let mut overrides = Vec::new();
    for argument in arguments {
        let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
        let key = key.trim();
        let place = Place::Set(key.to_owned());
        if !argument.contains('=') || key.is_empty() {
            problems.push(
                Problem::new(place, "expected `key=value`")
                    .help(format!("write a key, `=` and its value, as in --set {}", service.example)),
            );
            continue;
        }
        overrides.extend(read(key.to_owned(), value, place, false, problems));
    }
    overrides
}

/// Lays overrides over the tree, later ones over earlier ones.
pub(crate) fn lay_over(root: &mut Node, overrides: Vec<Override>) {
    for Override { path, node, yields } in overrides {
        let taken = root
            .find(&path)
            .is_some_and(|entry| !entry.node.is_null() || !matches!(entry.node.place, Place::File { .. }));
        if !(yields && taken) {
            insert(root, &path, node);
        }
    }
}

fn read(
    path: String,
    text: &str,
    place: Place,
    yields: bool,
    problems: &mut Vec<Problem>,
) -> Option<Override> {
    let text = text.trim();
    let node = if is_yaml(text) {
        parse(text, &Origin::Override(place), problems)?
    } else if matches!(text, "" | "~" | "null") {
        Node { value: Value::Null, place }
    } else {
        Node { value: Value::Scalar { text: text.to_owned(), quoted: false }, place }
    };
    Some(Override { path, node, yields })
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
