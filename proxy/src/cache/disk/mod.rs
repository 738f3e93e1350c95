//! The disk tier: what is known outlives the process.
//!
//! Memory answers requests and is the only tier that is looked at synchronously. This one is
//! written behind and read when memory does not know: what is found there is promoted, and goes on
//! as if memory had held it all along.
//!
//! - **Writing** costs a request one short lock: writes wait in a queue, and one thread carries
//!   them out in batches, half a second old at most. Killed, the process loses the last batch.
//! - **Reading** blocks, so it happens on blocking threads, a few at a time, and gives up when the
//!   disk takes longer than an upstream call would. A read sees the queue before the file. What it
//!   promotes is checked once more under the queue's lock: a key that was written since then is
//!   looked up again, so a row that was just forgotten cannot come back through a slow read.
//! - **Trouble** is never a request's. A damaged file is moved aside and a new one begun; a disk
//!   that is full, locked or gone leaves the tier away until a later attempt succeeds, while
//!   writes wait in the queue as far as it goes. One log line per change.

#[cfg(test)]
mod tests;

mod file;
mod setting_aside;
mod view;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::entry::Entry;
use super::key::Key;
use super::queue::{Batch, Queue, Write};
use crate::clock::Timestamp;
use file::{File, Opener, Size, Trouble, opener};
pub(super) use view::View;

/// Bytes of writes that may wait for the disk.
const QUEUE: usize = 64 << 20;
/// Reads at the same time; more wait.
const READERS: usize = 16;
/// A read that takes longer is given up, and nothing is read for [`REST`]: by then the upstream is
/// the faster one, and a disk that hangs must not hold up every request.
const LATE: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_secs(10);
/// How long a stop waits for the last batch.
const CLOSING: Duration = Duration::from_secs(5);

/// Where the file is and how large it may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its folder is made if it is missing.
    pub path: PathBuf,
    /// Bound of the disk space used; see [`file`] for what that means to the byte.
    pub max_bytes: u64,
}

/// The tier as operators see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskState {
    /// The first attempt to open the file has ended, well or not.
    pub settled: bool,
    /// Why it is away; `None` when it is up or was not tried yet.
    pub away: Option<String>,
    pub up: bool,
    pub entries: u64,
    /// Estimated bytes of the entries' pages; this is what the bound is held against.
    pub bytes: u64,
    /// Bytes of the disk that the file uses.
    pub file_bytes: u64,
    /// Entries written since the start.
    pub written: u64,
    /// Entries evicted since the start, for others.
    pub evicted: u64,
    /// Writes given up because too many waited.
    pub dropped: u64,
    /// Reads given up because the disk took too long.
    pub late: u64,
    /// Files that could not be used and were moved aside since the start.
    pub set_aside: u64,
}

/// A handle; the last one to go stops the tier.
#[derive(Debug)]
pub(super) struct Disk {
    shared: Arc<Shared>,
    readers: Arc<Semaphore>,
}

struct Shared {
    path: PathBuf,
    /// As in [`Settings`]; the file looks at it with each write.
    max_bytes: Arc<AtomicU64>,
    opener: Opener,
    retry: Duration,
    state: Mutex<State>,
    /// For the writer: there may be something to do.
    work: Condvar,
    /// For those who wait for the writer.
    progress: Condvar,
    /// As in `state`, to be looked at without the lock.
    up: AtomicBool,
    late: AtomicU64,
    started: Instant,
    /// Until when nothing is read, in milliseconds from `started`.
    rest_until: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("path", &self.path).finish_non_exhaustive()
    }
}

struct State {
    queue: Queue,
    /// What is being written: no longer in the queue, not yet in the file.
    leaving: Batch,
    file: Option<Arc<File>>,
    /// Counts commits, openings and closings: what was read before is outdated.
    epoch: u64,
    /// Writes asked for so far, and those of them that are in the file.
    asked: u64,
    done: u64,
    /// Somebody waits for all writes up to now.
    flush: bool,
    /// A read met this.
    complaint: Option<Trouble>,
    sweep: Option<Sweep>,
    size: Size,
    file_bytes: u64,
    written: u64,
    evicted: u64,
    set_aside: u64,
    phase: Phase,
    away: Option<String>,
}

/// In this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The first attempt to open the file has not ended.
    Opening,
    /// It has, well or not.
    Settled,
    Stopping,
    Stopped,
}

/// A walk over all entries, as far as it has come.
#[derive(Debug, Clone)]
struct Sweep {
    cursor: Vec<u8>,
    now: Timestamp,
}

impl State {
    /// What is to become of a key that the file does not know of yet.
    fn pending(&self, key: &Key) -> Option<&Write> {
        self.queue.get(key).or_else(|| self.leaving.get(key).map(|(_, write)| write))
    }

    /// Never back.
    fn enter(&mut self, phase: Phase) {
        self.phase = self.phase.max(phase);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        millis(self.started.elapsed())
    }

