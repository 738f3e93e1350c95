//! Deviations a fault rule asks for inside an otherwise right multi-get.

use std::collections::{HashMap, HashSet};

#[derive(Debug, Default)]
pub(crate) struct Tricks {
    /// Asked id → the id whose row is answered instead.
    pub(crate) relinks: HashMap<String, String>,
    /// Ids that are silently absent although they are known.
    pub(crate) dropped: HashSet<String>,
    /// Unknown UUIDs are tracks, too.
    pub(crate) endless: bool,
}

impl Tricks {
    pub(crate) fn relinked<'a>(&'a self, id: &'a str) -> &'a str {
        self.relinks.get(id).map_or(id, String::as_str)
    }

    pub(crate) fn drops(&self, id: &str) -> bool {
        self.dropped.contains(id)
    }

    /// A row names both its ids, so that a track dropped by one id is not found by the other.
    pub(crate) fn drops_row(&self, row: &str) -> bool {
        self.dropped.iter().any(|id| row.contains(id.as_str()))
    }
}
