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

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::entry::{Entry, seconds};
use super::key::Key;
use super::raised::Raised;
use super::scope::Scope;
use crate::clock::Timestamp;

/// What the barriers of single ids and keys may weigh in bytes, about ten thousand ids: they are
/// looked at together, written together and told to other replicas together.
const FINE: usize = 1 << 20;

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

    /// Seconds of freshness it leaves to an entry; `None`: nothing at all. A barrier may be a little
    /// ahead of the clock; what it ends has ended all the same.
    pub(super) fn fresh_for(self, entry: &Entry, now: Timestamp) -> Option<u32> {
        let stored_at = Some(entry.stored_at);
        if self.hard >= stored_at {
            return None;
        }
        let ended = self.soft.filter(|_| self.soft >= stored_at).map(|soft| soft.min(now));
        let until = ended.map_or(u32::MAX, |ended| seconds(ended.since(entry.stored_at)));
        Some(entry.fresh_for.min(until))
    }

    /// Nothing learned later is touched; `None` without a purge.
    pub fn latest(self) -> Option<Timestamp> {
        self.soft.max(self.hard)
    }

    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// What it says beyond `wider`, which covers the same entries.
    pub(super) fn beyond(self, wider: Self) -> Self {
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
            if fine && raised.fine_weight() > FINE { Err(TooMany) } else { Ok(()) }
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
