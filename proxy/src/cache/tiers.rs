//! Memory and, behind it, the disk. The one place where both are written, so that neither can know
//! what the other has forgotten.

use super::disk::{self, Disk, View};
use super::entry::Entry;
use super::key::Key;
use super::memory::Memory;
use crate::clock::Timestamp;

#[derive(Debug)]
pub(super) struct Tiers {
    pub(super) memory: Memory,
    pub(super) disk: Option<Disk>,
}

impl Tiers {
    pub(super) fn new(memory: Memory, disk: Option<disk::Settings>) -> Self {
        Self { memory, disk: disk.map(Disk::start) }
    }

    /// Memory alone: nothing is waited for.
    pub(super) fn get(&self, key: &Key) -> Option<Entry> {
        self.memory.get(key)
    }

    // The disk's queue comes first: what a read of the disk promotes meanwhile is then either
    // overwritten here or not promoted at all.

    pub(super) fn put(&self, key: Key, entry: Entry) {
        if let Some(disk) = &self.disk {
            disk.put(&key, entry.clone());
        }
        self.memory.put(key, entry);
    }

    pub(super) fn remove(&self, key: &Key) {
        if let Some(disk) = &self.disk {
            disk.forget(key);
        }
        self.memory.remove(key);
    }

    /// What the disk keeps that memory need not.
    pub(super) fn put_behind(&self, key: &Key, entry: Entry) {
        if let Some(disk) = &self.disk {
            disk.put(key, entry);
        }
    }

    /// Memory, then the disk; `held` is what an entry is worth now. What is found on disk and worth
    /// something is in memory afterwards, as old as it is.
    pub(super) fn recall<T>(
        &self,
        view: &mut View,
        key: &Key,
        held: impl Fn(Entry) -> Option<T>,
    ) -> Option<T> {
        let promote = |entry: &Entry| {
            if held(entry.clone()).is_some() {
                self.memory.put(key.clone(), entry.clone());
            }
        };
        self.memory.get(key).and_then(&held).or_else(|| view.get(key, promote).and_then(&held))
    }

    /// Drops what is worth nothing any more: in memory what `held` says, on disk what has expired.
    pub(super) fn sweep(&self, now: Timestamp, held: impl Fn(&Key, &Entry) -> bool) {
        self.memory.sweep(held);
        if let Some(disk) = &self.disk {
            disk.sweep(now);
        }
    }
}
