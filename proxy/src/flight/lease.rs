//! One fetch per key over all replicas: who holds a key's lease fetches it, the others wait.
//!
//! A [`Lease`] lasts 10 s on the server and is renewed every 3 s for as long as the flight lives,
//! queued or calling, so a replica that dies holds nobody up for longer than that. Dropping it, on
//! whatever way out, gives it back once everything stored before is on the server.
//!
//! Why one call is made, and no answer missed:
//! - A lease is taken, kept and given back by scripts that compare its token, so at any moment at
//!   most one replica's call is covered by it. Whoever takes one looks the key up *after* that: the
//!   holder before stored first and gave back then, so its answer is found.
//! - A lease says whether its call is under way: while it queues, and again after a 429 or between
//!   two attempts, followers' own deadlines count, and a higher lane may take it over.
//! - Between taking it and calling, a lease may be lost: it expired while the server was away, or a
//!   flight of a higher lane took it over (nobody who waits shall queue behind another replica's
//!   refreshes). So it is confirmed with the permit in hand, which also closes it to take-overs;
//!   who has lost it gives the permit back and follows.
//! - Followers subscribe before they ask, and ask again every second: a lost message costs a
//!   second, a lost holder ten.
//! - What a late holder stores is as old as its question, and the server refuses it when something
//!   newer is there.
//!
//! With the server away there are no leases: each process is alone with its own flights.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use redis::Cmd;
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{interval, sleep};

use super::table::Stage;
use crate::budget::Lane;
use crate::cache::{Key, Store};
use crate::link::{Event, Link};

/// How long a lease outlives its replica.
const LASTS: Duration = Duration::from_secs(10);
const RENEWED: Duration = Duration::from_secs(3);
/// How often followers ask although nobody told them anything.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a release waits for what was stored before it.
const STORED: Duration = Duration::from_secs(2);
/// Nobody waits for a release or a renewal.
const LIMIT: Duration = Duration::from_secs(1);
/// Renewals under way at once.
const RENEWALS: usize = 16;

const TAKE: &str = include_str!("take.lua");
const KEEP: &str = include_str!("keep.lua");
const DROP: &str = include_str!("drop.lua");

/// A key's hash, under which its lease lives.
type Hash = u128;

#[derive(Clone)]
pub struct Leases(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    /// This replica, and in it this lease.
    replica: u64,
    next: AtomicU64,
    held: Mutex<HashMap<u64, Arc<Hold>>>,
    followed: Mutex<HashMap<Hash, watch::Sender<()>>>,
    dropped: mpsc::UnboundedSender<(u64, Hash)>,
    runtime: Handle,
    tasks: Mutex<Vec<AbortHandle>>,
}

/// What is said of a lease when it is renewed.
struct Hold {
    hash: Hash,
    lane: AtomicU8,
    calling: AtomicBool,
}

/// The duty to fetch a key for all replicas; dropping it gives it back.
pub(super) struct Lease {
    inner: Arc<Inner>,
    number: u64,
    hold: Arc<Hold>,
}

/// What trying to take a lease gave.
#[derive(Debug)]
pub(super) enum Taken {
    Lease(Lease),
    /// Another replica has it.
    Busy {
        calling: bool,
    },
    /// The server is away: everybody fetches for itself.
    Alone,
}

