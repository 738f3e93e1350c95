//! The memory tier: bounded by bytes and by entries, whichever comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};

use super::entry::Entry;
use super::key::Key;

/// What an entry costs beside its body: key, entry, table slot and allocator rounding, in bytes.
const OVERHEAD: u64 = 200;

/// Least bytes of a shard, and most shards.
const SHARD: u64 = 8 << 20;
const MOST_SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Memory {
    cache: Cache<Key, Entry, Weight, DefaultHashBuilder, Evictions>,
    evictions: Evictions,
}

/// Counts what had to go for something else; not what was replaced, removed or swept.
#[derive(Debug, Clone, Default)]
struct Evictions(Arc<AtomicU64>);

impl Lifecycle<Key, Entry> for Evictions {
    type RequestState = ();

    fn before_evict(&self, (): &mut (), _: &Key, _: &mut Entry) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Weighs in bytes. No entry weighs less than an even share of the whole for `max_entries`, so
/// the byte bound alone keeps the entry bound too.
#[derive(Debug, Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        (OVERHEAD + (key.heap() + entry.body.len()) as u64).max(self.least)
    }
}

impl Memory {
    pub(super) fn new(max_bytes: u64, max_entries: usize) -> Self {
        let weight = Weight { least: max_bytes / max_entries.max(1) as u64 };
        let likely = usize::try_from(max_bytes / (OVERHEAD + 300)).unwrap_or(usize::MAX).min(max_entries);
        // A shard keeps nothing that is larger than itself: each holds many of the largest bodies.
        let shards = usize::try_from(max_bytes / SHARD).unwrap_or(usize::MAX).clamp(1, MOST_SHARDS);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(likely)
            .weight_capacity(max_bytes)
            .shards(shards)
            .build()
            .expect("both capacities are given");
        let (hasher, evictions) = (DefaultHashBuilder::default(), Evictions::default());
        Self { cache: Cache::with_options(options, weight, hasher, evictions.clone()), evictions }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Entry> {
        self.cache.get(key)
    }

    pub(super) fn put(&self, key: Key, entry: Entry) {
        self.cache.insert(key, entry);
    }

    pub(super) fn remove(&self, key: &Key) {
        self.cache.remove(key);
    }

    /// A look that does not count as use.
    pub(super) fn peek(&self, key: &Key) -> Option<Entry> {
        self.cache.peek(key)
    }

    /// Drops what is not to be kept.
    pub(super) fn sweep(&self, keep: impl Fn(&Key, &Entry) -> bool) {
        self.cache.retain(keep);
    }

    /// Walks over everything; too long for a request.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Entry)> + '_ {
        self.cache.iter()
    }

    pub(super) fn entries(&self) -> usize {
        self.cache.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.cache.weight()
    }

    /// Since the start.
    pub(super) fn evicted(&self) -> u64 {
        self.evictions.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use bytes::Bytes;

    fn entry(length: usize) -> Entry {
        Entry {
            body: Bytes::from(vec![b'x'; length]),
            status: 200,
            stored_at: Timestamp(0),
            fresh_for: 10,
            stale_for: 0,
        }
    }

    fn key(n: usize) -> Key {
        Key::Body(n.to_string().into())
    }

    #[test]
    fn bytes_bound_the_tier() {
        let memory = Memory::new(1 << 20, 1_000_000);
        for n in 0..10_000 {
            memory.put(key(n), entry(1000));
        }
        assert!(memory.bytes() <= 1 << 20);
        assert!(memory.entries() > 500);
        assert_eq!(memory.evicted(), 10_000 - memory.entries() as u64);
    }

    #[test]
    fn the_smallest_tier_keeps_a_large_body() {
        let memory = Memory::new(1 << 20, 5_000);
        memory.put(key(1), entry(100_000));
        assert!(memory.get(&key(1)).is_some());
    }

    #[test]
    fn entries_bound_the_tier_too() {
        let memory = Memory::new(64 << 20, 5_000);
        for n in 0..20_000 {
            memory.put(key(n), entry(10));
        }
        assert!(memory.entries() <= 5_000);
        assert!(memory.entries() > 4_000);
    }

    #[test]
    fn a_sweep_drops_what_nobody_reads() {
        let memory = Memory::new(1 << 20, 5_000);
        memory.put(key(1), entry(10));
        memory.put(key(2), entry(20));
        memory.put(key(1), entry(9));
        memory.sweep(|_, entry| entry.body.len() > 10);
        assert_eq!((memory.peek(&key(1)), memory.peek(&key(2))), (None, Some(entry(20))));
        assert_eq!(memory.evicted(), 0, "neither what is swept nor what is replaced");
    }
}
