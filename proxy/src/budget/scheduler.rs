//! Who starts next: lanes, turns and slots, as a state machine without clocks or tasks.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Limits;
use super::fair::FairQueue;
use super::fleet::Fleet;
use super::lane::Lane;
use super::pace::Pace;
use super::permit::Grant;
use super::ring::StartId;
use super::tail::Tail;

pub(super) type TicketId = u64;

/// One waiter: where it stands and how to reach it.
#[derive(Debug)]
struct Waiting {
    lane: Lane,
    client: IpAddr,
    since: Instant,
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
    pub(super) max_in_flight: usize,
    /// The starts whose calls are under way.
    pub(super) in_flight: BTreeSet<StartId>,
    next_start: StartId,
    /// The replicas that share the budget; `None` when there are no others.
    pub(super) fleet: Option<Fleet>,
    lanes: HashMap<Lane, LaneQueue>,
    waiting: HashMap<TicketId, Waiting>,
    next_id: TicketId,
    pub(super) last_interactive: Option<Instant>,
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
    pub(super) fn new(pace: Pace, max_in_flight: usize, fleet: Option<Fleet>) -> Self {
        Self {
            pace,
            tail: Tail::default(),
            max_in_flight,
            in_flight: BTreeSet::new(),
            next_start: 0,
            fleet,
            lanes: Lane::ALL.into_iter().map(|lane| (lane, LaneQueue::default())).collect(),
            waiting: HashMap::new(),
            next_id: 0,
            last_interactive: None,
            mean_call: None,
            counts: Counts::default(),
        }
    }

    /// Other limits from now on, for a budget that at least `replicas` share. Calls under way go on;
    /// those beyond the new slots are not replaced when they end.
    pub(super) fn apply(&mut self, now: Instant, limits: &Limits, replicas: u32) {
        self.pace.apply(now, limits.rate_per_minute, limits.min_interval, limits.adaptive);
        self.max_in_flight = limits.max_in_flight.max(1);
        if self.fleet.is_none() && replicas > 1 {
            self.fleet = Some(Fleet::new(1));
        }
        if self.fleet.as_mut().is_some_and(|fleet| fleet.expect_replicas(replicas)) {
            self.go_alone(now);
        }
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
        self.waiting
            .insert(id, Waiting { lane, client, since: now, ready: entrance != Entrance::Announced, grant });
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
        self.nth_slot(now, lane, client, 1)
    }

    /// The same for the last of `calls` new waiters, at least 1.
    pub(super) fn nth_slot(
        &mut self,
        now: Instant,
        lane: Lane,
        client: IpAddr,
        calls: usize,
    ) -> Option<Instant> {
        self.pace.relax(now);
        let higher: usize = Lane::ALL.into_iter().filter(|other| *other > lane).map(|l| self.queued(l)).sum();
        let own = &self.lanes[&lane];
        let here = higher + own.head.len() + own.turns.ahead_of(client);
        let fleet = self.fleet.as_ref();
        let ahead = here + fleet.map_or(0, |fleet| fleet.ahead_elsewhere(lane, here)) + calls - 1;
        let paced = self.pace.slot(now, ahead)?;
        // Slow answers bind too: each start beyond the free slots needs a call to end first.
        let in_flight = self.in_flight.len() + fleet.map_or(0, |fleet| fleet.in_flight_elsewhere(now));
        let ends_needed = (in_flight + ahead + 1).saturating_sub(self.max_in_flight);
        let mean = self.mean_call.unwrap_or_default();
        #[allow(clippy::cast_precision_loss)] // queue lengths are far below 2^52
        let freed = now + mean.mul_f64(ends_needed as f64 / self.max_in_flight as f64);
        Some(paced.max(freed).max(self.quiet_from(lane).unwrap_or(now)))
    }

    /// Grants at most one permit.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        self.pace.relax(now);
        let Some(lane) = self.most_urgent() else { return Next::Change };
        let Some(room) = self.room_from(now) else { return Next::Change };
        let Some(paced) = self.pace.slot(now, 0) else { return Next::Change };
        let start = paced.max(room).max(self.quiet_from(lane).unwrap_or(now));
        if start > now {
            return Next::At(start);
        }
        let number = self.number();
        self.grant(now, lane, number);
        Next::Granted
    }

    /// The lane of the waiter whose turn it is.
    pub(super) fn most_urgent(&self) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| self.has_ready(*lane))
    }

    /// A number for a start to come.
    pub(super) fn number(&mut self) -> StartId {
        self.next_start += 1;
        self.next_start
    }

    /// Starts the next waiter of this lane. False when it has vanished between its last poll and
    /// now, which costs nothing.
    pub(super) fn grant(&mut self, now: Instant, lane: Lane, number: StartId) -> bool {
        let Some(waiting) = self.pop(lane) else { return false };
        let grant = Grant { number, started: now, lane, waited: now - waiting.since };
        let granted = waiting.grant.send(grant).is_ok();
        if granted {
            self.pace.start(now, number);
            self.in_flight.insert(number);
            *match lane {
                Lane::Interactive => &mut self.counts.granted_interactive,
                Lane::Refresh => &mut self.counts.granted_refresh,
                Lane::Warm => &mut self.counts.granted_warm,
            } += 1;
        }
        granted
    }

    /// The request of a start is being sent.
    pub(super) fn depart(&mut self, number: StartId, sent: Instant) {
        self.pace.depart(number, sent);
        if let Some(fleet) = &mut self.fleet {
            fleet.moved(number);
        }
    }

    /// A call ended: its slot is free.
    pub(super) fn release(&mut self, number: StartId, held: Duration) {
        self.in_flight.remove(&number);
        self.mean_call = Some(self.mean_call.map_or(held, |mean| mean.mul_f64(0.8) + held.mul_f64(0.2)));
        if let Some(fleet) = &mut self.fleet {
            fleet.ended();
        }
    }

    /// A permit came back unused: neither slot nor start was spent.
    pub(super) fn refund(&mut self, number: StartId) {
        self.in_flight.remove(&number);
        self.pace.refund(number);
        self.counts.refunded += 1;
        if let Some(fleet) = &mut self.fleet {
            fleet.taken_back(number);
        }
    }

    /// Obeys a 429. True when a hold begins.
    pub(super) fn hold(&mut self, now: Instant, retry_after: Option<Duration>) -> bool {
        let begins = self.pace.hold(now, retry_after);
        self.counts.throttled += 1;
        self.counts.holds += u64::from(begins);
        if let Some(fleet) = &mut self.fleet {
            fleet.throttled(retry_after);
        }
        begins
    }

    /// The upstream answered something other than 429.
    pub(super) fn answered(&mut self) {
        self.pace.answered();
        if let Some(fleet) = &mut self.fleet {
            fleet.answered();
        }
    }

    /// From when on one more call has a slot; `None` when one of our own has to end first.
    fn room_from(&self, now: Instant) -> Option<Instant> {
        let own = self.in_flight.len();
        match &self.fleet {
            Some(fleet) => fleet.room_from(now, own, self.max_in_flight),
            None => (own < self.max_in_flight).then_some(now),
        }
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