impl Leases {
    /// Works on `runtime`, which must outlive every flight.
    pub fn new(link: Arc<Link>, store: Arc<Store>, runtime: &Handle) -> Self {
        let (dropped, drops) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            link,
            replica: rand::random(),
            next: AtomicU64::new(0),
            held: Mutex::default(),
            followed: Mutex::default(),
            dropped,
            runtime: runtime.clone(),
            tasks: Mutex::default(),
        });
        let tasks = vec![
            runtime.spawn(release(Arc::clone(&inner.link), inner.replica, store, drops)).abort_handle(),
            runtime.spawn(renew(Arc::downgrade(&inner))).abort_handle(),
            runtime.spawn(hear(Arc::downgrade(&inner), inner.link.events())).abort_handle(),
        ];
        *lock(&inner.tasks) = tasks;
        Self(inner)
    }

    /// Leases held now.
    pub fn held(&self) -> usize {
        lock(&self.0.held).len()
    }

    /// As if the process had ended: nothing is renewed or given back any more.
    #[cfg(test)]
    pub(crate) fn abandon(&self) {
        lock(&self.0.tasks).iter().for_each(AbortHandle::abort);
    }

    /// Whether there is anybody to ask.
    pub(super) fn matter(&self) -> bool {
        self.0.link.is_up()
    }

    pub(super) async fn take(&self, key: &Key, lane: Lane) -> Taken {
        let inner = &self.0;
        let (number, hash) = (inner.next.fetch_add(1, Ordering::Relaxed), key.hash());
        let mut command = script(&inner.link, TAKE, hash);
        command.arg(token(inner.replica, number)).arg(lane as u8).arg(millis(LASTS));
        match inner.link.ask_within::<u8>(&command, inner.link.lookup_timeout()).await {
            Some(0) => {
                let (lane, calling) = (AtomicU8::new(lane as u8), AtomicBool::new(false));
                let hold = Arc::new(Hold { hash, lane, calling });
                lock(&inner.held).insert(number, Arc::clone(&hold));
                Taken::Lease(Lease { inner: Arc::clone(inner), number, hold })
            }
            Some(state) => Taken::Busy { calling: state == 2 },
            None => {
                // It may have been carried out all the same.
                inner.give_back(number, hash);
                Taken::Alone
            }
        }
    }

    /// True for each lease that still is its holder's, and now closed to take-overs.
    pub(super) async fn confirm(&self, leases: &[Option<&Lease>]) -> Vec<bool> {
        let kept = leases.iter().map(|lease| async {
            match *lease {
                Some(Lease { number, hold, .. }) => {
                    hold.calling.store(true, Ordering::SeqCst);
                    self.0.keep(*number, hold, self.0.link.lookup_timeout()).await
                }
                None => true,
            }
        });
        join_all(kept).await
    }

    /// Gives everything back, where a process ends with flights in the air.
    pub(crate) async fn give_back(&self) {
        let held: Vec<_> = lock(&self.0.held).drain().collect();
        let given_back = held.into_iter().map(|(number, hold)| {
            let mut command = script(&self.0.link, DROP, hold.hash);
            command.arg(token(self.0.replica, number));
            async move {
                let _given: Option<u8> = self.0.link.ask_within(&command, LIMIT).await;
            }
        });
        join_all(given_back).await;
    }

    /// Told when a lease of this key may have changed hands; subscribed from this moment.
    pub(super) fn follow(&self, key: &Key) -> Followed {
        let hash = key.hash();
        let changes = lock(&self.0.followed).entry(hash).or_default().subscribe();
        Followed { inner: Arc::clone(&self.0), hash, changes }
    }
}

/// A subscription to one key's lease.
pub(super) struct Followed {
    inner: Arc<Inner>,
    hash: Hash,
    changes: watch::Receiver<()>,
}

impl Followed {
    /// Returns when asking again makes sense.
    pub(super) async fn changed(&mut self) {
        let mut ups = self.inner.link.ups();
        ups.mark_unchanged();
        tokio::select! {
            // The sender stays in the table for as long as this subscription lives.
            _ = self.changes.changed() => {}
            () = sleep(LOOK_AGAIN) => {}
            _ = ups.changed() => {}
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let mut followed = lock(&self.inner.followed);
        // This one is the last.
        if followed.get(&self.hash).is_some_and(|changes| changes.receiver_count() == 1) {
            followed.remove(&self.hash);
        }
    }
}

impl Inner {
    async fn keep(&self, number: u64, hold: &Hold, limit: Duration) -> bool {
        let mut command = script(&self.link, KEEP, hold.hash);
        command
            .arg(token(self.replica, number))
            .arg(hold.lane.load(Ordering::SeqCst))
            .arg(millis(LASTS))
            .arg(u8::from(hold.calling.load(Ordering::SeqCst)));
        // Away: nobody else can hold it either, as far as anybody knows.
        self.link.ask_within::<u8>(&command, limit).await != Some(0)
    }

