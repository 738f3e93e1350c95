//! What the engine goes by, and how that is changed while it runs.
//!
//! Each part keeps what it needs: those that decide from moment to moment read it where they use it,
//! those with a state of their own bring that in line first. A request may see the change half way;
//! no part needs what another one is set to.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;

use super::{Engine, Settings};
use crate::cache::Lifetimes;
use crate::guard::Rules;

/// What the engine itself reads of its [`Settings`].
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub(super) struct Terms {
    pub(super) queue_timeout: Duration,
    pub(super) max_ids: usize,
    pub(super) linger: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_parallel_per_request: usize,
    pub(super) rules: Rules,
    pub(super) repair: bool,
    pub(super) honour_no_cache: bool,
    pub(super) spotify_ids_in_paths: bool,
    pub(super) early_refresh: bool,
}

impl Terms {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            queue_timeout: settings.queue_timeout,
            max_ids: settings.batch.max_ids,
            linger: settings.batch.linger,
            max_in_flight: settings.budget.max_in_flight,
            max_parallel_per_request: settings.max_parallel_per_request,
            rules: settings.guard.rules.clone(),
            repair: settings.guard.repair,
            honour_no_cache: settings.honour_no_cache,
            spotify_ids_in_paths: settings.spotify_ids_in_paths,
            early_refresh: settings.spare.early_refresh,
        }
    }
}

impl Engine {
    /// Goes by other settings from now on. Of those of the cache, only lifetimes, jitter and the bound
    /// of the disk count; the tiers stay as they are.
    pub fn apply(&self, settings: &Settings) {
        let lifetimes = Lifetimes { ttls: settings.cache.ttls.clone(), jitter: settings.cache.jitter };
        self.store.apply(lifetimes, settings.cache.disk.as_ref().map(|disk| disk.max_bytes));
        self.budget.apply(&settings.budget, settings.replicas);
        self.dispatch.apply(settings.patience.clone(), settings.breaker.clone());
        self.batches.apply(settings.batch);
        self.denials.turn(settings.guard.deny);
        self.read_ahead.turn(settings.spare.read_ahead);
        self.terms.store(Arc::new(Terms::of(settings)));
    }

    /// What each part goes by, as it keeps it.
    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        let (terms, budget, denials) = (self.terms(), self.budget.in_force(), self.denials.is_on());
        let (store, dispatch, batches) =
            (self.store.in_force(), self.dispatch.in_force(), self.batches.in_force());
        let ahead = self.read_ahead.is_on();
        format!("{terms:?} {budget} {store} {dispatch} {batches} denials={denials} ahead={ahead}")
    }

    /// Not to be held while something is waited for.
    pub(super) fn terms(&self) -> Guard<Arc<Terms>> {
        self.terms.load()
    }
}
