//! Entries in this process: bounded by number and by bytes, each with a time to end.
//!
//! Entries that nobody asks for again must go too. A walk over all of them each minute, on the way of
//! a write, is cheap (there are at most some thousands) and needs no task of its own.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::time::Instant;

use super::Category;
use super::entry::Key;

/// All bodies together, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What an entry costs beside its body: key, times, table slot, in bytes.
const OVERHEAD: u64 = 150;

/// Between two walks over everything.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Memory {
    entries: Cache<Key, Entry, Weight>,
    swept_at: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone)]
struct Entry {
    body: Arc<str>,
    until: Instant,
}

/// Weighs in bytes. No entry weighs less than an even share of the whole for `max_entries`, so the
/// byte bound alone keeps the entry bound too.
#[derive(Debug, Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        (OVERHEAD + entry.body.len() as u64).max(self.least)
    }
}

impl Memory {
    pub(super) fn new(max_entries: usize) -> Self {
        let max_entries = max_entries.max(1);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(max_entries)
            .weight_capacity(MAX_BYTES)
            // A shard keeps nothing that is larger than itself: two hold the largest playlists.
            .shards(2)
            .build()
            .expect("both capacities are given");
        let weight = Weight { least: MAX_BYTES.div_ceil(max_entries as u64) };
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { entries: Cache::with_options(options, weight, hasher, lifecycle), swept_at: Mutex::new(None) }
    }

    pub(super) fn get(&self, key: Key) -> Option<Arc<str>> {
        let entry = self.entries.get(&key)?;
        if entry.until > Instant::now() {
            return Some(entry.body);
        }
        // A newer one may have taken its place since.
        self.entries.remove_if(&key, |held| held.until <= Instant::now());
        None
    }

    pub(super) fn put(&self, key: Key, body: Arc<str>) {
        self.sweep_in_turn();
        self.entries.insert(key, Entry { body, until: Instant::now() + key.category.ttl() });
    }

    pub(super) fn remove(&self, key: Key) {
        self.entries.remove(&key);
    }

    /// Removes all, or all of a category; how many there were.
    pub(super) fn clear(&self, category: Option<Category>) -> u64 {
        let now = Instant::now();
        let doomed: Vec<(Key, bool)> = self
            .entries
            .iter()
            .filter(|(key, _)| category.is_none_or(|only| key.category == only))
            .map(|(key, entry)| (key, entry.until > now))
            .collect();
        doomed.iter().for_each(|(key, _)| self.remove(*key));
        doomed.iter().filter(|(_, alive)| *alive).count() as u64
    }

    /// Entries of a category that can still be read.
    pub(super) fn count(&self, category: Category) -> u64 {
        let now = Instant::now();
        let alive = |key: &Key, entry: &Entry| key.category == category && entry.until > now;
        self.entries.iter().filter(|(key, entry)| alive(key, entry)).count() as u64
    }

    fn sweep_in_turn(&self) {
        let now = Instant::now();
        let mut swept_at = self.swept_at.lock().expect("no panic while it is held");
        if swept_at.is_some_and(|at| now < at + SWEEP_EVERY) {
            return;
        }
        *swept_at = Some(now);
        drop(swept_at);
        self.entries.retain(|_, entry| entry.until > now);
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.entries.len()
    }
}