    fn give_back(&self, number: u64, hash: Hash) {
        // Nobody is there to take it when the process ends: it expires.
        let _ = self.dropped.send((number, hash));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        lock(&self.tasks).iter().for_each(AbortHandle::abort);
    }
}

impl Lease {
    /// Where its flight is; the others hear of it.
    pub(super) fn stage(&self, stage: Stage) {
        let calling = stage == Stage::Calling;
        if self.hold.calling.swap(calling, Ordering::SeqCst) != calling {
            self.tell();
        }
    }

    /// Its flight was promoted.
    pub(super) fn raise(&self, lane: Lane) {
        if self.hold.lane.fetch_max(lane as u8, Ordering::SeqCst) < lane as u8 {
            self.tell();
        }
    }

    /// At once, rather than with the next renewal.
    fn tell(&self) {
        let (inner, number, hold) = (Arc::clone(&self.inner), self.number, Arc::clone(&self.hold));
        self.inner.runtime.spawn(async move {
            if lock(&inner.held).contains_key(&number) {
                inner.keep(number, &hold, LIMIT).await;
            }
        });
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.inner.held).remove(&self.number);
        self.inner.give_back(self.number, self.hold.hash);
    }
}

/// Gives leases back after what was stored before, and tells everybody.
async fn release(
    link: Arc<Link>,
    replica: u64,
    store: Arc<Store>,
    mut drops: mpsc::UnboundedReceiver<(u64, Hash)>,
) {
    let mut together = Vec::new();
    while drops.recv_many(&mut together, 1000).await > 0 {
        store.written(STORED).await;
        let given_back = together.iter().map(|(number, hash)| {
            let mut command = script(&link, DROP, *hash);
            command.arg(token(replica, *number));
            let link = &link;
            async move {
                let _given: Option<u8> = link.ask_within(&command, LIMIT).await;
            }
        });
        join_all(given_back).await;
        link.announce(&Event::Leases(together.drain(..).map(|(_, hash)| hash).collect())).await;
    }
}

/// Renews what is held for as long as it is.
async fn renew(inner: std::sync::Weak<Inner>) {
    let mut ticks = interval(RENEWED);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let held: Vec<_> =
            lock(&inner.held).iter().map(|(number, hold)| (*number, Arc::clone(hold))).collect();
        // A few at a time: who looks something up does not wait behind ten thousand of these.
        stream::iter(held)
            .for_each_concurrent(RENEWALS, |(number, hold)| {
                let inner = &inner;
                async move {
                    // Given back meanwhile, it must not come alive again.
                    if lock(&inner.held).contains_key(&number) {
                        inner.keep(number, &hold, LIMIT).await;
                    }
                }
            })
            .await;
    }
}

/// Wakes followers.
async fn hear(inner: std::sync::Weak<Inner>, mut events: tokio::sync::broadcast::Receiver<Event>) {
    loop {
        let event = events.recv().await;
        let Some(inner) = inner.upgrade() else { return };
        let followed = lock(&inner.followed);
        match event {
            Ok(Event::Leases(hashes)) => {
                hashes.iter().filter_map(|hash| followed.get(hash)).for_each(tell);
            }
            Ok(Event::Purged) => {}
            Err(RecvError::Lagged(_)) => followed.values().for_each(tell),
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell(followers: &watch::Sender<()>) {
    followers.send_replace(());
}

fn script(link: &Link, text: &str, hash: Hash) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(format!("{}:{{{hash:032x}}}:l", link.prefix()));
    command
}

fn token(replica: u64, number: u64) -> String {
    format!("{replica:016x}-{number}")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
