//! Memory and, behind it, the disk or the shared tier. The one place where both are written, so that
//! neither can know what the other has forgotten.

use std::collections::HashMap;

use super::disk::{Disk, View};
use super::entry::Entry;
use super::key::Key;
use super::look::Look;
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
    pub(super) fn get(&self, key: &Key, look: Look) -> Option<Entry> {
        match look {
            Look::Use => self.memory.get(key),
            Look::Glance => self.memory.peek(key),
        }
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

    /// What the tier behind keeps that memory need not.
    pub(super) fn put_behind(&self, key: &Key, entry: Entry) {
        match &self.second {
            Second::Nothing => {}
            Second::Disk(disk) => disk.put(key, entry),
            Second::Shared(shared) => shared.put(key, entry),
        }
    }

    /// Memory as far as it is `good`, then the disk. What is found there to be used and `worth`
    /// something is in memory afterwards, as old as it is.
    pub(super) fn recall(
        &self,
        view: &mut View,
        key: &Key,
        look: Look,
        good: impl Fn(&Key, &Entry) -> bool,
        worth: impl Fn(&Key, &Entry) -> bool,
    ) -> Option<Entry> {
        let promote = |entry: &Entry| self.promote(key, entry, look, &worth);
        self.get(key, look).filter(|entry| good(key, entry)).or_else(|| view.get(key, promote))
    }

    /// The shared tier, for many keys at once, with the same promotion. `None`: it cannot be asked.
    pub(super) async fn read_shared(
        &self,
        keys: Vec<Key>,
        look: Look,
        worth: impl Fn(&Key, &Entry) -> bool,
    ) -> Option<HashMap<Key, Option<Entry>>> {
        self.shared()?.read(keys, |key, entry| self.promote(key, entry, look, &worth)).await
    }

    fn promote(&self, key: &Key, entry: &Entry, look: Look, worth: impl Fn(&Key, &Entry) -> bool) {
        let newer = |held: &Entry| held.stored_at > entry.stored_at;
        if look == Look::Use && worth(key, entry) && !self.memory.peek(key).is_some_and(|held| newer(&held)) {
            self.memory.put(key.clone(), entry.clone());
        }
    }

    /// Drops what is worth nothing any more: in memory what `held` says, on disk what has expired.
    /// What is shared expires by itself.
    pub(super) fn sweep(&self, now: Timestamp, held: impl Fn(&Key, &Entry) -> bool) {
        self.memory.sweep(held);
        if let Some(disk) = self.disk() {
            disk.sweep(now);
        }
    }
}
