//! The store of facts: what is known about an id, and what one more row teaches.

use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::runtime::Handle;

use super::as_of::AsOf;
use super::barrier::{Barrier, Barriers, Mode, TooMany};
use super::category::{Category, Ttl, Ttls};
use super::disk::{self, Disk, DiskState, View};
use super::entry::{Entry, Freshness};
use super::key::Key;
use super::look::Look;
use super::memory::Memory;
use super::moments::Moments;
use super::note;
use super::scope::Scope;
use super::shared::{Shared, SharedState};
use super::tiers::{Second, Tiers};
use crate::api::{Entity, Id, ParsedRow, RowKind, Uuid};
use crate::clock::{Clock, Timestamp};
use crate::link::Link;

/// Sizes and lifetimes.
#[derive(Debug, Clone)]
pub struct Settings {
    pub ttls: Ttls,
    /// TTLs are shortened by a random share up to this (0..1), so that a bulk load does not
    /// expire at once. Never lengthened; `missing` and `denied` are exempt.
    pub jitter: f64,
    pub memory_bytes: u64,
    pub memory_entries: usize,
    /// Behind memory, unless replicas share a server. `None`: memory is all there is.
    pub disk: Option<disk::Settings>,
    /// The server that replicas share; takes the place of the disk.
    pub link: Option<Arc<Link>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ttls: Ttls::default(),
            jitter: 0.05,
            memory_bytes: 256 << 20,
            memory_entries: 1_000_000,
            disk: None,
            link: None,
        }
    }
}

/// An entry that may be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub entry: Entry,
    pub stale: bool,
}

/// What is known about one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Row {
        uuid: Uuid,
        held: Held,
    },
    /// The upstream is known to lack it.
    Missing(Entry),
    /// Ask for this id: the UUID when a mapping leads to one, so that all spellings meet.
    Nothing(Id),
}

/// How long facts are kept that are learned from now on. Those held keep the lifetime they were
/// stored with: other replicas and the next process have been promised it too.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    pub ttls: Ttls,
    /// As in [`Settings`].
    pub jitter: f64,
}

#[derive(Debug)]
pub struct Store {
    pub(super) tiers: Tiers,
    lifetimes: ArcSwap<Lifetimes>,
    moments: Moments,
    barriers: Barriers,
    /// The barriers on disk are heeded. Nothing is read from there before.
    heeded: Once,
    /// Writes the disk had dropped when the barriers were written last: theirs may be among them.
    /// Held while they are written, so that an older list cannot replace a newer.
    noted: Mutex<u64>,
}

impl Store {
    /// Works on `runtime` in the background, which must outlive every service that asks.
    pub fn new(settings: Settings, clock: Clock, runtime: &Handle) -> Arc<Self> {
        let memory = Memory::new(settings.memory_bytes, settings.memory_entries);
        let second = match (&settings.link, &settings.disk) {
            (Some(link), _) => Second::Shared(Shared::start(Arc::clone(link), runtime)),
            (None, Some(disk)) => Second::Disk(Disk::start(disk.clone())),
            (None, None) => Second::Nothing,
        };
        let store = Arc::new(Self {
            tiers: Tiers { memory, second },
            lifetimes: ArcSwap::from_pointee(Lifetimes { ttls: settings.ttls, jitter: settings.jitter }),
            moments: Moments::new(clock),
            barriers: Barriers::default(),
            heeded: Once::new(),
            noted: Mutex::new(0),
        });
        if let Some(shared) = store.tiers.shared() {
            shared.share_purges(Arc::downgrade(&store), runtime);
        }
        store
    }

    /// Other lifetimes for what is learned from now on, and another bound for the disk tier, if there
    /// is one: what is too much goes with the next writes.
    pub fn apply(&self, lifetimes: Lifetimes, disk_bytes: Option<u64>) {
        self.lifetimes.store(Arc::new(lifetimes));
        if let (Some(disk), Some(bytes)) = (self.tiers.disk(), disk_bytes) {
            disk.bound(bytes);
        }
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        format!("{:?} disk={:?}", self.lifetimes.load(), self.tiers.disk().map(Disk::max_bytes))
    }

    pub fn now(&self) -> Timestamp {
        self.moments.now()
    }

    pub fn get(&self, key: &Key) -> Option<Held> {
        self.get_by(Look::Use, key)
    }

    pub fn get_by(&self, look: Look, key: &Key) -> Option<Held> {
        self.held(key, self.tiers.get(key, look)?)
    }

    /// The moment of a call that is sent now, for [`Store::as_of`].
    pub fn moment(&self) -> Timestamp {
        self.moments.fact()
    }

