use std::fmt;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::form;
use crate::api::{Entity, Id, RowKind, Uuid};

/// What a fact is about. Rows are kept under their UUID; a Spotify id leads there by a mapping,
/// and so does a UUID that the upstream has linked to another row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Row(RowKind, Uuid),
    Mapping(Entity, Id),
    /// Absence is per kind: a track without features is not a missing track.
    Missing(RowKind, Id),
    /// A whole body under its canonical or exact text.
    Body(Arc<str>),
}

impl Key {
    /// Stable over versions and replicas.
    pub(crate) fn hash(&self) -> u128 {
        xxh3_128(&form::key(self))
    }

    /// Heap bytes the key owns.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Body(text) => text.len(),
            Self::Missing(_, Id::Malformed(text)) | Self::Mapping(_, Id::Malformed(text)) => text.len(),
            _ => 0,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(kind, uuid) => write!(f, "{}:{uuid}", kind.name()),
            Self::Mapping(entity, id) => write!(f, "mapping:{}:{id}", entity.name()),
            Self::Missing(kind, id) => write!(f, "missing:{}:{id}", kind.name()),
            Self::Body(text) => write!(f, "body:{text}"),
        }
    }
}
