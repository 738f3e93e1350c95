//! Starts in the order of time, as far back as the rules look.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Numbers the starts of this replica.
pub(super) type StartId = u64;

/// Who made a start.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    Own(StartId),
    /// A peer, for all this replica can know: while nobody can be asked, each is taken to do what
    /// this one does.
    Presumed(StartId),
    /// A peer, before this replica found that nobody can be asked.
    Unseen,
    /// A peer, under the name that all know it by.
    Peer(String),
}

impl By {
    fn number(&self) -> Option<StartId> {
        match self {
            Self::Own(number) | Self::Presumed(number) => Some(*number),
            Self::Unseen | Self::Peer(_) => None,
        }
    }

    /// It took place, rather than that it may have.
    fn is_sure(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Peer(_))
    }
}

#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Oldest first.
    starts: VecDeque<(Instant, By)>,
}

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn at(&self, index: usize) -> Instant {
        self.starts[index].0
    }

    pub(super) fn last(&self) -> Option<Instant> {
        self.starts.back().map(|(at, _)| *at)
    }

    /// One of our own, and `presumed` of peers at the same time.
    pub(super) fn start(&mut self, at: Instant, number: StartId, presumed: u32) {
        self.insert(at, By::Own(number));
        for _ in 0..presumed {
            self.insert(at, By::Presumed(number));
        }
    }

    /// One that a peer may have made.
    pub(super) fn unseen(&mut self, at: Instant) {
        self.insert(at, By::Unseen);
    }

    /// One that a peer made, or moved since it was last told.
    pub(super) fn peer(&mut self, name: String, at: Instant) {
        let by = By::Peer(name);
        if let Some(index) = self.starts.iter().rposition(|(_, known)| *known == by) {
            self.starts.remove(index);
        }
        self.insert(at, by);
    }

    /// Moves a start to a later moment, and what was presumed because of it.
    pub(super) fn postpone(&mut self, number: StartId, to: Instant) {
        while let Some(index) =
            self.starts.iter().rposition(|(at, by)| by.number() == Some(number) && *at < to)
        {
            if let Some((_, by)) = self.starts.remove(index) {
                self.insert(to, by);
            }
        }
    }

    /// Takes a start back, and what was presumed because of it.
    pub(super) fn remove(&mut self, number: StartId) {
        self.starts.retain(|(_, by)| by.number() != Some(number));
    }

    /// Forgets starts from before `width` ago, save the last, and what there is beyond `most`:
    /// guesses first, for what is known will be told to peers.
    pub(super) fn trim(&mut self, now: Instant, width: Duration, most: usize) {
        let old = self.starts.partition_point(|(at, _)| now.duration_since(*at) > width);
        self.starts.drain(..old.min(self.len().saturating_sub(1)));
        let mut beyond = self.len().saturating_sub(most);
        if beyond > 0 {
            self.starts.retain(|(_, by)| {
                let goes = beyond > 0 && !by.is_sure();
                beyond -= usize::from(goes);
                !goes
            });
        }
        self.starts.drain(..beyond);
    }

    /// Forgets what was guessed about peers, because somebody knows it.
    pub(super) fn forget_guesses(&mut self) {
        self.starts.retain(|(_, by)| by.is_sure());
    }

    /// Forgets what peers did, because all of it is told anew. Guesses stay.
    pub(super) fn forget_peers(&mut self) {
        self.starts.retain(|(_, by)| !matches!(by, By::Peer(_)));
    }

    /// When a start of our own took place.
    pub(super) fn own(&self, number: StartId) -> Option<Instant> {
        self.starts.iter().rev().find(|(_, by)| *by == By::Own(number)).map(|(at, _)| *at)
    }

    pub(super) fn all_own(&self) -> impl Iterator<Item = (StartId, Instant)> {
        self.starts.iter().filter_map(|(at, by)| match by {
            By::Own(number) => Some((*number, *at)),
            _ => None,
        })
    }

    pub(super) fn all_peers(&self) -> impl Iterator<Item = (&str, Instant)> {
        self.starts.iter().filter_map(|(at, by)| match by {
            By::Peer(name) => Some((name.as_str(), *at)),
            _ => None,
        })
    }

    /// Starts that certainly took place less than `width` ago.
    pub(super) fn recent(&self, now: Instant, width: Duration) -> usize {
        let within = |(at, _): &&(Instant, By)| now.duration_since(*at) < width;
        self.starts.iter().rev().take_while(within).filter(|(_, by)| by.is_sure()).count()
    }

    fn insert(&mut self, at: Instant, by: By) {
        let place = self.starts.partition_point(|(start, _)| *start <= at);
        self.starts.insert(place, (at, by));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_forgotten_before_what_is_known() {
        let now = Instant::now();
        let mut ring = Ring::default();
        ring.start(now, 1, 0);
        ring.peer("other:1".to_owned(), now);
        (0..6).for_each(|_| ring.unseen(now));
        ring.trim(now, Duration::from_secs(60), 4);
        assert_eq!((ring.len(), ring.recent(now, Duration::from_secs(60))), (4, 2));
        ring.trim(now, Duration::from_secs(60), 1);
        assert_eq!((ring.len(), ring.all_peers().count()), (1, 1));
    }
}
