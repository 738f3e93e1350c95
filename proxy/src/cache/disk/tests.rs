//! The tier on real files, and on disks that fail.

mod bounds;
mod crashes;
mod damage;
mod failing;
mod figures;
mod keeping;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use super::file::opener;
use super::*;
use crate::api::{RowKind, Uuid};

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const GIB: u64 = 1 << 30;

fn settings(folder: &Path) -> Settings {
    Settings { path: folder.join("data/cache.redb"), max_bytes: GIB }
}

fn start(folder: &TempDir) -> Disk {
    let disk = Disk::start(settings(folder.path()));
    assert!(disk.settled(LONG));
    disk
}

fn start_with(folder: &TempDir, opener: Opener, retry: Duration) -> Disk {
    let disk = Disk::start_with(settings(folder.path()), opener, retry, QUEUE);
    assert!(disk.settled(LONG));
    disk
}

fn key(n: u128) -> Key {
    Key::Row(RowKind::Track, Uuid::from_bits(n))
}

fn entry(text: impl Into<Bytes>) -> Entry {
    at(1_000_000, text)
}

fn at(stored_at: u64, text: impl Into<Bytes>) -> Entry {
    Entry { body: text.into(), status: 200, stored_at: Timestamp(stored_at), fresh_for: 100, stale_for: 100 }
}

/// As a request would read it, on this thread.
fn get(disk: &Disk, key: &Key) -> Option<Entry> {
    View::of(Arc::clone(&disk.shared))?.get(key, |_| ())
}

/// Files beside the database, by the end of their names.
fn ruins(folder: &TempDir) -> usize {
    let files = std::fs::read_dir(folder.path().join("data")).expect("it was made");
    files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains(".damaged-")).count()
}
