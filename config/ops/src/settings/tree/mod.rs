//! What was configured, before it is known what it means.
//!
//! The file, the environment and `--set` all become one tree of scalars, lists and maps in which
//! every node remembers where it came from. Overrides are laid over the file's tree, and one
//! reader turns the result into the typed model. So a wrong value is reported the same way
//! whatever its source, and a later source replaces an earlier one node by node.

mod comment;
mod json;
mod overlay;
mod yaml;

pub(super) use comment::explanations;
pub(super) use overlay::{from_environment, from_set, lay_over};
pub(super) use yaml::{Origin, parse};

use super::problem::{ConfigError, Place, Source};
use super::secret::veil;

/// One value of the tree and where it was written.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Kept as text: whether `123` is a number or a password is for the key to say.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    /// The tree of a file by itself; an empty text is `Null`.
    ///
    /// # Errors
    /// What is wrong with it as YAML.
    pub fn of_yaml(text: &str) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        match parse(text, &Origin::File, &mut problems) {
            Some(node) if problems.is_empty() => Ok(node),
            _ => Err(ConfigError::new(problems, Source { path: None, text: text.to_owned() })),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// `null` in letters, and not just nothing.
    pub(super) fn is_written_null(&self) -> bool {
        self.is_null() && !matches!(self.place, Place::File { width: 0, .. })
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entry at a path of keys joined by dots.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        match path.split_once('.') {
            None => self.entry(path),
            Some((first, rest)) => self.entry(first)?.node.find(rest),
        }
    }

    /// The value as a message may show it: short, on one line.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Null => "empty".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a section".to_owned(),
            Value::Scalar { text, .. } => format!("`{}`", clipped(&veil(text))),
        }
    }
}

impl Entry {
    /// Where to point when the value is at fault: at the value, or at its key if there is
    /// nothing or too much to point at.
    pub fn value_place(&self) -> &Place {
        match self.node.value {
            Value::Scalar { .. } => &self.node.place,
            _ => &self.key_place,
        }
    }
}

fn clipped(text: &str) -> String {
    const MOST: usize = 60;
    let line: String = text.escape_debug().collect();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.replace("\\\"", "\"").replace("\\'", "'"),
    }
}
