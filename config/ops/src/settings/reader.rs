//! From the tree to the typed model, in one walk.
//!
//! Each section reads its keys by name, default and kind, in that one place. The reader collects
//! every fault instead of stopping at the first: a faulty key takes its default so that the walk
//! goes on, and the whole is refused at the end. Because sections that are not given are walked
//! too, the walk also yields the list of all keys, which unknown ones are compared with.

use serde_json::Value as Json;

use super::kind::{Fault, Kind, Part, or_null};
use super::problem::{Place, Problem};
use super::service::Settings;
use super::tree::{Entry, Node, Value};
use super::unknown::Unknown;

/// One section being read.
pub struct Reader<'a> {
    section: Option<&'a Node>,
    path: String,
    names: Vec<&'static str>,
    log: &'a mut Log,
}

/// A key that a walk came by.
pub(super) struct Key {
    pub(super) path: String,
    /// What it may be, in words and as a JSON Schema.
    pub(super) wanted: String,
    pub(super) schema: Json,
}

/// What a walk leaves behind besides the model.
#[derive(Default)]
struct Log {
    problems: Vec<Problem>,
    /// All keys, in the order of the model.
    keys: Vec<Key>,
    /// Keys whose value was refused.
    faulty: Vec<String>,
    unknown: Vec<Unknown>,
}

/// Reads a model from the tree. It may only be used if no problem was found.
pub(super) fn read<T: Settings>(root: Node, problems: &mut Vec<Problem>) -> T {
    let mut log = Log::default();
    let root = Entry { key: String::new(), key_place: root.place.clone(), node: root };
    let model = section(Some(&root), String::new(), T::read, &mut log);
    problems.append(&mut log.problems);
    let keys: Vec<_> = log.keys.iter().map(|key| key.path.as_str()).collect();
    problems.extend(log.unknown.iter().map(|unknown| unknown.problem(&T::SERVICE, &keys)));
    model
}

/// A model, or a section of one, when nothing is configured.
pub fn defaults<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    section(None, String::new(), read, &mut Log::default())
}

/// The paths of all keys (`budget.rate_per_minute`), in the order of the model.
pub fn keys<T: Settings>() -> Vec<String> {
    walk::<T>().into_iter().map(|key| key.path).collect()
}

/// All keys, in the order of the model.
pub(super) fn walk<T: Settings>() -> Vec<Key> {
    let mut log = Log::default();
    section(None, String::new(), T::read, &mut log);
    log.keys
}

