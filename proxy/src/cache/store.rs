//! The store of facts: what is known about an id, and what one more row teaches.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::category::{Category, Ttl, Ttls};
use super::disk::{self, Disk, DiskState, View};
use super::entry::{Entry, Freshness, seconds};
use super::key::Key;
use super::memory::Memory;
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

#[derive(Debug)]
pub struct Store {
    tiers: Tiers,
    settings: Settings,
    clock: Clock,
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
        Arc::new(Self { tiers: Tiers { memory, second }, settings, clock })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn get(&self, key: &Key) -> Option<Held> {
        held(self.tiers.get(key)?, self.now())
    }

    /// Stores a body and returns its entry.
    pub fn put(&self, key: Key, category: Category, status: u16, body: Bytes) -> Entry {
        self.put_at_most(key, category, status, body, self.ttl(category))
    }

    /// Like [`Store::put`], fresh and stale for no longer than `longest`.
    pub fn put_at_most(&self, key: Key, category: Category, status: u16, body: Bytes, longest: Ttl) -> Entry {
        let ttl = self.settings.ttls.of(category);
        let entry = Entry {
            body,
            status,
            stored_at: self.now(),
            fresh_for: seconds(self.jittered(category, ttl.fresh).min(longest.fresh)),
            stale_for: seconds(ttl.stale.min(longest.stale)),
        };
        self.tiers.put(key, entry.clone());
        entry
    }

    pub fn remove(&self, key: &Key) {
        self.tiers.remove(key);
    }

    /// What is known about an id. Learning a row forgets its absence and the other way round.
    pub fn know(&self, kind: RowKind, id: &Id) -> Known {
        know(kind, id, &mut |key| self.get(key))
    }

