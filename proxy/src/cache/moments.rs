use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::{Clock, Timestamp};

/// Before and after a purge, to the last fact: wall time that steps aside for barriers.
///
/// A barrier and a fact may fall into one millisecond, and the system's clock may be set back. So a
/// barrier is never earlier than any moment given to a fact before it, and a fact gets a moment
/// later than every barrier known: what came first is decided here, not by the clock.
#[derive(Debug)]
pub(super) struct Moments {
    clock: Clock,
    /// The latest given to a fact, in milliseconds since 1970.
    latest: AtomicU64,
    /// The latest barrier.
    barrier: AtomicU64,
}

impl Moments {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, latest: AtomicU64::new(0), barrier: AtomicU64::new(0) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// For a fact that is asked for or stored now.
    pub(super) fn fact(&self) -> Timestamp {
        let after = self.barrier.load(Ordering::SeqCst) + 1;
        let at = self.now().0.max(after);
        self.latest.fetch_max(at, Ordering::SeqCst);
        Timestamp(at)
    }

    /// For a barrier that is raised now.
    pub(super) fn barrier(&self) -> Timestamp {
        let at = Timestamp(self.now().0.max(self.latest.load(Ordering::SeqCst)));
        self.heed(at);
        at
    }

    /// Later facts come after `barrier`, whoever raised it.
    pub(super) fn heed(&self, barrier: Timestamp) {
        self.barrier.fetch_max(barrier.0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn within_one_millisecond_the_order_of_events_decides() {
        let moments = Moments::new(Clock::tokio());
        for _ in 0..5 {
            let before = moments.fact();
            let barrier = moments.barrier();
            let after = moments.fact();
            assert!(before <= barrier && barrier < after, "{before:?} {barrier:?} {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_barrier_of_a_clock_that_runs_ahead_does_not_hide_later_facts() {
        let moments = Moments::new(Clock::tokio());
        let ahead = Timestamp(moments.now().0 + 60_000);
        moments.heed(ahead);
        assert!(moments.fact() > ahead);
    }
}
