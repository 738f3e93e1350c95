use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ring::StartId;
use super::{Lane, Shared};

/// What the scheduler hands to a waiter; only a ticket turns it into a permit.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) number: StartId,
    pub(super) started: Instant,
    pub(super) lane: Lane,
    pub(super) waited: Duration,
}

/// The right to start one upstream call, and the in-flight slot it occupies until dropped.
///
/// Only the budget makes one, and [`crate::upstream`] consumes one per call, so nothing can go
/// upstream unpaid.
#[derive(Debug)]
#[must_use = "a permit that is dropped has spent its start for nothing"]
pub struct Permit {
    number: StartId,
    started: Instant,
    lane: Lane,
    waited: Duration,
    /// `None` after a refund.
    budget: Option<Arc<Shared>>,
}

impl Permit {
    pub(super) fn new(grant: &Grant, budget: Arc<Shared>) -> Self {
        let Grant { number, started, lane, waited } = *grant;
        Self { number, started, lane, waited, budget: Some(budget) }
    }

    /// The lane it was granted in.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// From the ticket to the grant.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Gives the permit back unused: it counts as if it had never been granted.
    pub fn refund(mut self) {
        if let Some(budget) = self.budget.take() {
            budget.change(|scheduler| scheduler.refund(self.number));
        }
    }

    /// The request is being sent now: the next start keeps its distance from this moment, however
    /// long connecting took.
    pub fn departs(&mut self) {
        let sent = Instant::now();
        if let Some(budget) = &self.budget {
            budget.change(|scheduler| scheduler.depart(self.number, sent));
        }
        self.started = sent;
    }

    /// A permit of no budget, for tests of the layers that only consume one.
    #[cfg(test)]
    pub(crate) fn unmetered() -> Self {
        Self {
            number: 0,
            started: Instant::now(),
            lane: Lane::Interactive,
            waited: Duration::ZERO,
            budget: None,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(budget) = self.budget.take() {
            let held = self.started.elapsed();
            budget.change(|scheduler| scheduler.release(self.number, held));
        }
    }
}