    /// The name of the tier behind memory, when it can be asked now.
    pub fn behind(&self) -> Option<&'static str> {
        match &self.tiers.second {
            Second::Disk(disk) => disk.is_up().then_some("disk"),
            Second::Shared(shared) => shared.is_up().then_some("redis"),
            Second::Nothing => None,
        }
    }

    /// Like [`Store::know`] for ids that memory does not know, in the order given, with the tier
    /// behind asked too. What is found there is in memory afterwards. `None`: it cannot be asked.
    pub async fn recall(self: &Arc<Self>, kind: RowKind, ids: Vec<Id>) -> Option<Vec<Known>> {
        let know_all = move |get: &mut dyn FnMut(&Key) -> Option<Held>| {
            ids.iter().map(|id| know(kind, id, get)).collect()
        };
        self.consult(know_all).await
    }

    /// What the shared tier holds of `ids` that is fresh, whatever staler things memory holds.
    /// `None`: it cannot be asked.
    pub async fn recall_fresh(&self, kind: RowKind, ids: &[Id]) -> Option<Vec<Known>> {
        self.tiers.shared().filter(|shared| shared.is_up())?;
        let know_all =
            |get: &mut dyn FnMut(&Key) -> Option<Held>| ids.iter().map(|id| know(kind, id, get)).collect();
        self.consult_shared(self.now(), |held| !held.stale, know_all).await
    }

    /// The same of one key, stored no earlier than `since`.
    pub async fn recall_fresh_body(&self, key: &Key, since: Timestamp) -> Option<Entry> {
        self.tiers.shared().filter(|shared| shared.is_up())?;
        let good = |held: &Held| !held.stale && held.entry.stored_at >= since;
        self.consult_shared(self.now(), good, |get| get(key)).await?.map(|held| held.entry)
    }

    /// Like [`Store::get`] for a key that memory does not know, with the tier behind asked too.
    pub async fn recall_body(self: &Arc<Self>, key: Key) -> Option<Held> {
        self.consult(move |get| get(&key)).await?
    }

    /// What `act` makes of the entries it asks for, from memory and the tier behind.
    async fn consult<T, F>(self: &Arc<Self>, act: F) -> Option<T>
    where
        T: Send + 'static,
        F: Fn(&mut dyn FnMut(&Key) -> Option<Held>) -> T + Send + 'static,
    {
        let now = self.now();
        match &self.tiers.second {
            Second::Nothing => None,
            Second::Disk(disk) => {
                let store = Arc::clone(self);
                let read =
                    move |view: &mut View| act(&mut |key| held(store.tiers.recall(view, key, now)?, now));
                disk.read(read).await
            }
            Second::Shared(_) => self.consult_shared(now, |_| true, act).await,
        }
    }

    /// Many keys at once: `act` runs on what is known, the keys it lacked are read together, and so
    /// on until it lacks none. A Spotify id takes two rounds: its mapping, then the row.
    /// What is not `good` counts as unknown.
    async fn consult_shared<T>(
        &self,
        now: Timestamp,
        good: impl Fn(&Held) -> bool,
        act: impl Fn(&mut dyn FnMut(&Key) -> Option<Held>) -> T,
    ) -> Option<T> {
        let deadline = Instant::now() + self.tiers.shared()?.patience();
        let mut found: HashMap<Key, Option<Entry>> = HashMap::new();
        loop {
            let mut lacking = HashSet::new();
            let result = act(&mut |key| {
                let known = self.get(key).filter(&good).map(|held| held.entry);
                let entry = known.or_else(|| {
                    if !found.contains_key(key) {
                        lacking.insert(key.clone());
                    }
                    found.get(key).cloned().flatten()
                });
                held(entry?, now).filter(&good)
            });
            if lacking.is_empty() {
                return Some(result);
            }
            let read = self.tiers.read_shared(lacking.into_iter().collect(), now);
            found.extend(timeout_at(deadline, read).await.ok()??);
        }
    }

    /// Keeps a row, its mapping, and that neither of its ids is missing.
    pub fn learn(&self, row: &ParsedRow) -> Entry {
        if let Some(spotify) = row.spotify {
            self.map(row.kind.entity(), Id::Spotify(spotify), row.uuid);
            self.tiers.remove(&Key::Missing(row.kind, Id::Spotify(spotify)));
        }
        self.tiers.remove(&Key::Missing(row.kind, Id::Uuid(row.uuid)));
        self.put(Key::Row(row.kind, row.uuid), row.kind.into(), 200, row.bytes.clone())
    }

    /// Keeps that `asked` is answered by this row although the row carries other ids: a track
    /// that was linked to another one.
    pub fn learn_as(&self, asked: &Id, row: &ParsedRow) -> Entry {
        self.tiers.remove(&Key::Missing(row.kind, asked.clone()));
        if let Id::Uuid(uuid) = asked {
            self.tiers.remove(&Key::Row(row.kind, *uuid));
        }
        self.map(row.kind.entity(), asked.clone(), row.uuid);
        self.learn(row)
    }

    /// Keeps that the upstream lacks a row.
    pub fn learn_absence(&self, kind: RowKind, id: &Id) -> Entry {
        if let Id::Uuid(uuid) = id {
            self.tiers.remove(&Key::Row(kind, *uuid));
        }
        self.put(Key::Missing(kind, id.clone()), Category::Missing, 404, Bytes::new())
    }

    /// Drops what can never be served again.
    pub fn sweep(&self) {
        self.tiers.sweep(self.now());
    }

    /// Entries and bytes in memory.
    pub fn size(&self) -> (usize, u64) {
        (self.tiers.memory.entries(), self.tiers.memory.bytes())
    }

    /// `None`: there is no disk tier.
    pub fn disk(&self) -> Option<DiskState> {
        self.tiers.disk().map(Disk::state)
    }

    /// `None`: there is no shared tier.
    pub fn shared(&self) -> Option<SharedState> {
        self.tiers.shared().map(Shared::state)
    }

    /// Waits until the tier behind has everything that was learned so far, where others may look
    /// for it; false when that takes longer or it is away.
    pub async fn written(&self, limit: Duration) -> bool {
        match self.tiers.shared() {
            Some(shared) => shared.written(limit).await,
            None => true,
        }
    }

    /// Waits until the disk tier is open or given up for now; false when that takes longer.
    pub fn settled(&self, limit: Duration) -> bool {
        self.tiers.disk().is_none_or(|disk| disk.settled(limit))
    }

    /// Writes what the disk tier still holds back, and ends it; false when that takes longer.
    pub fn close(&self, limit: Duration) -> bool {
        self.tiers.disk().is_none_or(|disk| disk.close(limit))
    }

    /// The lifetime of a category, without jitter.
    pub fn ttl(&self, category: Category) -> Ttl {
        self.settings.ttls.of(category)
    }

    fn map(&self, entity: Entity, id: Id, uuid: Uuid) {
        let body = Bytes::from(uuid.to_string());
        self.put(Key::Mapping(entity, id), Category::Mapping, 200, body);
    }

    fn jittered(&self, category: Category, ttl: Duration) -> Duration {
        if matches!(category, Category::Missing | Category::Denied) {
            return ttl;
        }
        ttl.mul_f64(1.0 - self.settings.jitter * rand::random::<f64>())
    }
}

fn held(entry: Entry, now: Timestamp) -> Option<Held> {
    match entry.freshness(now) {
        Freshness::Fresh => Some(Held { entry, stale: false }),
        Freshness::Stale => Some(Held { entry, stale: true }),
        Freshness::Gone => None,
    }
}

/// What is known about an id, whatever is asked for entries.
fn know(kind: RowKind, id: &Id, get: &mut dyn FnMut(&Key) -> Option<Held>) -> Known {
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
