//! Memory and, behind it, the disk. The one place where both are written, so that neither can know
//! what the other has forgotten.

use super::disk::{self, Disk, View};
use super::entry::{Entry, Freshness};
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

    pub(super) fn sweep(&self, now: Timestamp) {
        self.memory.sweep(now);
        if let Some(disk) = &self.disk {
            disk.sweep(now);
        }
    }
}
