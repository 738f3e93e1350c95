//! Time that calls have waited, counted once however many of them waited at the same time.

use std::time::Duration;

use tokio::time::Instant;

/// Stretches of time in which somebody waited; no two of them touch.
#[derive(Debug, Default)]
pub(super) struct Waits(Vec<(Instant, Instant)>);

impl Waits {
    pub(super) fn note(&mut self, mut from: Instant, mut to: Instant) {
        if to <= from {
            return;
        }
        self.0.retain(|&(began, ended)| {
            let apart = ended < from || to < began;
            if !apart {
                (from, to) = (from.min(began), to.max(ended));
            }
            apart
        });
        self.0.push((from, to));
    }

    pub(super) fn total(&self) -> Duration {
        self.0.iter().map(|(began, ended)| ended.duration_since(*began)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_second_counts_once(stretches in prop::collection::vec((0_u64..60, 0_u64..60), 0..12)) {
            let zero = Instant::now();
            let at = |seconds| zero + Duration::from_secs(seconds);
            let mut waits = Waits::default();
            stretches.iter().for_each(|(from, to)| waits.note(at(*from), at(*to)));
            let waited = |second: &u64| stretches.iter().any(|(from, to)| (*from..*to).contains(second));
            let seconds = (0..60).filter(waited).count() as u64;
            prop_assert_eq!(waits.total(), Duration::from_secs(seconds));
        }
    }
}
