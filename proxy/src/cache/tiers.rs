//! Memory and, behind it, the disk or the shared tier. The one place where both are written, so that
//! neither can know what the other has forgotten.

use std::collections::HashMap;

use super::disk::{Disk, View};
use super::entry::{Entry, Freshness};
use super::key::Key;
use super::memory::Memory;
use super::shared::Shared;
use crate::clock::Timestamp;

#[derive(Debug)]
pub(super) struct Tiers {
    pub(super) memory: Memory,
    pub(super) second: Second,
}

/// What stands behind memory.
#[derive(Debug)]
pub(super) enum Second {
    Nothing,
    Disk(Disk),
    Shared(Shared),
}

impl Tiers {
    pub(super) fn disk(&self) -> Option<&Disk> {
        match &self.second {
            Second::Disk(disk) => Some(disk),
            Second::Nothing | Second::Shared(_) => None,
        }
    }

    pub(super) fn shared(&self) -> Option<&Shared> {
        match &self.second {
            Second::Shared(shared) => Some(shared),
            Second::Nothing | Second::Disk(_) => None,
        }
    }

    /// Memory alone: nothing is waited for.
    pub(super) fn get(&self, key: &Key) -> Option<Entry> {
        self.memory.get(key)
    }

    // The queue of the tier behind comes first: what a read there promotes meanwhile is then either
    // overwritten here or not promoted at all.

    pub(super) fn put(&self, key: Key, entry: Entry) {
        match &self.second {
            Second::Nothing => {}
            Second::Disk(disk) => disk.put(&key, entry.clone()),
            Second::Shared(shared) => shared.put(&key, entry.clone()),
        }
        self.memory.put(key, entry);
    }

    pub(super) fn remove(&self, key: &Key) {
        match &self.second {
            Second::Nothing => {}
            Second::Disk(disk) => disk.forget(key),
            Second::Shared(shared) => shared.forget(key),
        }
        self.memory.remove(key);
    }

    /// Memory, then the disk. What is found there is in memory afterwards, as old as it is.
    pub(super) fn recall(&self, view: &mut View, key: &Key, now: Timestamp) -> Option<Entry> {
        let servable = |entry: &Entry| entry.freshness(now) != Freshness::Gone;
        let promote = |entry: &Entry| {
            if servable(entry) {
                self.memory.put(key.clone(), entry.clone());
            }
        };
        self.memory.get(key).filter(servable).or_else(|| view.get(key, promote).filter(servable))
    }

    /// The same of the shared tier, for many keys at once. `None`: it cannot be asked.
    pub(super) async fn read_shared(
        &self,
        keys: Vec<Key>,
        now: Timestamp,
    ) -> Option<HashMap<Key, Option<Entry>>> {
        let promote = |key: &Key, entry: &Entry| {
            let newer = |held: &Entry| held.stored_at > entry.stored_at;
            if entry.freshness(now) != Freshness::Gone
                && !self.memory.get(key).is_some_and(|held| newer(&held))
            {
                self.memory.put(key.clone(), entry.clone());
            }
        };
        self.shared()?.read(keys, promote).await
    }

    pub(super) fn sweep(&self, now: Timestamp) {
        self.memory.sweep(now);
        // What is shared expires by itself.
        if let Some(disk) = self.disk() {
            disk.sweep(now);
        }
    }
}
