//! The file: tables, what they weigh, and how they are kept within their bound.
//!
//! Three tables. `entries` holds the facts. `order` holds (stored at, key) → when it can be served
//! no more: what was stored longest ago is at its front, and expired entries are found by walking it
//! without touching bodies. What is refreshed moves to the end, so evicting from the front is close
//! to evicting what has been asked for longest ago. `about` holds the format and the weight.
//!
//! **What the bound means.** redb reuses freed pages but gives none back, and counting its used
//! pages would mean walking them, so the bound is kept by weight: an estimate of the pages an entry
//! takes, on the high side. The weight stays below [`FILLING`] of the bound, the rest is for pages
//! rewritten by a commit before the old ones are free. Blocks in use then stay below the bound; the
//! *length* of the file, which is sparse, may be up to twice as much, since redb doubles it. A
//! bound below a few MiB is that of an empty file. After the bound was lowered, entries go and the
//! blocks stay until the next regular stop, which cuts the free end off.
//!
//! **Commits** are durable and record the allocator's state ("quick repair"), so that a start
//! after kill -9 loads that state instead of walking the file. They cost a second `fsync`, at most
//! twice a second and never on a request's path.
//!
//! redb may panic on a damaged file (its documentation says so), so every call goes through
//! [`guarded`].

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    Table, TableDefinition, WriteTransaction,
};

use crate::cache::entry::Entry;
use crate::cache::form;
use crate::cache::key::Key;
use crate::cache::queue::{Batch, Write};
use crate::clock::Timestamp;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
/// Seconds since 1970, big-endian, and the key → seconds since 1970.
const ORDER: TableDefinition<'_, &[u8], u32> = TableDefinition::new("order");
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");

/// The tables' form. A file of another one is moved aside.
const FORMAT: u64 = 1;
/// redb's own default is 1 GiB.
const PAGE_CACHE: usize = 64 << 20;
/// The share of the bound that entries may fill, in percent.
const FILLING: u64 = 75;
/// Entries evicted beside one commit at least, so that a lowered bound is reached without one
/// commit that rewrites half the file.
const STEP: u64 = 2_048;

/// Why the tier cannot go on with its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// Nothing here can be trusted.
    #[error("{0}")]
    Damaged(String),
    /// Another try may succeed.
    #[error("{0}")]
    Unavailable(String),
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        use io::ErrorKind::{InvalidData, UnexpectedEof};
        let text = error.to_string();
        match error {
            redb::Error::Io(cause) if matches!(cause.kind(), InvalidData | UnexpectedEof) => {
                Self::Damaged(text)
            }
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::Unavailable("another process has the file open".to_owned())
            }
            redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                Self::Unavailable(text)
            }
            _ => Self::Damaged(text),
        }
    }
}

thread_local! {
    /// This thread is inside the database: a panic there is an error, not news.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics that become errors off the terminal; all others go where they went before.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |about| {
            if !GUARDED.try_with(Cell::get).unwrap_or_default() {
                before(about);
            }
        }));
    });
}

/// Lets a panic of the database be an error of ours.
fn guarded<T>(act: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Trouble> {
    let outer = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(act));
    GUARDED.set(outer);
    match outcome {
        Ok(result) => result.map_err(Trouble::from),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Trouble::Damaged(format!("the database gave up: {said}")))
        }
    }
}

/// How a database is made of an open file; tests put a failing disk in between.
pub(super) type Opener =
    Arc<dyn Fn(&Builder, fs::File) -> Result<Database, DatabaseError> + Send + Sync + 'static>;

pub(super) fn opener() -> Opener {
    Arc::new(|builder, file| builder.create_with_backend(FileBackend::new(file)?))
}

/// An open database file.
pub(super) struct File {
    database: Option<Database>,
    path: PathBuf,
    /// Bound of the blocks it uses.
    max_bytes: Arc<AtomicU64>,
}

/// How full it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) entries: u64,
    /// Estimated bytes of their pages.
    pub(super) weight: u64,
    pub(super) over: bool,
    /// Entries that this commit evicted.
    pub(super) evicted: u64,
}

