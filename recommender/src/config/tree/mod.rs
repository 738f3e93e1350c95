//! What was configured, before it is known what it means.
//!
//! The file, the environment and `--set` all become one tree of scalars, lists and maps in which
//! every node remembers where it came from. Overrides are laid over the file's tree, and one
//! reader turns the result into the typed model. So a wrong value is reported the same way
//! whatever its source, and a later source replaces an earlier one node by node.

mod overlay;
mod yaml;

pub(super) use overlay::{PREFIX, from_environment, from_set, lay_over};
pub(super) use yaml::{Origin, parse};

use super::problem::Place;
use super::secret::veil;

/// One value of the tree and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
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

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// `null` in letters, and not just nothing.
    pub(super) fn is_written_null(&self) -> bool {
        self.is_null() && !matches!(self.place, Place::File { width: 0, .. })
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entry at a path of keys joined by dots.
    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        match path.split_once('.') {
            None => self.entry(path),
            Some((first, rest)) => self.entry(first)?.node.find(rest),
        }
    }

    /// The value as a message may show it: short, on one line.
    pub(super) fn shown(&self) -> String {
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
    pub(super) fn value_place(&self) -> &Place {
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
