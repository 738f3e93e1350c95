//! Purging without touching what is purged.
//!
//! A purge raises a time barrier over its scope: every fact of that scope that was learned at or
//! before this time is purged, whichever tier holds it and whenever it turns up. So a purge costs
//! the same for one entry and for a million, reaches entries on a disk nobody reads, and two
//! replicas that know the same barriers agree on every fact without telling each other which.
//!
//! - **Soft** (the default): freshness ends at the barrier. What may be served stale still is, and
//!   is renewed when asked for. **Hard**: as if it had never been known.
//! - A fact is as old as the call that brought it (see [`super::AsOf`]): what was asked before a
//!   purge and arrives after it may be the very thing that was to go.
//! - Barriers only grow, and of two for one scope the later one holds, so they can be told in any
//!   order and any number of times.
//! - Reading costs one load while there are none, a few comparisons while there are.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::category::Category;
use super::entry::{Entry, seconds};
use super::key::Key;
use super::scope::{Scope, settled};
use crate::api::{ENDPOINTS, Endpoint, Id, Uuid};
use crate::clock::Timestamp;

/// What the barriers of single ids and keys may weigh in bytes, about ten thousand ids: they are
/// looked at together, written together and told to other replicas together.
const FINE: usize = 1 << 20;
/// What one weighs beside its text.
const OVERHEAD: usize = 64;

/// What a purge leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Stale entries, where their category may be served stale.
    Soft,
    Hard,
}

/// The latest purges of one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Barrier {
    pub soft: Option<Timestamp>,
    pub hard: Option<Timestamp>,
}

/// Too many ids and keys are purged one by one. Categories and endpoints always can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many ids and keys are purged one by one: purge their category or endpoint, or everything")]
pub struct TooMany;

#[derive(Debug, Default)]
pub struct Barriers {
    raised: ArcSwap<Raised>,
    /// Held while barriers change.
    change: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Raised {
    /// False: everything below is empty.
    any: bool,
    all: Barrier,
    categories: [Barrier; Category::ALL.len()],
    /// In the order of [`ENDPOINTS`].
    endpoints: [Barrier; ENDPOINTS.len()],
    /// Apart, so that a coarse purge does not copy them.
    fine: Arc<Fine>,
}

#[derive(Debug, Clone, Default)]
struct Fine {
    ids: HashMap<Id, Barrier>,
    keys: HashMap<Key, Barrier>,
    weight: usize,
}

impl Barrier {
    pub fn new(mode: Mode, at: Timestamp) -> Self {
        match mode {
            Mode::Soft => Self { soft: Some(at), hard: None },
            Mode::Hard => Self { soft: None, hard: Some(at) },
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { soft: self.soft.max(other.soft), hard: self.hard.max(other.hard) }
    }

    /// What is left of an entry.
    pub(super) fn leaves(self, mut entry: Entry) -> Option<Entry> {
        let stored_at = Some(entry.stored_at);
        if self.hard >= stored_at {
            return None;
        }
        if let Some(soft) = self.soft.filter(|_| self.soft >= stored_at) {
            entry.fresh_for = entry.fresh_for.min(seconds(soft.since(entry.stored_at)));
        }
        Some(entry)
    }

    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// What it says beyond `wider`, which covers the same entries.
    fn beyond(self, wider: Self) -> Self {
        let hard = self.hard.filter(|_| self.hard > wider.hard);
        let soft = self.soft.filter(|_| self.soft > wider.soft.max(wider.hard) && self.soft > self.hard);
        Self { soft, hard }
    }

    /// Without what was raised before `oldest`.
    fn since(self, oldest: Timestamp) -> Self {
        let recent = |at: &Timestamp| *at >= oldest;
        Self { soft: self.soft.filter(recent), hard: self.hard.filter(recent) }
    }
}

impl Barriers {
    /// Purges what was learned at or before `at`, all scopes or none.
    pub fn raise(&self, scopes: &[Scope], mode: Mode, at: Timestamp) -> Result<(), TooMany> {
        self.change(|raised| {
            for scope in scopes {
                raised.raise(scope, Barrier::new(mode, at));
            }
            let fine = scopes.iter().any(Scope::is_fine);
            if fine && raised.fine.weight > FINE { Err(TooMany) } else { Ok(()) }
        })
    }

