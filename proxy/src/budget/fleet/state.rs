//! What this replica knows of the others, and what it has not told them yet.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::super::lane::Lane;
use super::super::ring::StartId;
use super::HEARTBEAT;
use super::message::{Peer, Throttled};

/// How things stand between the replicas, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetState {
    /// Replicas that share the budget, this one included; while they cannot see each other, those
    /// it is split between.
    pub replicas: usize,
    /// One budget for all, rather than a part for each.
    pub joined: bool,
}

#[derive(Debug)]
pub(in crate::budget) struct Fleet {
    /// Nobody else's.
    pub(super) name: String,
    /// Replicas there are at least.
    pub(super) least: u32,
    pub(super) joined: bool,
    /// A report is under way, or was answered: what happens now is for the next. Else the next is a
    /// whole one anyway.
    pub(super) talking: bool,
    /// The ledger may not know what this replica knows.
    pub(super) untold: bool,
    pub(super) seq: u64,
    pub(super) epoch: String,
    pub(super) turn: u64,
    /// The time at the ledger, and when it was that; `None` before its first answer.
    pub(super) server: Option<(f64, Instant)>,
    /// When the last view came.
    pub(super) seen: Option<Instant>,
    pub(super) reported: Instant,
    pub(super) news: News,
    /// The start asked for in the report under way.
    pub(super) asking: Option<(StartId, Lane)>,
    /// What was asked for last, and not before when it can be had.
    pub(super) refused: Option<(Lane, Instant)>,
    pub(super) peers: Vec<Peer>,
    /// Slots of peers and the ends of their leases.
    pub(super) slots: Vec<(String, Instant)>,
}

/// What happened since the last report.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) moved: BTreeSet<StartId>,
    pub(super) taken_back: Vec<StartId>,
    pub(super) ended: bool,
    pub(super) throttled: Option<Throttled>,
    pub(super) answered: bool,
}

impl News {
    /// Others can do with it.
    fn matters(&self) -> bool {
        self.ended || !self.moved.is_empty() || !self.taken_back.is_empty() || self.throttled.is_some()
    }
}

impl Fleet {
    pub(in crate::budget) fn new(least: u32) -> Self {
        Self {
            name: format!("{:016x}", rand::random::<u64>()),
            least: least.max(1),
            joined: false,
            talking: false,
            untold: true,
            seq: 0,
            epoch: String::new(),
            turn: 0,
            server: None,
            seen: None,
            reported: Instant::now(),
            news: News::default(),
            asking: None,
            refused: None,
            peers: Vec::new(),
            slots: Vec::new(),
        }
    }

    pub(in crate::budget) fn state(&self) -> FleetState {
        let present = 1 + self.peers.iter().filter(|peer| peer.present).count();
        let replicas = if self.joined { present } else { self.size() as usize };
        FleetState { replicas, joined: self.joined }
    }

    /// There are at least so many replicas from now on. True when that changes the part of the budget
    /// that this one keeps to.
    pub(in crate::budget) fn expect_replicas(&mut self, least: u32) -> bool {
        let before = self.size();
        self.least = least.max(1);
        !self.joined && self.size() != before
    }

    /// Replicas there may be.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.peers.len() + 1).unwrap_or(u32::MAX).max(self.least)
    }

    /// Replicas that were not heard of when the ledger last was.
    pub(super) fn apart(&self) -> u32 {
        let heard = self.peers.iter().filter(|peer| peer.present).count() + 1;
        self.size() - u32::try_from(heard).unwrap_or(u32::MAX).min(self.size())
    }

    pub(in crate::budget) fn moved(&mut self, number: StartId) {
        if self.talking {
            self.news.moved.insert(number);
        }
    }

    pub(in crate::budget) fn ended(&mut self) {
        self.news.ended = self.talking;
    }

    pub(in crate::budget) fn taken_back(&mut self, number: StartId) {
        if self.talking {
            self.news.taken_back.push(number);
        }
    }

    pub(in crate::budget) fn throttled(&mut self, retry_after: Option<Duration>) {
        if self.talking {
            let told = self.news.throttled.take().and_then(|told| told.retry_after);
            let retry_after = retry_after.map(|after| after.as_secs_f64() * 1000.0);
            let longest = told.into_iter().chain(retry_after).reduce(f64::max);
            self.news.throttled = Some(Throttled { retry_after: longest });
        }
    }

    pub(in crate::budget) fn answered(&mut self) {
        self.news.answered = self.talking;
    }

    /// Calls of others that are projected to start before one here with `ahead` before it. Turns
    /// go round, so nobody is overtaken by more of one replica than it has before it at home.
    pub(in crate::budget) fn ahead_elsewhere(&self, lane: Lane, ahead: usize) -> usize {
        if !self.joined {
            return 0;
        }
        let waiting = self.peers.iter().filter(|peer| peer.present).map(|peer| peer.queue);
        match lane {
            Lane::Interactive => waiting.map(|queue| queue.min(ahead + 1)).sum(),
            Lane::Refresh | Lane::Warm => waiting.sum(),
        }
    }

    pub(in crate::budget) fn in_flight_elsewhere(&self, now: Instant) -> usize {
        self.slots.iter().filter(|(_, until)| *until > now).count()
    }

    /// From when on one more call has a slot where nobody can be asked: a part of all slots, and
    /// none while calls that were seen under way elsewhere fill the rest. `None`: when one of our
    /// own has ended.
    pub(in crate::budget) fn room_from(&self, now: Instant, own: usize, most: usize) -> Option<Instant> {
        let part = (most / self.size() as usize).max(1);
        if own >= part {
            return None;
        }
        let mut ends: Vec<Instant> =
            self.slots.iter().map(|(_, until)| *until).filter(|until| *until > now).collect();
        ends.sort_unstable();
        let parts_apart = (self.apart() as usize * part).min(most - part);
        let too_many = (own + 1 + parts_apart + ends.len()).saturating_sub(most);
        Some(too_many.checked_sub(1).map_or(now, |last| ends[last]))
    }

    /// When the next report is due, for a replica whose first waiter stands in lane `first`.
    pub(super) fn due(&self, now: Instant, first: Option<Lane>) -> Instant {
        let beat = self.reported + HEARTBEAT;
        if self.untold || self.news.matters() {
            return now;
        }
        match (first, self.refused) {
            (None, _) => beat,
            (Some(lane), Some((refused, at))) if lane <= refused => beat.min(at),
            (Some(_), _) => now,
        }
    }
}
