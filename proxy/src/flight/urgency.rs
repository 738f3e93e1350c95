use std::sync::{Mutex, PoisonError};

use crate::budget::{Lane, Place, Ticket};

/// The lane of a fetch, which may rise while it waits, between tickets or in the queue.
#[derive(Debug)]
pub struct Urgency {
    state: Mutex<(Lane, Option<Place>)>,
}

impl Urgency {
    pub fn new(lane: Lane) -> Self {
        Self { state: Mutex::new((lane, None)) }
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
        }
    }

    /// Takes a ticket in the present lane. Holding the lock across both keeps a promotion from
    /// falling between them.
    pub fn take(&self, ticket: impl FnOnce(Lane) -> Ticket) -> Ticket {
        let mut state = self.lock();
        let ticket = ticket(state.0);
        state.1 = Some(ticket.place());
        ticket
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Lane, Option<Place>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