    /// All barriers.
    pub fn snapshot(&self) -> Vec<(Scope, Barrier)> {
        self.raised.load().list()
    }

    /// Takes over barriers that somebody else knows, however many: what was accepted there is not
    /// refused here. True when something was news.
    pub fn merge(&self, theirs: &[(Scope, Barrier)]) -> bool {
        if !theirs.iter().any(|news| self.raised.load().lacks(news)) {
            return false;
        }
        let raise = |raised: &mut Raised| {
            theirs.iter().for_each(|(scope, barrier)| raised.raise(scope, *barrier));
            Ok::<_, Infallible>(true)
        };
        self.change(raise).unwrap_or_else(|never| match never {})
    }

    /// What somebody who knows just these barriers lacks.
    pub fn beyond(&self, theirs: &[(Scope, Barrier)]) -> Vec<(Scope, Barrier)> {
        let mut told = Raised::default();
        theirs.iter().for_each(|(scope, barrier)| told.raise(scope, *barrier));
        let mut ours = self.snapshot();
        ours.retain(|ours| told.lacks(ours));
        ours
    }

    /// Drops barriers raised before `oldest`: nothing that old is alive.
    pub fn forget(&self, oldest: Timestamp) {
        if !self.is_empty() {
            let forget = |raised: &mut Raised| {
                raised.retain(|barrier| barrier.since(oldest));
                Ok::<_, Infallible>(())
            };
            self.change(forget).unwrap_or_else(|never| match never {});
        }
    }

    /// The barrier over an entry.
    pub(super) fn over(&self, key: &Key, entry: &Entry) -> Barrier {
        let raised = self.raised.load();
        if raised.any { raised.over(key, entry) } else { Barrier::default() }
    }

    /// The barrier raised over a scope itself; wider ones may reach further.
    pub fn of(&self, scope: &Scope) -> Barrier {
        self.raised.load().of(scope)
    }

    pub fn is_empty(&self) -> bool {
        !self.raised.load().any
    }

    /// Changes a copy and shows it, unless it fails.
    fn change<T, E>(&self, act: impl FnOnce(&mut Raised) -> Result<T, E>) -> Result<T, E> {
        let _changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut raised = Raised::clone(&self.raised.load());
        let outcome = act(&mut raised)?;
        raised.tidy();
        self.raised.store(Arc::new(raised));
        Ok(outcome)
    }
}

impl Raised {
    fn raise(&mut self, scope: &Scope, barrier: Barrier) {
        let raised = match scope {
            Scope::All => &mut self.all,
            Scope::Category(category) => &mut self.categories[*category as usize],
            Scope::Endpoint(endpoint) => &mut self.endpoints[place(endpoint)],
            Scope::Id(id) => Arc::make_mut(&mut self.fine).id(id),
            Scope::Key(key) => Arc::make_mut(&mut self.fine).key(key),
        };
        *raised = raised.and(barrier);
    }

    fn of(&self, scope: &Scope) -> Barrier {
        match scope {
            Scope::All => self.all,
            Scope::Category(category) => self.categories[*category as usize],
            Scope::Endpoint(endpoint) => self.endpoints[place(endpoint)],
            Scope::Id(id) => self.fine.ids.get(id).copied().unwrap_or_default(),
            Scope::Key(key) => self.fine.keys.get(key).copied().unwrap_or_default(),
        }
    }

    fn over(&self, key: &Key, entry: &Entry) -> Barrier {
        let mut over = self.all.and(self.categories[key.category(entry.status) as usize]);
        if let Some(endpoint) = key.endpoint() {
            over = over.and(self.endpoints[place(endpoint)]);
        }
        over.and(self.fine.over(key, entry))
    }

    fn lacks(&self, (scope, barrier): &(Scope, Barrier)) -> bool {
        !barrier.beyond(self.of(scope).and(self.all)).is_none()
    }

