//! Values that may be absent, and lists.

use super::{Fault, Kind, Part};
use crate::settings::tree::{Node, Value};

/// `null`, or a value of the kind.
pub fn optional<K: Kind>(kind: K) -> Optional<K> {
    Optional(kind)
}

pub struct Optional<K>(K);

impl<K: Kind> Kind for Optional<K> {
    type Value = Option<K::Value>;

    fn wanted(&self) -> String {
        format!("{}, or null", self.0.wanted())
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Fault> {
        if node.is_null() { Ok(None) } else { self.0.read(node).map(Some) }
    }

    fn remedy(&self) -> Option<String> {
        self.0.remedy()
    }

    fn shown(&self, node: &Node) -> String {
        self.0.shown(node)
    }
}

/// A list of values of the kind, possibly empty.
pub fn list<K: Kind>(kind: K) -> List<K> {
    List(kind)
}

pub struct List<K>(K);

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;

    fn wanted(&self) -> String {
        format!("a list, each item {}", self.0.wanted())
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Fault> {
        let Value::List(items) = &node.value else {
            return Err(match &node.value {
                Value::Scalar { text, .. } => Fault::why("is not a list").help(format!("write [\"{text}\"]")),
                _ => Fault::wrong(),
            });
        };
        let mut values = Vec::new();
        let mut parts = Vec::new();
        for item in items {
            match self.0.read(item) {
                Ok(value) => values.push(value),
                Err(fault) => parts.push(Part {
                    place: item.place.clone(),
                    shown: self.0.shown(item),
                    wanted: self.0.wanted(),
                    fault,
                }),
            }
        }
        if parts.is_empty() { Ok(values) } else { Err(Fault { parts, ..Fault::default() }) }
    }

    fn remedy(&self) -> Option<String> {
        self.0.remedy()
    }
}