    /// Keeps what a call taught that was sent at `asked`.
    pub fn as_of(&self, asked: Timestamp) -> AsOf<'_> {
        AsOf { store: self, asked }
    }

    /// Stores a body as of now and returns its entry.
    pub fn put(&self, key: Key, category: Category, status: u16, body: Bytes) -> Entry {
        self.as_of(self.moment()).put(key, category, status, body)
    }

    /// Keeps a row as of now.
    pub fn learn(&self, row: &ParsedRow) -> Entry {
        self.as_of(self.moment()).learn(row)
    }

    pub fn remove(&self, key: &Key) {
        self.tiers.remove(key);
    }

    /// Like [`Store::remove`], for what an operator has decided: other replicas shall not go on
    /// serving it out of their memory either. What cannot be told to them any more is gone here.
    pub fn forget(&self, keys: &[Key]) {
        keys.iter().for_each(|key| self.tiers.remove(key));
        if self.tiers.shared().is_some() && !keys.is_empty() {
            let scopes: Vec<Scope> = keys.iter().cloned().map(Scope::Key).collect();
            if let Err(error) = self.purge(&scopes, Mode::Hard) {
                tracing::warn!(%error, "other replicas were not told what to forget");
            }
        }
    }

    /// What is known about an id. Learning a row forgets its absence and the other way round.
    pub fn know(&self, kind: RowKind, id: &Id) -> Known {
        self.know_by(Look::Use, kind, id)
    }

    pub fn know_by(&self, look: Look, kind: RowKind, id: &Id) -> Known {
        know(kind, id, &mut |key| self.get_by(look, key))
    }

    /// The name of the tier behind memory, when it can be asked now.
    pub fn behind(&self) -> Option<&'static str> {
        match &self.tiers.second {
            Second::Disk(disk) => disk.is_up().then_some("disk"),
            Second::Shared(shared) => shared.is_up().then_some("redis"),
            Second::Nothing => None,
        }
    }

    /// Drops what can never be served again.
    pub fn sweep(&self) {
        let now = self.now();
        self.barriers.forget(self.oldest());
        self.note_again();
        self.tiers.sweep(now, |key, entry| {
            let fresh_for = self.barriers.over(key, entry).fresh_for(entry, now);
            fresh_for.is_some_and(|fresh| entry.age(now) < u64::from(fresh) + u64::from(entry.stale_for))
        });
    }

    /// Entries and bytes in memory.
    pub fn size(&self) -> (usize, u64) {
        (self.tiers.memory.entries(), self.tiers.memory.bytes())
    }

    /// Entries that left memory for others, since the start.
    pub fn evicted(&self) -> u64 {
        self.tiers.memory.evicted()
    }

    /// `None`: there is no disk tier.
    pub fn disk(&self) -> Option<DiskState> {
        self.tiers.disk().map(Disk::state)
    }

    /// `None`: there is no shared tier.
    pub fn shared(&self) -> Option<SharedState> {
        self.tiers.shared().map(Shared::state)
    }

    /// Waits until the shared tier has everything that was learned so far, where others may look
    /// for it; false when that takes longer or it is away.
    pub async fn written(&self, limit: Duration) -> bool {
        match self.tiers.shared() {
            Some(shared) => shared.written(limit).await,
            None => true,
        }
    }

    /// Waits until the disk tier is open, its barriers heeded, or given up for now; false when that
    /// takes longer.
    pub fn settled(&self, limit: Duration) -> bool {
        let settled = self.tiers.disk().is_none_or(|disk| disk.settled(limit));
        self.recall_barriers_now();
        settled
    }

    /// Waits until the shared tier can be read or is known to be away; false when that takes longer.
    pub async fn connected(&self, limit: Duration) -> bool {
        match self.tiers.shared() {
            Some(shared) => shared.settled(limit).await,
            None => true,
        }
    }

    /// Writes what the disk tier still holds back, and ends it; false when that takes longer.
    pub fn close(&self, limit: Duration) -> bool {
        self.recall_barriers_now();
        self.tiers.disk().is_none_or(|disk| disk.close(limit))
    }

    /// The lifetime of a category, without jitter.
    pub fn ttl(&self, category: Category) -> Ttl {
        self.lifetimes.load().ttls.of(category)
    }

    pub fn barriers(&self) -> &Barriers {
        &self.barriers
    }

    /// Purges all of these scopes or none, and returns what counts as the time of it: what was
    /// asked for at or before it is purged, in every tier.
    pub fn purge(&self, scopes: &[Scope], mode: Mode) -> Result<Timestamp, TooMany> {
        let at = self.moments.barrier();
        self.barriers.raise(scopes, mode, at)?;
        self.note();
        self.tiers.shared().into_iter().for_each(Shared::purged);
        Ok(at)
    }

    /// Heeds what others have purged. True when something was news.
    pub fn heed(&self, theirs: &[(Scope, Barrier)]) -> bool {
        let latest = theirs.iter().filter_map(|(_, barrier)| barrier.latest()).max();
        self.moments.heed(latest.unwrap_or_default());
        let news = self.barriers.merge(theirs);
        if news {
            self.note();
        }
        news
    }

    /// What an entry is worth now.
    pub(super) fn held(&self, key: &Key, mut entry: Entry) -> Option<Held> {
        let now = self.now();
        entry.fresh_for = self.barriers.over(key, &entry).fresh_for(&entry, now)?;
        match entry.freshness(now) {
            Freshness::Fresh => Some(Held { entry, stale: false }),
            Freshness::Stale => Some(Held { entry, stale: true }),
            Freshness::Gone => None,
        }
    }

    /// Whether it is worth anything now.
    pub(super) fn is_held(&self, key: &Key, entry: &Entry) -> bool {
        self.held(key, entry.clone()).is_some()
    }

    pub(super) fn jittered(&self, category: Category, ttl: Duration) -> Duration {
        if matches!(category, Category::Missing | Category::Denied) {
            return ttl;
        }
        ttl.mul_f64(1.0 - self.lifetimes.load().jitter * rand::random::<f64>())
    }

    /// Heeds the barriers on disk, once.
    pub(super) fn recall_barriers(&self, view: &mut View) {
        let mut first = false;
        self.heeded.call_once(|| {
            first = true;
            if let Some(entry) = view.get(&note::key(), |_| {}) {
                let kept = note::read(&entry);
                let latest = kept.iter().filter_map(|(_, barrier)| barrier.latest()).max();
                self.moments.heed(latest.unwrap_or_default());
                self.barriers.merge(&kept);
            }
        });
        if first && !self.barriers.is_empty() {
            self.note();
        }
    }

    fn recall_barriers_now(&self) {
        if let Some(disk) = self.tiers.disk()
            && !self.heeded.is_completed()
        {
            disk.read_now(|view| self.recall_barriers(view));
        }
    }

    /// Writes the barriers down, once those on disk are among them.
    fn note(&self) {
        if self.heeded.is_completed() {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            *noted = self.dropped();
            self.tiers.put_behind(&note::key(), note::write(&self.barriers.snapshot(), self.now()));
        }
    }

    fn note_again(&self) {
        let noted = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted != self.dropped() && !self.barriers.is_empty() {
            self.note();
        }
    }

    /// Nothing that was learned before is alive.
    pub(super) fn oldest(&self) -> Timestamp {
        Timestamp(self.now().0.saturating_sub(self.longest_life()))
    }

    fn dropped(&self) -> u64 {
        self.disk().unwrap_or_default().dropped
    }

    /// How long a fact may be alive, in milliseconds: as this configuration says, and at least a
    /// year, because what is on disk may have been stored under a more patient one.
    fn longest_life(&self) -> u64 {
        const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
        let lives = Category::ALL.map(|category| {
            let ttl = self.ttl(category);
            ttl.fresh.saturating_add(ttl.stale)
        });
        let longest = lives.into_iter().max().unwrap_or_default().max(YEAR);
        u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)
    }
}