    fn list(&self) -> Vec<(Scope, Barrier)> {
        let categories =
            Category::ALL.map(|category| (Scope::Category(category), self.categories[category as usize]));
        let endpoints =
            ENDPOINTS.iter().map(|endpoint| (Scope::Endpoint(endpoint), self.endpoints[place(endpoint)]));
        let ids = self.fine.ids.iter().map(|(id, barrier)| (Scope::Id(id.clone()), *barrier));
        let keys = self.fine.keys.iter().map(|(key, barrier)| (Scope::Key(key.clone()), *barrier));
        let coarse = [(Scope::All, self.all)].into_iter().chain(categories).chain(endpoints);
        coarse.chain(ids).chain(keys).filter(|(_, barrier)| !barrier.is_none()).collect()
    }

    /// Drops what a wider barrier says as well.
    fn tidy(&mut self) {
        self.all = self.all.beyond(Barrier::default());
        let all = self.all;
        self.categories.iter_mut().chain(&mut self.endpoints).for_each(|one| *one = one.beyond(all));
        self.retain_fine(|barrier| barrier.beyond(all));
        let coarse = [&self.all].into_iter().chain(&self.categories).chain(&self.endpoints);
        self.any = !self.fine.is_empty() || coarse.into_iter().any(|barrier| !barrier.is_none());
    }

    fn retain(&mut self, left: impl Fn(Barrier) -> Barrier) {
        let coarse = [&mut self.all].into_iter().chain(&mut self.categories).chain(&mut self.endpoints);
        coarse.for_each(|barrier| *barrier = left(*barrier));
        self.retain_fine(left);
    }

    fn retain_fine(&mut self, left: impl Fn(Barrier) -> Barrier) {
        if self.fine.barriers().any(|barrier| left(*barrier) != *barrier) {
            Arc::make_mut(&mut self.fine).retain(left);
        }
    }
}

impl Fine {
    fn id(&mut self, id: &Id) -> &mut Barrier {
        let weight = &mut self.weight;
        self.ids.entry(id.clone()).or_insert_with(|| {
            *weight += weigh(&Scope::Id(id.clone()));
            Barrier::default()
        })
    }

    fn key(&mut self, key: &Key) -> &mut Barrier {
        let weight = &mut self.weight;
        self.keys.entry(key.clone()).or_insert_with(|| {
            *weight += weigh(&Scope::Key(key.clone()));
            Barrier::default()
        })
    }

    /// A mapping belongs to the id it leads to as well.
    fn over(&self, key: &Key, entry: &Entry) -> Barrier {
        let of = |id: &Id| self.ids.get(id).copied().unwrap_or_default();
        let of_ids = match key {
            _ if self.ids.is_empty() => Barrier::default(),
            Key::Row(_, uuid) => of(&Id::Uuid(*uuid)),
            Key::Missing(_, id) => of(id),
            Key::Mapping(_, id) => {
                let target = std::str::from_utf8(&entry.body).ok().and_then(Uuid::parse);
                of(id).and(target.map(|uuid| of(&Id::Uuid(uuid))).unwrap_or_default())
            }
            Key::Body(_) => Barrier::default(),
        };
        if self.keys.is_empty() {
            return of_ids;
        }
        of_ids.and(self.keys.get(key).copied().unwrap_or_default())
    }

    fn barriers(&self) -> impl Iterator<Item = &Barrier> {
        self.ids.values().chain(self.keys.values())
    }

    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.keys.is_empty()
    }

    fn retain(&mut self, left: impl Fn(Barrier) -> Barrier) {
        let keep = |barrier: &mut Barrier| {
            *barrier = left(*barrier);
            !barrier.is_none()
        };
        self.ids.retain(|_, barrier| keep(barrier));
        self.keys.retain(|_, barrier| keep(barrier));
        let ids = self.ids.keys().map(|id| weigh(&Scope::Id(id.clone())));
        self.weight = ids.chain(self.keys.keys().map(|key| weigh(&Scope::Key(key.clone())))).sum();
    }
}

fn weigh(scope: &Scope) -> usize {
    OVERHEAD + scope.to_string().len()
}

fn place(endpoint: &'static Endpoint) -> usize {
    let endpoint = settled(endpoint);
    let found = ENDPOINTS.iter().position(|other| std::ptr::eq(other, endpoint));
    found.expect("every endpoint is in the table")
}