fn section<T>(
    entry: Option<&Entry>,
    path: String,
    read: impl FnOnce(&mut Reader<'_>) -> T,
    log: &mut Log,
) -> T {
    let entry = entry.filter(|entry| match entry.node.value {
        Value::Map(_) => true,
        // An empty section is one whose keys are all commented out.
        Value::Null => false,
        Value::Scalar { .. } | Value::List(_) => {
            log.problems.push(not_a_section(entry, &path));
            false
        }
    });
    let section = entry.map(|entry| &entry.node);
    let mut reader = Reader { section, path, names: Vec::new(), log };
    let model = read(&mut reader);
    reader.note_unknown();
    model
}

impl Reader<'_> {
    /// A key with a default.
    #[allow(clippy::needless_pass_by_value, reason = "a kind is made for its key")]
    pub fn key<K: Kind>(&mut self, name: &'static str, default: K::Value, kind: K) -> K::Value {
        self.value(name, &kind).unwrap_or(default)
    }

    /// A key that must be given if anything in its section is.
    #[allow(clippy::needless_pass_by_value, reason = "a kind is made for its key")]
    pub fn required<K: Kind>(&mut self, name: &'static str, kind: K) -> Option<K::Value> {
        let entries = self.section.map(Node::entries).unwrap_or_default();
        let mut given = entries.iter().filter(|entry| !entry.node.is_null());
        let first = given.clone().next();
        // With all others it may be empty.
        let path = self.note(name, &kind, or_null(kind.schema()));
        if given.any(|entry| entry.key == name) {
            return self.given(path, name, &kind);
        }
        if let Some(first) = first {
            let message = format!("`{}` is given without `{name}`", self.path);
            let help = format!("set `{path}` to {}, or remove `{}`", kind.wanted(), self.path);
            self.log.problems.push(Problem::new(first.key_place.clone(), message).help(help));
        }
        None
    }

    fn value<K: Kind>(&mut self, name: &'static str, kind: &K) -> Option<K::Value> {
        let path = self.note(name, kind, kind.schema());
        self.given(path, name, kind)
    }

    fn given<K: Kind>(&mut self, path: String, name: &str, kind: &K) -> Option<K::Value> {
        let entry = self.section?.entry(name)?;
        match kind.read(&entry.node) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.log.problems.extend(wrong(&path, entry, kind, fault));
                self.log.faulty.push(path);
                None
            }
        }
    }

    /// Keeps in mind that the section has this key.
    fn note<K: Kind>(&mut self, name: &'static str, kind: &K, schema: Json) -> String {
        let path = self.path_of(name);
        self.names.push(name);
        self.log.keys.push(Key { path: path.clone(), wanted: kind.wanted(), schema });
        path
    }

    /// A section; it is walked even if it is not given.
    pub fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let path = self.path_of(name);
        self.names.push(name);
        section(self.section.and_then(|node| node.entry(name)), path, read, self.log)
    }

    /// The section stands there as `null`, which is more than leaving it empty.
    pub fn is_null(&self, name: &str) -> bool {
        self.section.and_then(|node| node.entry(name)).is_some_and(|entry| entry.node.is_written_null())
    }

    /// Refuses a combination of values. It is pointed at by the first of its keys that was given
    /// and not reported at all if one of them was refused already, because then it took its
    /// default. The paths start from this section.
    pub fn refuse(&mut self, paths: &[&'static str], message: impl Into<String>, help: impl Into<String>) {
        if paths.iter().any(|path| self.log.faulty.contains(&self.path_of(path))) {
            return;
        }
        let given = paths.iter().find_map(|path| self.section?.find(path));
        let place = given.map_or(Place::Whole, |entry| entry.value_place().clone());
        self.log.problems.push(Problem::new(place, message).help(help));
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn note_unknown(self) {
        for entry in self.section.map(Node::entries).unwrap_or_default() {
            if !self.names.contains(&entry.key.as_str()) {
                self.log.unknown.push(Unknown {
                    section: self.path.clone(),
                    key: entry.key.clone(),
                    place: entry.key_place.clone(),
                    siblings: self.names.clone(),
                });
            }
        }
    }
}

fn not_a_section(entry: &Entry, path: &str) -> Problem {
    let name = if path.is_empty() { "the configuration".to_owned() } else { format!("`{path}`") };
    let message = format!("{name} is {}, but must be a section of keys", entry.node.shown());
    Problem::new(entry.value_place().clone(), message)
        .help("write its keys below it, indented, as `name: value`")
}

fn wrong<K: Kind>(path: &str, entry: &Entry, kind: &K, fault: Fault) -> Vec<Problem> {
    let whole = fault.parts.is_empty();
    let problem = |place: Place, subject: String, wanted: String, fault: Fault| {
        let message = match fault.why {
            Some(why) => format!("{subject}, which {why}; it must be {wanted}"),
            None => format!("{subject}, but must be {wanted}"),
        };
        let help = fault.help.or_else(|| kind.remedy()).unwrap_or_else(|| match entry.node.value {
            Value::List(_) | Value::Map(_) if whole => format!("write one value after `{}:`", entry.key),
            _ => "correct the value, or remove the key to get its default".to_owned(),
        });
        Problem::new(place, message).help(help)
    };
    if whole {
        // The line of a secret value may hold nothing else that tells it is one.
        let place = if kind.is_secret() { &entry.key_place } else { entry.value_place() };
        let subject = format!("`{path}` is {}", kind.shown(&entry.node));
        return vec![problem(place.clone(), subject, kind.wanted(), fault)];
    }
    let item = |part: Part| {
        problem(part.place, format!("an item of `{path}` is {}", part.shown), part.wanted, part.fault)
    };
    fault.parts.into_iter().map(item).collect()
}
