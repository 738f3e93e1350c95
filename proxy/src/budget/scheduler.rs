//! Who starts next: lanes, turns and slots, as a state machine without clocks or tasks.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::fair::FairQueue;
use super::lane::Lane;
use super::pace::Pace;
use super::permit::Grant;
use super::tail::Tail;

pub(super) type TicketId = u64;

/// One waiter: where it stands and how to reach it.
#[derive(Debug)]
struct Waiting {
    lane: Lane,
    client: IpAddr,
    /// False while it keeps its place but would not leave yet.
    ready: bool,
    grant: oneshot::Sender<Grant>,
}

/// One lane's queue. Calls that met a 429 go back to the head, before all turns.
#[derive(Debug, Default)]
struct LaneQueue {
    head: VecDeque<TicketId>,
    turns: FairQueue<IpAddr, TicketId>,
}

impl LaneQueue {
    fn len(&self) -> usize {
        self.head.len() + self.turns.len()
    }
}

#[derive(Debug)]
pub(super) struct Scheduler {
    pub(super) pace: Pace,
    pub(super) tail: Tail,
    max_in_flight: usize,
    in_flight: usize,
    lanes: HashMap<Lane, LaneQueue>,
    waiting: HashMap<TicketId, Waiting>,
    next_id: TicketId,
    last_interactive: Option<Instant>,
    /// Mean time a slot is held, exponentially weighted; `None` before the first release.
    mean_call: Option<Duration>,
    pub(super) counts: Counts,
}

/// What happened so far, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub granted_interactive: u64,
    pub granted_refresh: u64,
    pub granted_warm: u64,
    pub refunded: u64,
    pub refused: u64,
    pub throttled: u64,
    pub holds: u64,
}

/// Where a waiter queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// Before all turns: it comes back from a 429.
    Head,
    Tail,
    /// At the tail, but not ready to leave.
    Announced,
}

/// What the driver shall do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Granted one; ask again.
    Granted,
    /// Nothing can start before this moment.
    At(Instant),
    /// Nothing can start until something changes.
    Change,
}

