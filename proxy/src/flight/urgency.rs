use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::budget::{Lane, Place, Ticket};

/// The lane of a fetch, which may rise while it waits, between tickets or in the queue.
#[derive(Debug)]
pub struct Urgency {
    state: Mutex<(Lane, Option<Place>)>,
    raised: Notify,
}

impl Urgency {
    pub fn new(lane: Lane) -> Self {
        Self { state: Mutex::new((lane, None)), raised: Notify::new() }
    }

    pub fn lane(&self) -> Lane {
        self.lock().0
    }

    /// Raises the lane; never lowers it.
    pub fn promote(&self, lane: Lane) {
        let mut state = self.lock();
        if state.0 < lane {
            state.0 = lane;
            if let Some(place) = &state.1 {
                place.promote(lane);
            }
            self.raised.notify_one();
        }
    }

    /// Returns when the lane has risen since this was last asked.
    pub async fn raised(&self) {
        self.raised.notified().await;
    }

    /// Takes a ticket in the present lane. Holding the lock across both keeps a promotion from
    /// falling between them.
    pub fn take(&self, ticket: impl FnOnce(Lane) -> Ticket) -> Ticket {
        match self.try_take(|lane| Ok::<_, Infallible>(ticket(lane))) {
            Ok(ticket) => ticket,
        }
    }

    /// The same with a ticket that may be refused.
    pub fn try_take<E>(&self, ticket: impl FnOnce(Lane) -> Result<Ticket, E>) -> Result<Ticket, E> {
        let mut state = self.lock();
        let ticket = ticket(state.0)?;
        state.1 = Some(ticket.place());
        Ok(ticket)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Lane, Option<Place>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The call a row's flight has left the pool with, so that a promotion finds it there too: in the
/// queue again after a 429, or asked again in another call.
#[derive(Debug, Default)]
pub(super) struct Seat(Mutex<Option<Arc<Urgency>>>);

impl Seat {
    /// Changes over to a call, which inherits what the one before was promoted to.
    pub(super) fn change(&self, to: &Arc<Urgency>) {
        let mut seat = self.lock();
        if let Some(before) = seat.replace(Arc::clone(to)) {
            to.promote(before.lane());
        }
    }

    /// The lane of the call it sits in, if it does.
    pub(super) fn lane(&self) -> Option<Lane> {
        self.lock().as_ref().map(|urgency| urgency.lane())
    }

    pub(super) fn promote(&self, lane: Lane) {
        if let Some(urgency) = &*self.lock() {
            urgency.promote(lane);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Urgency>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