impl File {
    /// Opens or makes the file. `max_bytes` bounds the blocks it uses, as it is at each write.
    pub(super) fn open(
        path: &Path,
        max_bytes: &Arc<AtomicU64>,
        opener: &Opener,
    ) -> Result<(Self, Size), Trouble> {
        quieten();
        let unavailable = |error: io::Error| Trouble::Unavailable(error.to_string());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(unavailable)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(unavailable)?;
        let mut builder = Builder::new();
        builder.set_cache_size(PAGE_CACHE);
        let database = guarded(|| Ok(opener(&builder, file)?))?;
        let max_bytes = Arc::clone(max_bytes);
        let file = Self { database: Some(database), path: path.to_owned(), max_bytes };
        let size = file.write(|tables| {
            let found = tables.about.get("format")?.map(|format| format.value());
            match found {
                Some(FORMAT) => {}
                None => drop(tables.about.insert("format", FORMAT)?),
                Some(other) => {
                    let known = "this version reads";
                    return Err(redb::Error::Corrupted(format!("its format is {other}, {known} {FORMAT}")));
                }
            }
            Ok(())
        })?;
        Ok((file, size))
    }

    /// What the entries may weigh.
    fn most(&self) -> u64 {
        self.max_bytes.load(Ordering::Relaxed) / 100 * FILLING
    }

    /// Carries a batch out, and evicts what no longer fits.
    pub(super) fn apply(&self, batch: &Batch) -> Result<Size, Trouble> {
        let mut writes: Vec<_> = batch.iter().map(|(key, (_, write))| (form::key(key), key, write)).collect();
        // Neighbours in the tree are written together.
        writes.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        self.write(|tables| {
            for (at, key, write) in &writes {
                match write {
                    Write::Put(entry) => tables.put(at, &form::value(at, key, entry), entry)?,
                    Write::Forget => tables.remove(at)?,
                }
            }
            tables.evict(self.most(), STEP.max(2 * writes.len() as u64))
        })
    }

    /// Evicts a little of what is too much.
    pub(super) fn evict(&self) -> Result<Size, Trouble> {
        self.write(|tables| tables.evict(self.most(), STEP))
    }

    /// Looks at the next `step` entries after `cursor` and drops those that can be served no more.
    /// Returns where to go on; `None` at the end.
    pub(super) fn sweep(
        &self,
        cursor: &[u8],
        step: usize,
        now: Timestamp,
    ) -> Result<(Option<Vec<u8>>, Option<Size>), Trouble> {
        let now = seconds(now);
        let (next, expired) = guarded(|| {
            let order = self.database().begin_read()?.open_table(ORDER)?;
            let mut expired = Vec::new();
            let mut last = None;
            for row in order.range(cursor..)?.take(step) {
                let (place, gone_at) = row?;
                if gone_at.value() <= now {
                    expired.push(place.value().to_vec());
                }
                last = Some(place.value().to_vec());
            }
            // The next step begins right behind the last row seen.
            last.iter_mut().for_each(|place| place.push(0));
            Ok((last, expired))
        })?;
        if expired.is_empty() {
            return Ok((next, None));
        }
        let size = self.write(|tables| expired.iter().try_for_each(|place| tables.drop_from(place)))?;
        Ok((next, Some(size)))
    }

    /// The file as of now.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Trouble> {
        guarded(|| Ok(Snapshot(self.database().begin_read()?.open_table(ENTRIES)?)))
    }

    /// Bytes of the disk that the file uses.
    pub(super) fn blocks(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| blocks(&metadata))
    }

    fn database(&self) -> &Database {
        self.database.as_ref().expect("taken out only when dropped")
    }

    /// One transaction.
    fn write(&self, act: impl FnOnce(&mut Tables<'_>) -> Result<(), redb::Error>) -> Result<Size, Trouble> {
        guarded(|| {
            let mut transaction = self.database().begin_write()?;
            transaction.set_quick_repair(true);
            let size = {
                let mut tables = Tables::open(&transaction)?;
                act(&mut tables)?;
                tables.about.insert("weight", tables.weight)?;
                let (entries, weight) = (tables.entries.len()?, tables.weight);
                Size { entries, weight, over: weight > self.most() && entries > 0, evicted: tables.evicted }
            };
            transaction.commit()?;
            Ok(size)
        })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let database = self.database.take();
        // Errors are logged nowhere: a file that was not closed is repaired quickly.
        let _ = guarded(|| {
            drop(database);
            Ok(())
        });
    }
}