impl Scheduler {
    pub(super) fn new(pace: Pace, max_in_flight: usize) -> Self {
        Self {
            pace,
            tail: Tail::default(),
            max_in_flight,
            in_flight: 0,
            lanes: Lane::ALL.into_iter().map(|lane| (lane, LaneQueue::default())).collect(),
            waiting: HashMap::new(),
            next_id: 0,
            last_interactive: None,
            mean_call: None,
            counts: Counts::default(),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn queued(&self, lane: Lane) -> usize {
        self.lanes[&lane].len()
    }

    /// Queues a waiter.
    pub(super) fn enqueue(
        &mut self,
        now: Instant,
        lane: Lane,
        client: IpAddr,
        entrance: Entrance,
        grant: oneshot::Sender<Grant>,
    ) -> TicketId {
        let id = self.next_id;
        self.next_id += 1;
        let queue = self.lanes.get_mut(&lane).expect("every lane has a queue");
        match entrance {
            Entrance::Head => queue.head.push_back(id),
            Entrance::Tail | Entrance::Announced => queue.turns.push(client, id),
        }
        self.note_arrival(now, lane);
        self.waiting.insert(id, Waiting { lane, client, ready: entrance != Entrance::Announced, grant });
        id
    }

    /// Lets an announced waiter leave when its turn comes.
    pub(super) fn ready(&mut self, id: TicketId) {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            waiting.ready = true;
        }
    }

    /// Moves a waiter up to `lane`; never down. Nothing when it is gone already.
    pub(super) fn promote(&mut self, now: Instant, id: TicketId, lane: Lane) {
        let Some(waiting) = self.waiting.get(&id).filter(|waiting| waiting.lane < lane) else { return };
        let (from, client) = (waiting.lane, waiting.client);
        self.take_out(id, from, client);
        self.lanes.get_mut(&lane).expect("every lane has a queue").turns.push(client, id);
        self.waiting.get_mut(&id).expect("found above").lane = lane;
        self.note_arrival(now, lane);
    }

    /// Forgets a waiter that gave up.
    pub(super) fn leave(&mut self, id: TicketId) {
        if let Some(waiting) = self.waiting.remove(&id) {
            self.take_out(id, waiting.lane, waiting.client);
        }
    }

    /// When a new waiter of this lane and client could start; `None` when never.
    pub(super) fn slot(&mut self, now: Instant, lane: Lane, client: IpAddr) -> Option<Instant> {
        self.pace.relax(now);
        let higher: usize = Lane::ALL.into_iter().filter(|other| *other > lane).map(|l| self.queued(l)).sum();
        let own = &self.lanes[&lane];
        let ahead = higher + own.head.len() + own.turns.ahead_of(client);
        let paced = self.pace.slot(now, ahead)?;
        // Slow answers bind too: each start beyond the free slots needs a call to end first.
        let ends_needed = (self.in_flight + ahead + 1).saturating_sub(self.max_in_flight);
        let mean = self.mean_call.unwrap_or_default();
        #[allow(clippy::cast_precision_loss)] // queue lengths are far below 2^52
        let freed = now + mean.mul_f64(ends_needed as f64 / self.max_in_flight as f64);
        Some(paced.max(freed).max(self.quiet_from(lane).unwrap_or(now)))
    }

    /// Grants at most one permit.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        self.pace.relax(now);
        let Some(lane) = Lane::ALL.into_iter().find(|lane| self.has_ready(*lane)) else {
            return Next::Change;
        };
        if self.in_flight >= self.max_in_flight {
            return Next::Change;
        }
        let Some(paced) = self.pace.slot(now, 0) else { return Next::Change };
        let start = paced.max(self.quiet_from(lane).unwrap_or(now));
        if start > now {
            return Next::At(start);
        }
        let Some(waiting) = self.pop(lane) else { return Next::Change };
        // A waiter that vanished between its last poll and now costs nothing.
        if waiting.grant.send(Grant { started: now }).is_ok() {
            self.pace.start(now);
            self.in_flight += 1;
            *match lane {
                Lane::Interactive => &mut self.counts.granted_interactive,
                Lane::Refresh => &mut self.counts.granted_refresh,
                Lane::Warm => &mut self.counts.granted_warm,
            } += 1;
        }
        Next::Granted
    }

    /// A call ended: its slot is free.
    pub(super) fn release(&mut self, held: Duration) {
        self.in_flight -= 1;
        self.mean_call = Some(self.mean_call.map_or(held, |mean| mean.mul_f64(0.8) + held.mul_f64(0.2)));
    }

    /// A permit came back unused: neither slot nor start was spent.
    pub(super) fn refund(&mut self, started: Instant) {
        self.in_flight -= 1;
        self.pace.refund(started);
        self.counts.refunded += 1;
    }

    /// Background lanes start only when the interactive lane is empty *and* has been quiet for two
    /// gaps: then a refresh delays a person by at most one gap.
    fn quiet_from(&self, lane: Lane) -> Option<Instant> {
        let last = self.last_interactive.filter(|_| lane != Lane::Interactive)?;
        Some(last + self.pace.gap() * 2)
    }

    fn note_arrival(&mut self, now: Instant, lane: Lane) {
        if lane == Lane::Interactive {
            self.last_interactive = Some(now);
        }
    }

    fn pop(&mut self, lane: Lane) -> Option<Waiting> {
        let queue = self.lanes.get_mut(&lane)?;
        let ready = |id: &TicketId| self.waiting[id].ready;
        let id = queue.head.pop_front().or_else(|| queue.turns.pop_first(ready).map(|(_, id)| id))?;
        self.waiting.remove(&id)
    }

    fn has_ready(&self, lane: Lane) -> bool {
        let queue = &self.lanes[&lane];
        !queue.head.is_empty() || queue.turns.any(|id| self.waiting[id].ready)
    }

    fn take_out(&mut self, id: TicketId, lane: Lane, client: IpAddr) {
        let queue = self.lanes.get_mut(&lane).expect("every lane has a queue");
        if queue.turns.remove(client, |queued| *queued == id).is_none() {
            queue.head.retain(|queued| *queued != id);
        }
    }
}
