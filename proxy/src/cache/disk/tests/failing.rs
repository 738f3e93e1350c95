//! Disks that are full, that cannot be read, and that recover.

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, Builder, StorageBackend};

use super::*;

/// What fails at present.
#[derive(Debug, Default)]
struct Faults {
    writes: AtomicBool,
    reads: AtomicBool,
}

#[derive(Debug)]
struct Failing {
    file: FileBackend,
    faults: Arc<Faults>,
}

impl Failing {
    fn full(&self) -> Result<(), Error> {
        if self.faults.writes.load(Ordering::Relaxed) {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Failing {
    fn len(&self) -> Result<u64, Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        if self.faults.reads.load(Ordering::Relaxed) {
            return Err(Error::other("unreadable sector"));
        }
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.full()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.full()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.full()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), Error> {
        self.file.close()
    }

    fn try_lock_range(
        &self,
        start: std::ops::Bound<u64>,
        end: std::ops::Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(
        &self,
        start: std::ops::Bound<u64>,
        end: std::ops::Bound<u64>,
    ) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

fn fallible() -> (Arc<Faults>, Opener) {
    let faults = Arc::new(Faults::default());
    let given = Arc::clone(&faults);
    let opener: Opener = Arc::new(move |builder, file| {
        builder.create_with_backend(Failing { file: FileBackend::new(file)?, faults: Arc::clone(&given) })
    });
    (faults, opener)
}

#[test]
fn a_full_disk_leaves_the_tier_away_until_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, opener) = fallible();
    let disk = start_with(&folder, opener, Duration::from_millis(1));
    disk.put(&key(1), entry("before"));
    assert!(disk.flush(LONG));

    faults.writes.store(true, Ordering::Relaxed);
    disk.put(&key(2), entry("full"));
    disk.forget(&key(1));
    assert!(!disk.flush(LONG));
    assert!(!disk.is_up());
    assert_eq!(get(&disk, &key(1)), None);
    assert!(disk.state().away.is_some());

    faults.writes.store(false, Ordering::Relaxed);
    assert!(disk.shared.wait(LONG, |state| state.file.is_some()), "it comes back");
    assert!(disk.flush(LONG));
    assert_eq!(get(&disk, &key(2)), Some(entry("full")), "what waited is written");
    assert_eq!(get(&disk, &key(1)), None, "what was forgotten meanwhile is forgotten");
    assert_eq!((ruins(&folder), disk.state().away), (0, None));
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_the_tier_away() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, opener) = fallible();
    faults.writes.store(true, Ordering::Relaxed);
    let disk = start_with(&folder, opener, LONG);
    assert!(!disk.state().up);
    disk.put(&key(1), entry("one"));
    assert!(disk.close(LONG), "a stop does not wait for it");
}

#[test]
fn a_disk_that_cannot_be_read_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    (0..3_000).for_each(|n| disk.put(&key(n), entry(vec![b'x'; 1_000])));
    assert!(disk.close(LONG));
    let (faults, opener) = fallible();
    // Without a page cache every read meets the disk.
    let opener: Opener = Arc::new(move |_, file| opener(Builder::new().set_cache_size(0), file));
    let disk = start_with(&folder, opener, Duration::from_millis(1));
    faults.reads.store(true, Ordering::Relaxed);
    assert_eq!(get(&disk, &key(1)), None);
    assert!(disk.shared.wait(LONG, |state| state.away.is_some()));
    faults.reads.store(false, Ordering::Relaxed);
    assert!(disk.shared.wait(LONG, |state| state.file.is_some()));
    assert!((0..3_000).all(|n| get(&disk, &key(n)).is_some()));
    assert_eq!(ruins(&folder), 0);
}

#[test]
fn writes_that_cannot_wait_longer_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, opener) = fallible();
    faults.writes.store(true, Ordering::Relaxed);
    let disk = Disk::start_with(settings(folder.path()), opener, LONG, 100_000);
    assert!(disk.settled(LONG));
    (0..10_000).for_each(|n| disk.put(&key(n), entry("x")));
    assert!(disk.state().dropped > 5_000, "{:?}", disk.state());
}

#[test]
fn a_log_line_is_written_per_change_not_per_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let (faults, opener) = fallible();
    faults.writes.store(true, Ordering::Relaxed);
    let disk = start_with(&folder, opener, Duration::from_millis(1));
    let why = disk.state().away;
    assert!(why.is_some());
    faults.writes.store(false, Ordering::Relaxed);
    assert!(disk.shared.wait(LONG, |state| state.file.is_some() && state.away.is_none()));
}
