//! The shared tier: a Redis or Valkey that all replicas read and write, so that none warms alone.
//!
//! It takes the place of the disk, and works as that does: memory answers first and is the only
//! tier looked at synchronously; writes wait in a queue and are carried out behind; what a read
//! finds is promoted to memory. The server being away costs nothing but misses: nothing is read
//! then, and writes wait in the queue as far as it goes, to be replayed when it is back.
//!
//! - **Reading**: look-ups that come together travel together ([`reader`]), within one time limit.
//! - **Writing**: an entry is written unless a newer one is there ([`writer`]). Whatever order
//!   replicas' writes arrive in, a late one never replaces what was learned after it.
//! - **Promoting**: a read sees the queue before the server, and what it brings back is compared
//!   once more with everything written since it began. A fact that was forgotten meanwhile cannot
//!   come back, nor an old one replace a new one.
//!
//! - **Purging**: barriers are told and heeded ([`purges`]) before anything is read.
//!
//! Keys are `PREFIX:{hash}:e`: the hash in braces lets a key's lease live beside it on the same
//! node of a cluster. They expire by themselves with their stale window.

mod denials;
mod purges;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::entry::Entry;
use super::form;
use super::key::Key;
use super::queue::{Batch, Queue, Write};
use super::store::Store;
use crate::link::{Link, LinkState};

/// Bytes of writes that may wait for the server.
const QUEUE: usize = 64 << 20;
/// How long a batch is remembered after it was written; longer than any read may take.
const RECENT: Duration = Duration::from_secs(12);

/// The tier as operators see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedState {
    pub link: LinkState,
    /// Writes that wait.
    pub waiting: usize,
    /// Entries written since the start.
    pub written: u64,
    /// Writes given up: too many waited, or the server refused them.
    pub dropped: u64,
}

#[derive(Debug)]
pub(super) struct Shared {
    inner: Arc<Inner>,
    reads: mpsc::UnboundedSender<reader::Ask>,
    tasks: [AbortHandle; 2],
}

#[derive(Debug)]
struct Inner {
    link: Arc<Link>,
    state: Mutex<State>,
    /// For the writer: there is something to do.
    work: Notify,
    /// Writes done so far, of those asked for.
    done: watch::Sender<u64>,
    /// Something was purged here that others may not know, and a knock for who tells them.
    purged: AtomicBool,
    purge: Notify,
    /// The up whose purges are heeded; 0: none.
    heeded: watch::Sender<u64>,
}

struct State {
    queue: Queue,
    /// What is being written: no longer in the queue, perhaps not yet on the server.
    leaving: Batch,
    /// What was written lately, newest last, with the moment it was done.
    recent: VecDeque<(Instant, Batch)>,
    asked: u64,
    written: u64,
    refused: u64,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl State {
    /// What became of a key that the server may not know of yet.
    fn pending(&self, key: &Key) -> Option<&Write> {
        self.queue.get(key).or_else(|| self.leaving.get(key).map(|(_, write)| write))
    }

    /// The same, with everything written since `began`.
    fn newest(&self, key: &Key, began: Instant) -> Option<&Write> {
        self.pending(key).or_else(|| {
            let since = self.recent.iter().rev().take_while(|(done, _)| *done >= began);
            since.filter_map(|(_, batch)| batch.get(key)).map(|(_, write)| write).next()
        })
    }
}

impl Shared {
    /// Works on `runtime`, which must outlive every service that asks.
    pub(super) fn start(link: Arc<Link>, runtime: &Handle) -> Self {
        let state = State {
            queue: Queue::new(QUEUE).without_traces(),
            leaving: Batch::default(),
            recent: VecDeque::new(),
            asked: 0,
            written: 0,
            refused: 0,
        };
        let inner = Arc::new(Inner {
            link: Arc::clone(&link),
            state: Mutex::new(state),
            work: Notify::new(),
            done: watch::Sender::new(0),
            purged: AtomicBool::new(false),
            purge: Notify::new(),
            heeded: watch::Sender::new(0),
        });
        let (reads, asked) = mpsc::unbounded_channel();
        let reader = runtime.spawn(reader::run(link, asked)).abort_handle();
        let writer = runtime.spawn(writer::run(Arc::clone(&inner))).abort_handle();
        Self { inner, reads, tasks: [reader, writer] }
    }