    /// Waits for the writer until `until` holds; false when it took too long.
    fn wait(&self, limit: Duration, until: impl Fn(&State) -> bool) -> bool {
        let state = self.lock();
        let waited = self.progress.wait_timeout_while(state, limit, |state| !until(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        until(&state)
    }
}

impl Disk {
    /// Opens the file in the background.
    pub(super) fn start(settings: Settings) -> Self {
        Self::start_with(settings, opener(), writer::RETRY, QUEUE)
    }

    fn start_with(settings: Settings, opener: Opener, retry: Duration, queue: usize) -> Self {
        let state = State {
            queue: Queue::new(queue),
            leaving: Batch::default(),
            file: None,
            epoch: 0,
            asked: 0,
            done: 0,
            flush: false,
            complaint: None,
            sweep: None,
            size: Size::default(),
            file_bytes: 0,
            written: 0,
            evicted: 0,
            set_aside: 0,
            phase: Phase::Opening,
            away: None,
        };
        let shared = Arc::new(Shared {
            path: settings.path,
            max_bytes: Arc::new(AtomicU64::new(settings.max_bytes)),
            opener,
            retry,
            state: Mutex::new(state),
            work: Condvar::new(),
            progress: Condvar::new(),
            up: AtomicBool::new(false),
            late: AtomicU64::new(0),
            started: Instant::now(),
            rest_until: AtomicU64::new(0),
        });
        let writer = Arc::clone(&shared);
        let spawned = thread::Builder::new().name("disk".to_owned()).spawn(move || writer::run(&writer));
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for the disk tier: serving from memory alone");
            let mut state = shared.lock();
            state.phase = Phase::Stopped;
            state.away = Some(error.to_string());
        }
        Self { shared, readers: Arc::new(Semaphore::new(READERS)) }
    }

    /// Another bound from now on.
    pub(super) fn bound(&self, max_bytes: u64) {
        self.shared.max_bytes.store(max_bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn max_bytes(&self) -> u64 {
        self.shared.max_bytes.load(Ordering::Relaxed)
    }

    /// Waits until the first attempt to open the file has ended.
    pub(super) fn settled(&self, limit: Duration) -> bool {
        self.shared.wait(limit, |state| state.phase >= Phase::Settled)
    }

    /// Whether reading makes sense now.
    pub(super) fn is_up(&self) -> bool {
        self.shared.up.load(Ordering::Relaxed)
            && self.shared.now() >= self.shared.rest_until.load(Ordering::Relaxed)
    }

    pub(super) fn put(&self, key: &Key, entry: Entry) {
        self.push(key, Write::Put(entry));
    }

    pub(super) fn forget(&self, key: &Key) {
        self.push(key, Write::Forget);
    }

    fn push(&self, key: &Key, write: Write) {
        let mut state = self.shared.lock();
        if state.phase >= Phase::Stopping {
            return;
        }
        // The writer looks by itself once it is awake; a full batch is worth waking it early.
        let wake = state.queue.is_empty() || state.queue.weight() > writer::FULL;
        state.queue.push(key, write);
        state.asked += 1;
        drop(state);
        if wake {
            self.shared.work.notify_one();
        }
    }

    /// Reads on a blocking thread; `None` when the tier is away, or the disk too slow.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut View) -> T + Send + 'static,
    ) -> Option<T> {
        if !self.is_up() {
            return None;
        }
        if let Ok(result) = timeout(LATE, self.walk(act)).await {
            return result;
        }
        self.shared.late.fetch_add(1, Ordering::Relaxed);
        let now = self.shared.now();
        if self.shared.rest_until.swap(now + millis(REST), Ordering::Relaxed) <= now {
            tracing::warn!(rest = ?REST, "the disk is slow: answering without it for a while");
        }
        None
    }

    /// Reads on this thread, for as long as it takes. `None` when the tier is away.
    pub(super) fn read_now<T>(&self, act: impl FnOnce(&mut View) -> T) -> Option<T> {
        View::of(Arc::clone(&self.shared)).map(|mut view| act(&mut view))
    }

    /// Like [`Disk::read`], however long it takes.
    pub(super) async fn walk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut View) -> T + Send + 'static,
    ) -> Option<T> {
        let (shared, readers) = (Arc::clone(&self.shared), Arc::clone(&self.readers));
        let permit = readers.acquire_owned().await.ok()?;
        let task = spawn_blocking(move || {
            let result = View::of(shared).map(|mut view| act(&mut view));
            drop(permit);
            result
        });
        task.await.ok().flatten()
    }

    /// Drops what can be served no more, in the background and in small steps.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.shared.lock().sweep.get_or_insert(Sweep { cursor: Vec::new(), now });
        self.shared.work.notify_one();
    }

    /// Waits until everything asked so far is in the file; false when the tier is away or it took
    /// too long.
    #[cfg(test)]
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let mut state = self.shared.lock();
        state.flush = true;
        let asked = state.asked;
        drop(state);
        self.shared.work.notify_one();
        self.shared.wait(limit, |state| state.done >= asked || state.file.is_none())
            && self.shared.lock().done >= asked
    }

    /// Writes what waits and closes the file; false when that took too long.
    pub(super) fn close(&self, limit: Duration) -> bool {
        self.shared.lock().enter(Phase::Stopping);
        self.shared.work.notify_one();
        self.shared.wait(limit, |state| state.phase == Phase::Stopped)
    }

    pub(super) fn state(&self) -> DiskState {
        let state = self.shared.lock();
        DiskState {
            settled: state.phase >= Phase::Settled,
            away: state.away.clone(),
            up: state.file.is_some(),
            entries: state.size.entries,
            bytes: state.size.weight,
            file_bytes: state.file_bytes,
            written: state.written,
            evicted: state.evicted,
            dropped: state.queue.dropped(),
            late: self.shared.late.load(Ordering::Relaxed),
            set_aside: state.set_aside,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close(CLOSING);
    }
}
