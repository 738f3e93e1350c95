//! What operators ask of the whole store: walks over everything it holds.
//!
//! A walk may take longer than a request should, so it happens on a blocking thread and keeps no
//! more than it will show.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::entry::Entry;
use super::key::Key;
use super::store::Store;
use crate::clock::Timestamp;

/// Keys read at once from a server that replicas share.
const PAGE: usize = 500;

/// Requests that the upstream refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denials {
    /// How many there are.
    pub total: usize,
    /// The latest of them, newest first, with the text of the request.
    pub newest: Vec<(Arc<str>, Entry)>,
}

/// Entries of one sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub entries: u64,
    /// Of these, served only until they are refreshed.
    pub stale: u64,
    /// Age of the oldest in seconds.
    pub oldest: u64,
}

/// Keeps the newest.
struct Newest {
    most: usize,
    total: usize,
    kept: BTreeMap<(Timestamp, Arc<str>), Entry>,
}

impl Newest {
    fn new(most: usize) -> Self {
        Self { most, total: 0, kept: BTreeMap::new() }
    }

    fn add(&mut self, text: Arc<str>, entry: Entry) {
        self.total += 1;
        self.keep((entry.stored_at, text), entry);
    }

    fn keep(&mut self, place: (Timestamp, Arc<str>), entry: Entry) {
        self.kept.insert(place, entry);
        if self.kept.len() > self.most {
            self.kept.pop_first();
        }
    }

    fn take_in(&mut self, other: Self) {
        self.total += other.total;
        other.kept.into_iter().for_each(|(place, entry)| self.keep(place, entry));
    }
}

impl Store {
    /// The denials in all tiers; at most `most` are told.
    pub async fn denials(self: &Arc<Self>, most: usize) -> Denials {
        let store = Arc::clone(self);
        let walk = spawn_blocking(move || {
            let (mut newest, mut seen) = (Newest::new(most), HashSet::new());
            for (key, entry) in store.tiers.memory.iter() {
                if let Key::Denied(text) = &key
                    && store.is_held(&key, &entry)
                    && seen.insert(Arc::clone(text))
                {
                    newest.add(Arc::clone(text), entry);
                }
            }
            (newest, seen)
        });
        let Ok((mut newest, seen)) = walk.await else { return Denials::default() };
        if let Some(shared) = self.tiers.shared() {
            let listed = shared.denials().await.unwrap_or_default();
            let unseen =
                listed.into_iter().filter(|key| !matches!(key, Key::Denied(text) if seen.contains(text)));
            let unseen: Vec<Key> = unseen.collect();
            let mut found = Vec::with_capacity(unseen.len());
            for page in unseen.chunks(PAGE) {
                found.extend(self.look_behind(page.to_vec()).await.unwrap_or_else(|| vec![None; page.len()]));
            }
            for (key, entry) in unseen.into_iter().zip(found) {
                let entry = entry.filter(|entry| self.is_held(&key, entry));
                if let (Key::Denied(text), Some(entry)) = (key, entry) {
                    newest.add(text, entry);
                }
            }
        }
        if let Some(disk) = self.tiers.disk() {
            let store = Arc::clone(self);
            let walk = disk.walk(move |view| {
                let mut newest = Newest::new(most);
                store.recall_barriers(view);
                view.denials(|key, entry| match &key {
                    Key::Denied(text) if store.is_held(&key, &entry) && !seen.contains(text) => {
                        newest.add(Arc::clone(text), entry);
                    }
                    _ => {}
                });
                newest
            });
            walk.await.into_iter().for_each(|found| newest.take_in(found));
        }
        let Newest { total, kept, .. } = newest;
        let newest = kept.into_iter().rev().map(|((_, text), entry)| (text, entry)).collect();
        Denials { total, newest }
    }

    /// What memory holds of rows, mappings and absences: by sort (`row`, `mapping`, `missing`) and
    /// by what they are about.
    pub async fn census(self: &Arc<Self>) -> BTreeMap<(&'static str, &'static str), Tally> {
        let (now, store) = (self.now(), Arc::clone(self));
        let walk = spawn_blocking(move || {
            let mut census = BTreeMap::<_, Tally>::new();
            for (key, entry) in store.tiers.memory.iter() {
                let sort = match &key {
                    Key::Row(kind, _) => ("row", kind.name()),
                    Key::Mapping(entity, _) => ("mapping", entity.name()),
                    Key::Missing(kind, _) => ("missing", kind.name()),
                    Key::Body(_) | Key::Denied(_) => continue,
                };
                if let Some(held) = store.held(&key, entry) {
                    let tally = census.entry(sort).or_default();
                    tally.entries += 1;
                    tally.stale += u64::from(held.stale);
                    tally.oldest = tally.oldest.max(held.entry.age(now));
                }
            }
            census
        });
        walk.await.unwrap_or_default()
    }
}