    /// Tells and heeds purges for the store that this tier belongs to.
    pub(super) fn share_purges(&self, store: Weak<Store>, runtime: &Handle) {
        runtime.spawn(purges::run(Arc::clone(&self.inner), store));
    }

    /// Something was purged here.
    pub(super) fn purged(&self) {
        self.inner.purged.store(true, Ordering::SeqCst);
        self.inner.purge.notify_one();
    }

    /// Whether reading makes sense now.
    pub(super) fn is_up(&self) -> bool {
        let up = *self.inner.link.ups().borrow();
        up.is_some_and(|up| up == *self.inner.heeded.borrow())
    }

    /// Waits until this tier can be read or is known to be away; false when that takes longer.
    pub(super) async fn settled(&self, limit: Duration) -> bool {
        let settled = async {
            self.inner.link.settled(limit).await;
            let (mut ups, mut heeded) = (self.inner.link.ups(), self.inner.heeded.subscribe());
            while ups.borrow_and_update().is_some() && !self.is_up() {
                tokio::select! {
                    _ = ups.changed() => {}
                    _ = heeded.changed() => {}
                }
            }
        };
        timeout(limit, settled).await.is_ok()
    }

    /// The longest a look-up may take, whatever it needs.
    pub(super) fn patience(&self) -> Duration {
        self.inner.link.lookup_timeout()
    }

    pub(super) fn put(&self, key: &Key, entry: Entry) {
        self.push(key, Write::Put(entry));
    }

    pub(super) fn forget(&self, key: &Key) {
        self.push(key, Write::Forget);
    }

    fn push(&self, key: &Key, write: Write) {
        let mut state = self.inner.lock();
        state.queue.push(key, write);
        state.asked += 1;
        drop(state);
        self.inner.work.notify_one();
    }

    /// What is known of each key. `promote` is given what was found while no write can come in
    /// between: it is the latest. `None`: the server is away.
    pub(super) async fn read(
        &self,
        keys: Vec<Key>,
        promote: impl Fn(&Key, &Entry),
    ) -> Option<HashMap<Key, Option<Entry>>> {
        let began = Instant::now();
        let names = keys.iter().map(|key| name(self.inner.link.prefix(), key)).collect();
        let values = reader::read(&self.reads, names).await?;
        let mut found = HashMap::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values) {
            let state = self.inner.lock();
            let entry = match state.newest(&key, began) {
                Some(Write::Put(entry)) => Some(entry.clone()),
                Some(Write::Forget) => None,
                None => value.and_then(|value| form::entry(&form::key(&key), &key, &value)),
            };
            entry.iter().for_each(|entry| promote(&key, entry));
            drop(state);
            found.insert(key, entry);
        }
        Some(found)
    }

    /// The keys of all denials, newest first; some may be gone. `None`: the server is away.
    pub(super) async fn denials(&self) -> Option<Vec<Key>> {
        denials::list(&self.inner.link).await
    }

    /// Waits until everything asked so far is on the server; false when that is away or it takes
    /// too long.
    pub(super) async fn written(&self, limit: Duration) -> bool {
        let asked = self.inner.lock().asked;
        let mut done = self.inner.done.subscribe();
        let mut ups = self.inner.link.ups();
        tokio::select! {
            biased;
            waited = timeout(limit, done.wait_for(|done| *done >= asked)) => waited.is_ok(),
            _ = ups.wait_for(Option::is_none) => false,
        }
    }

    pub(super) fn state(&self) -> SharedState {
        let state = self.inner.lock();
        SharedState {
            link: self.inner.link.state(),
            waiting: state.queue.len() + state.leaving.len(),
            written: state.written,
            dropped: state.refused + state.queue.dropped(),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a key's entry is kept.
fn name(prefix: &str, key: &Key) -> String {
    format!("{prefix}:{{{:032x}}}:e", key.hash())
}
