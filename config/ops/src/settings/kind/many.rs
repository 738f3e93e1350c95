//! Values that may be absent, and lists.

use serde_json::{Value as Json, json};

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

    fn schema(&self) -> Json {
        or_null(self.0.schema())
    }

    fn remedy(&self) -> Option<String> {
        self.0.remedy()
    }

    fn shown(&self, node: &Node) -> String {
        self.0.shown(node)
    }
}

/// A schema that accepts `null`, too.
pub(crate) fn or_null(mut schema: Json) -> Json {
    match &mut schema["type"] {
        Json::Array(types) => types.push(json!("null")),
        kind => *kind = json!([kind.take(), "null"]),
    }
    if let Some(Json::Array(values)) = schema.get_mut("enum") {
        values.push(Json::Null);
    }
    schema
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
                _ => {
                    Fault::wrong().help("write a list: [a, b], or each item on a line of its own after `- `")
                }
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

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": self.0.schema() })
    }

    fn remedy(&self) -> Option<String> {
        self.0.remedy()
    }
}