#[cfg(unix)]
fn blocks(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn blocks(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

/// What can be read while writes go on.
pub(super) struct Snapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Snapshot {
    pub(super) fn get(&self, key: &Key) -> Result<Option<Entry>, Trouble> {
        let at = form::key(key);
        guarded(|| {
            let value = self.0.get(at.as_slice())?;
            Ok(value.and_then(|value| form::entry(&at, key, value.value())))
        })
    }

    /// Walks over all denials.
    pub(super) fn denials(&self, mut found: impl FnMut(Key, Entry)) -> Result<(), Trouble> {
        guarded(|| {
            for row in self.0.range(&[form::DENIED][..]..&[form::DENIED + 1][..])? {
                let (at, value) = row?;
                form::denial(at.value(), value.value())
                    .into_iter()
                    .for_each(|(key, entry)| found(key, entry));
            }
            Ok(())
        })
    }
}

struct Tables<'t> {
    entries: Table<'t, &'static [u8], &'static [u8]>,
    order: Table<'t, &'static [u8], u32>,
    about: Table<'t, &'static str, u64>,
    weight: u64,
    evicted: u64,
}

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        let entries = transaction.open_table(ENTRIES)?;
        let order = transaction.open_table(ORDER)?;
        let about = transaction.open_table(ABOUT)?;
        let weight = about.get("weight")?.map_or(0, |weight| weight.value());
        Ok(Self { entries, order, about, weight, evicted: 0 })
    }

    fn put(&mut self, at: &[u8], value: &[u8], entry: &Entry) -> Result<(), redb::Error> {
        let replaced = self.entries.insert(at, value)?.map(|old| Trace::of(old.value()));
        self.released(at, replaced)?;
        self.weight += weigh(at.len(), value.len());
        let lifetime = u64::from(entry.fresh_for) + u64::from(entry.stale_for);
        let gone_at = seconds(entry.stored_at).saturating_add(u32::try_from(lifetime).unwrap_or(u32::MAX));
        self.order.insert(place(seconds(entry.stored_at), at).as_slice(), gone_at)?;
        Ok(())
    }

    fn remove(&mut self, at: &[u8]) -> Result<(), redb::Error> {
        let removed = self.entries.remove(at)?.map(|old| Trace::of(old.value()));
        self.released(at, removed)
    }

    fn released(&mut self, at: &[u8], old: Option<Trace>) -> Result<(), redb::Error> {
        let Some(old) = old else { return Ok(()) };
        self.weight = self.weight.saturating_sub(weigh(at.len(), old.length));
        self.order.remove(place(old.stored_at, at).as_slice())?;
        Ok(())
    }

    fn evict(&mut self, most: u64, at_most: u64) -> Result<(), redb::Error> {
        for _ in 0..at_most {
            if self.weight <= most {
                break;
            }
            let Some(place) = self.order.pop_first()?.map(|(place, _)| place.value().to_vec()) else { break };
            self.drop_from(&place)?;
            self.evicted += 1;
        }
        Ok(())
    }

    /// Drops the row that stands at this place of the order, and the place.
    fn drop_from(&mut self, place: &[u8]) -> Result<(), redb::Error> {
        self.order.remove(place)?;
        let Some((stored_at, at)) = place.split_first_chunk::<4>() else { return Ok(()) };
        let found = self.entries.get(at)?.map(|value| Trace::of(value.value()));
        // It may have been stored anew since, and stands elsewhere then.
        if found.is_some_and(|found| found.stored_at == u32::from_be_bytes(*stored_at)) {
            self.remove(at)?;
        }
        Ok(())
    }
}

/// What must be known of a value that goes.
struct Trace {
    length: usize,
    stored_at: u32,
}

impl Trace {
    fn of(value: &[u8]) -> Self {
        let stored_at = form::stored_at(value).map_or(0, seconds);
        Self { length: value.len(), stored_at }
    }
}

fn place(stored_at: u32, at: &[u8]) -> Vec<u8> {
    [&stored_at.to_be_bytes(), at].concat()
}

/// Whole seconds; the end of the time of `u32` is in 2106.
fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.0 / 1000).unwrap_or(u32::MAX)
}

/// The pages an entry takes, both tables, in bytes. Small entries share pages of 4 KiB, of which
/// random insertions and evictions leave some 60 % filled; a larger one has pages of its own, whose
/// number is a power of two.
fn weigh(key: usize, value: usize) -> u64 {
    let own = (key + value + 16) as u64;
    let order = (key + 16) as u64;
    let own = if own > 2_048 { own.next_power_of_two().max(4_096) } else { own * 5 / 3 };
    own + order * 5 / 3
}
