use std::collections::HashMap;
use std::sync::Arc;

use super::barrier::Barrier;
use super::category::Category;
use super::entry::Entry;
use super::key::Key;
use super::scope::{Scope, settled};
use crate::api::{ENDPOINTS, Endpoint, Id, Uuid};

/// What the barrier of an id or key weighs beside its text, in bytes.
const OVERHEAD: usize = 64;

/// The barriers of all scopes at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Raised {
    /// False: everything below is empty.
    pub(super) any: bool,
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

impl Raised {
    /// What the barriers of single ids and keys weigh, in bytes.
    pub(super) fn fine_weight(&self) -> usize {
        self.fine.weight
    }

    pub(super) fn raise(&mut self, scope: &Scope, barrier: Barrier) {
        let raised = match scope {
            Scope::All => &mut self.all,
            Scope::Category(category) => &mut self.categories[*category as usize],
            Scope::Endpoint(endpoint) => &mut self.endpoints[place(endpoint)],
            Scope::Id(id) => Arc::make_mut(&mut self.fine).id(id),
            Scope::Key(key) => Arc::make_mut(&mut self.fine).key(key),
        };
        *raised = raised.and(barrier);
    }

    pub(super) fn of(&self, scope: &Scope) -> Barrier {
        match scope {
            Scope::All => self.all,
            Scope::Category(category) => self.categories[*category as usize],
            Scope::Endpoint(endpoint) => self.endpoints[place(endpoint)],
            Scope::Id(id) => self.fine.ids.get(id).copied().unwrap_or_default(),
            Scope::Key(key) => self.fine.keys.get(key).copied().unwrap_or_default(),
        }
    }

    pub(super) fn over(&self, key: &Key, entry: &Entry) -> Barrier {
        let mut over = self.all.and(self.categories[key.category(entry.status) as usize]);
        if let Some(endpoint) = key.endpoint() {
            over = over.and(self.endpoints[place(endpoint)]);
        }
        over.and(self.fine.over(key, entry))
    }

    pub(super) fn lacks(&self, (scope, barrier): &(Scope, Barrier)) -> bool {
        !barrier.beyond(self.of(scope).and(self.all)).is_none()
    }

    pub(super) fn list(&self) -> Vec<(Scope, Barrier)> {
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
    pub(super) fn tidy(&mut self) {
        self.all = self.all.beyond(Barrier::default());
        let all = self.all;
        self.categories.iter_mut().chain(&mut self.endpoints).for_each(|one| *one = one.beyond(all));
        self.retain_fine(|barrier| barrier.beyond(all));
        let coarse = [&self.all].into_iter().chain(&self.categories).chain(&self.endpoints);
        self.any = !self.fine.is_empty() || coarse.into_iter().any(|barrier| !barrier.is_none());
    }

    pub(super) fn retain(&mut self, left: impl Fn(Barrier) -> Barrier) {
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
            Key::Body(_) | Key::Denied(_) => Barrier::default(),
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