/// What is known about an id, whatever is asked for entries.
pub(super) fn know(kind: RowKind, id: &Id, get: &mut dyn FnMut(&Key) -> Option<Held>) -> Known {
    if let Id::Uuid(uuid) = id
        && let Some(held) = get(&Key::Row(kind, *uuid))
    {
        return Known::Row { uuid: *uuid, held };
    }
    let mapped = mapped(kind.entity(), id, get);
    if let Some(uuid) = mapped
        && let Some(held) = get(&Key::Row(kind, uuid))
    {
        return Known::Row { uuid, held };
    }
    let asked = mapped.map_or_else(|| id.clone(), Id::Uuid);
    let mut absent = |id: &Id| get(&Key::Missing(kind, id.clone())).map(|held| held.entry);
    match absent(&asked).or_else(|| if asked == *id { None } else { absent(id) }) {
        Some(entry) => Known::Missing(entry),
        None => Known::Nothing(asked),
    }
}

/// The UUID an id is known to mean: any Spotify id of a row seen, a UUID when it was linked to
/// another row.
fn mapped(entity: Entity, id: &Id, get: &mut dyn FnMut(&Key) -> Option<Held>) -> Option<Uuid> {
    let held = get(&Key::Mapping(entity, id.clone()))?;
    Uuid::parse(std::str::from_utf8(&held.entry.body).ok()?)
}
