//! Look-ups beyond memory: the same questions, with the tier behind asked too.
//!
//! A question is a function from entries to an answer. On disk it runs beside the file, on a
//! blocking thread. A server that replicas share is asked for many keys at once: the question runs on
//! what is known, the keys it lacked are read together, and so on until it lacks none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::disk::View;
use super::entry::Entry;
use super::key::Key;
use super::look::Look;
use super::store::{Held, Known, Store, know};
use super::tiers::Second;
use crate::api::{Id, RowKind};
use crate::clock::Timestamp;

impl Store {
    /// Like [`Store::know`] for ids that memory does not know, in the order given, with the tier
    /// behind asked too. What is found there is in memory afterwards. `None`: it cannot be asked.
    pub async fn recall(self: &Arc<Self>, kind: RowKind, ids: Vec<Id>) -> Option<Vec<Known>> {
        self.recall_by(Look::Use, kind, ids).await
    }

    pub async fn recall_by(self: &Arc<Self>, look: Look, kind: RowKind, ids: Vec<Id>) -> Option<Vec<Known>> {
        self.consult(look, Self::is_held, move |store, get| store.know_all(kind, &ids, get)).await
    }

    /// Like [`Store::get`] for a key that memory does not know, with the tier behind asked too.
    pub async fn recall_body(self: &Arc<Self>, key: Key) -> Option<Held> {
        self.recall_body_by(Look::Use, key).await
    }

    pub async fn recall_body_by(self: &Arc<Self>, look: Look, key: Key) -> Option<Held> {
        self.consult(look, Self::is_held, move |store, get| store.held(&key, get(&key)?)).await?
    }

    /// What the shared tier holds of `ids` that is fresh, whatever staler things memory holds.
    /// `None`: it cannot be asked.
    pub async fn recall_fresh(&self, kind: RowKind, ids: &[Id]) -> Option<Vec<Known>> {
        let fresh = |key: &Key, entry: &Entry| self.is_fresh(key, entry);
        self.consult_shared(Look::Use, fresh, |get| self.know_all(kind, ids, get)).await
    }

    /// The same of one key, stored no earlier than `since`.
    pub async fn recall_fresh_body(&self, key: &Key, since: Timestamp) -> Option<Entry> {
        let good = |key: &Key, entry: &Entry| entry.stored_at >= since && self.is_fresh(key, entry);
        let found = self.consult_shared(Look::Use, good, |get| get(key)).await?;
        found.filter(|entry| good(key, entry))
    }

    /// What `act` makes of the entries it asks for, from memory as far as they are `good` there,
    /// and the tier behind. `None`: it cannot be asked.
    pub(super) async fn consult<T, F>(
        self: &Arc<Self>,
        look: Look,
        good: fn(&Self, &Key, &Entry) -> bool,
        act: F,
    ) -> Option<T>
    where
        T: Send + 'static,
        F: Fn(&Self, &mut dyn FnMut(&Key) -> Option<Entry>) -> T + Send + 'static,
    {
        match &self.tiers.second {
            Second::Nothing => None,
            Second::Disk(disk) => {
                let store = Arc::clone(self);
                let read = move |view: &mut View| {
                    store.recall_barriers(view);
                    let worth = |key: &Key, entry: &Entry| store.is_held(key, entry);
                    let mut get = |key: &Key| {
                        store.tiers.recall(view, key, look, |key, entry| good(&store, key, entry), worth)
                    };
                    act(&store, &mut get)
                };
                disk.read(read).await
            }
            Second::Shared(_) => {
                self.consult_shared(look, |key, entry| good(self, key, entry), |get| act(self, get)).await
            }
        }
    }

    /// Many keys at once: `act` runs on what is known, the keys it lacked are read together, and so
    /// on until it lacks none. A Spotify id takes two rounds: its mapping, then the row.
    async fn consult_shared<T>(
        &self,
        look: Look,
        good: impl Fn(&Key, &Entry) -> bool,
        act: impl Fn(&mut dyn FnMut(&Key) -> Option<Entry>) -> T,
    ) -> Option<T> {
        let shared = self.tiers.shared().filter(|shared| shared.is_up())?;
        let deadline = Instant::now() + shared.patience();
        let mut found: HashMap<Key, Option<Entry>> = HashMap::new();
        loop {
            let mut lacking = HashSet::new();
            let result = act(&mut |key| {
                self.tiers.get(key, look).filter(|entry| good(key, entry)).or_else(|| {
                    if !found.contains_key(key) {
                        lacking.insert(key.clone());
                    }
                    found.get(key).cloned().flatten()
                })
            });
            if lacking.is_empty() {
                return Some(result);
            }
            let worth = |key: &Key, entry: &Entry| self.is_held(key, entry);
            let read = self.tiers.read_shared(lacking.into_iter().collect(), look, worth);
            found.extend(timeout_at(deadline, read).await.ok()??);
        }
    }

    /// What the tier behind memory holds for these keys, in their order, whatever it is worth.
    /// `None`: it cannot be asked.
    pub async fn look_behind(self: &Arc<Self>, keys: Vec<Key>) -> Option<Vec<Option<Entry>>> {
        match &self.tiers.second {
            Second::Nothing => None,
            Second::Disk(disk) => {
                let look = move |view: &mut View| keys.iter().map(|key| view.get(key, |_| {})).collect();
                disk.read(look).await
            }
            Second::Shared(_) => {
                let mut found = self.tiers.read_shared(keys.clone(), Look::Glance, |_, _| false).await?;
                Some(keys.iter().map(|key| found.remove(key).flatten()).collect())
            }
        }
    }

    fn is_fresh(&self, key: &Key, entry: &Entry) -> bool {
        self.held(key, entry.clone()).is_some_and(|held| !held.stale)
    }

    fn know_all(&self, kind: RowKind, ids: &[Id], get: &mut dyn FnMut(&Key) -> Option<Entry>) -> Vec<Known> {
        let mut held = |key: &Key| self.held(key, get(key)?);
        ids.iter().map(|id| know(kind, id, &mut held)).collect()
    }
}
