//! What the tiers hold, for people: nothing here counts as use, changes a tier or calls upstream.

use std::sync::Arc;

use super::entry::Entry;
use super::key::Key;
use super::look::Look;
use super::store::{Held, Store};
use crate::api::{Entity, Id, RowKind, Shape, Uuid, extract};

/// What one tier holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub key: Key,
    pub tier: &'static str,
    /// As it was stored.
    pub entry: Entry,
    /// As it is worth now, expiry and purges considered; `None`: nothing.
    pub held: Option<Held>,
}

impl Store {
    /// What each tier holds for these keys, in their order.
    pub async fn inspect(self: &Arc<Self>, keys: Vec<Key>) -> Vec<Found> {
        let found = |store: &Self, key: &Key, tier, entry: Entry| {
            let held = store.held(key, entry.clone());
            Found { key: key.clone(), tier, entry, held }
        };
        let mut all: Vec<Found> = keys
            .iter()
            .filter_map(|key| Some(found(self, key, "memory", self.tiers.memory.peek(key)?)))
            .collect();
        let tier = self.behind().unwrap_or_default();
        let behind = self.look_behind(keys.clone()).await.unwrap_or_default();
        let behind = keys.iter().zip(behind).filter_map(|(key, entry)| Some(found(self, key, tier, entry?)));
        all.extend(behind);
        all
    }

    /// All ids known to name the same as this one, itself first. What was purged counts too:
    /// a spelling once known may still be in use.
    pub async fn spellings(self: &Arc<Self>, id: &Id) -> Vec<Id> {
        let in_memory = spellings(id, &mut |key| self.tiers.memory.peek(key));
        let asked = id.clone();
        let whatever = |_: &Self, _: &Key, _: &Entry| true;
        self.consult(Look::Glance, whatever, move |_, get| spellings(&asked, get)).await.unwrap_or(in_memory)
    }
}

fn spellings(id: &Id, get: &mut dyn FnMut(&Key) -> Option<Entry>) -> Vec<Id> {
    let mut all = vec![id.clone()];
    let add = |all: &mut Vec<Id>, id: Id| {
        if !all.contains(&id) {
            all.push(id);
        }
    };
    for entity in Entity::ALL {
        let target = get(&Key::Mapping(entity, id.clone()));
        let target = target.and_then(|entry| Uuid::parse(std::str::from_utf8(&entry.body).ok()?));
        target.into_iter().for_each(|uuid| add(&mut all, Id::Uuid(uuid)));
    }
    let uuids: Vec<Uuid> =
        all.iter().filter_map(|id| if let Id::Uuid(uuid) = id { Some(*uuid) } else { None }).collect();
    // The way back is in the row.
    for (uuid, kind) in uuids.into_iter().flat_map(|uuid| RowKind::ALL.map(|kind| (uuid, kind))) {
        let row = get(&Key::Row(kind, uuid)).and_then(|entry| extract(Shape::Single(kind), &entry.body).ok());
        let rows = row.map(|extracted| extracted.rows).unwrap_or_default();
        rows.iter().filter_map(|row| row.spotify).for_each(|spotify| add(&mut all, Id::Spotify(spotify)));
    }
    all
}
