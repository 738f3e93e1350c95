use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::permit::{Grant, Permit};
use super::scheduler::TicketId;
use super::{Lane, Shared};

/// A place in the queue. Dropping it gives the place up.
#[derive(Debug)]
pub struct Ticket {
    place: Place,
    granted: oneshot::Receiver<Grant>,
}

/// Why a ticket brought no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The turn did not come in time.
    Overdue,
    /// The budget itself is gone, which only happens while the process ends.
    Gone,
}

/// Where a ticket stands, for promoting it while somebody else waits on it.
#[derive(Debug, Clone)]
pub struct Place {
    id: TicketId,
    budget: Arc<Shared>,
}

impl Ticket {
    pub(super) fn new(id: TicketId, budget: Arc<Shared>, granted: oneshot::Receiver<Grant>) -> Self {
        Self { place: Place { id, budget }, granted }
    }

    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// An announced ticket may leave from now on.
    pub fn ready(&self) {
        self.place.budget.change(|scheduler| scheduler.ready(self.place.id));
    }

    /// Waits for the turn until `limit`, and not at all once a hold reaches beyond it.
    pub async fn permit_by(self, limit: Instant) -> Result<Permit, Missed> {
        let mut holds = self.place.budget.hold.subscribe();
        tokio::select! {
            biased;
            permit = self.permit() => permit.ok_or(Missed::Gone),
            () = sleep_until(limit) => Err(Missed::Overdue),
            Ok(_) = holds.wait_for(|hold| hold.is_some_and(|until| until > limit)) => Err(Missed::Overdue),
        }
    }

    /// Waits for the turn. Cancel safe: a permit granted to a dropped ticket is refunded.
    ///
    /// `None` when the budget itself is gone, which only happens while the process ends.
    pub async fn permit(mut self) -> Option<Permit> {
        let grant = (&mut self.granted).await.ok()?;
        Some(Permit::new(&grant, Arc::clone(&self.place.budget)))
    }
}

impl Place {
    /// Moves the ticket up to `lane`; never down.
    pub fn promote(&self, lane: Lane) {
        self.budget.change(|scheduler| scheduler.promote(Instant::now(), self.id, lane));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.granted.close();
        if let Ok(grant) = self.granted.try_recv() {
            // Granted, but nobody took it: the grant must not leak its slot.
            Permit::new(&grant, Arc::clone(&self.place.budget)).refund();
        } else {
            self.place.budget.change(|scheduler| scheduler.leave(self.place.id));
        }
    }
}
