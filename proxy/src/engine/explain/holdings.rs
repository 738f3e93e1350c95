//! What each tier holds of the parts of an answer.

use std::collections::HashMap;

use super::Engine;
use super::model::{Holding, State};
use crate::cache::{Found, Key, Store};

/// What the tiers hold of some keys.
pub(super) struct Holdings(HashMap<Key, Vec<Holding>>);

impl Holdings {
    pub(super) fn of(&self, key: &Key) -> &[Holding] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

impl Engine {
    pub(super) async fn holdings(&self, keys: Vec<Key>) -> Holdings {
        let mut holdings = HashMap::<Key, Vec<Holding>>::new();
        for found in self.store.inspect(keys).await {
            let holding = holding(&self.store, &found);
            holdings.entry(found.key).or_default().push(holding);
        }
        Holdings(holdings)
    }
}

fn holding(store: &Store, found: &Found) -> Holding {
    let now = store.now();
    let state = match &found.held {
        Some(held) if held.stale => State::Stale,
        Some(_) => State::Fresh,
        None => State::Gone,
    };
    Holding {
        tier: found.tier.to_owned(),
        state,
        age_seconds: found.entry.age(now),
        // What is left after a purge counts, not what was meant when it was stored.
        fresh_seconds_left: found.held.as_ref().map(|held| held.entry.ttl(now)),
        bytes: found.entry.body.len(),
    }
}
