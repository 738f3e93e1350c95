//! What a refused client is told.
//!
//! Refusals are promises: "a slot comes in n seconds". If the n-th refused client were told the
//! same moment as the first, they would all come back at once and be refused again. So each
//! refusal takes a place in a *virtual tail* behind the real queue, one gap after the place before
//! it. The tail needs no bookkeeping of who keeps the appointment: it is one point in time that
//! the present catches up with.

use std::time::Duration;

use tokio::time::Instant;

/// Clients in the wild give up at once when told more (contract §14).
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(super) struct Tail {
    last: Option<Instant>,
}

impl Tail {
    /// The wait to name to one more refused request: whole seconds, 1..=300.
    ///
    /// `slot` is when the real queue could serve it, `None` when never.
    pub(super) fn promise(&mut self, now: Instant, slot: Option<Instant>, gap: Duration) -> Duration {
        let Some(slot) = slot else { return LONGEST_WAIT };
        let place = self.last.map_or(slot, |last| slot.max(last + gap)).min(now + LONGEST_WAIT);
        self.last = Some(place);
        whole_seconds(place - now)
    }
}

/// Rounds up to 1..=300 whole seconds, the only form of `Retry-After` clients are given.
pub(crate) fn whole_seconds(wait: Duration) -> Duration {
    let up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(up.clamp(1, LONGEST_WAIT.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(750);

    #[test]
    fn each_refusal_is_told_a_later_place_up_to_the_limit() {
        let now = Instant::now();
        let slot = Some(now + Duration::from_secs(30));
        let mut tail = Tail::default();
        let told: Vec<_> = (0..500).map(|_| tail.promise(now, slot, GAP).as_secs()).collect();
        assert_eq!(told[..5], [30, 31, 32, 33, 33]);
        assert!(told.is_sorted());
        assert_eq!(told[499], 300);
    }

    #[test]
    fn the_tail_decays_with_time() {
        let now = Instant::now();
        let mut tail = Tail::default();
        for _ in 0..100 {
            tail.promise(now, Some(now), GAP);
        }
        let later = now + Duration::from_secs(80);
        assert_eq!(tail.promise(later, Some(later), GAP).as_secs(), 1);
    }

    #[test]
    fn without_any_rate_the_limit_is_named() {
        assert_eq!(Tail::default().promise(Instant::now(), None, GAP), LONGEST_WAIT);
    }
}
