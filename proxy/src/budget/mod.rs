//! One budget for every upstream call.
//!
//! The upstream allows few calls and punishes bursts, so there is one queue for all of them:
//! batches, whole bodies, streamed uploads, unknown routes, retries. A caller takes a [`Ticket`],
//! waits for its [`Permit`], and the permit is the only key to [`crate::upstream`].
//!
//! Why it is right: all decisions are made by one state machine under one lock
//! (`scheduler`), and only the driver task grants. A grant records its start and takes its slot
//! in the same critical section that found both free, so two grants can never share a slot.
//! A permit gives its slot back exactly once (drop or refund, both consume it). A ticket dropped
//! while waiting leaves the queue; dropped after its grant it refunds it, and since the oneshot is
//! closed before it is looked into, a grant either fails to send or is found there.
//! The driver sleeps until the next possible start or until something changes; `Notify` keeps one
//! pending wake-up, so a change between its look and its sleep is not missed.

mod fair;
mod fleet;
mod lane;
mod pace;
mod permit;
mod ring;
mod scheduler;
mod tail;
mod ticket;

#[cfg(test)]
mod changes;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

pub(crate) use fair::FairQueue;
pub use fleet::{FleetState, Ledger, Report, View};
pub use lane::Lane;
pub use permit::Permit;
pub use scheduler::Counts;
pub(crate) use tail::whole_seconds;
pub use ticket::{Missed, Place, Ticket};

use fleet::Fleet;
use pace::Pace;
use scheduler::{Entrance, Next, Scheduler};

/// Ends of one hold that differ by less are the same: it is told over and over by other clocks.
const JITTER: Duration = Duration::from_millis(100);

/// The numbers an operator turns.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Starts in any minute; 0 allows none.
    pub rate_per_minute: u32,
    /// Least time between two starts.
    pub min_interval: Duration,
    /// Calls at once; at least 1.
    pub max_in_flight: usize,
    /// Lower the rate after a 429 and regain it slowly.
    pub adaptive: bool,
}

/// What the upstream's 429s have taught.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned {
    pub rate_per_minute: f64,
    /// What is left of the present hold.
    pub hold: Option<Duration>,
}

/// The projected wait exceeds the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Whole seconds, 1..=300.
    pub retry_after: Duration,
}

/// What a call would meet if it came now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foresight {
    /// `None`: it could never start.
    pub wait: Option<Duration>,
    /// It would be let in, not refused.
    pub in_time: bool,
}

/// The state at one moment, for admin and metrics.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub rate_per_minute: f64,
    pub started_last_minute: usize,
    pub in_flight: usize,
    pub queued: [(Lane, usize); 3],
    pub hold: Option<Duration>,
    /// When a new interactive call could start; `None` when never.
    pub projected_wait: Option<Duration>,
    /// `None` when no other replicas share the budget.
    pub fleet: Option<FleetState>,
    pub counts: Counts,
}

#[derive(Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    ledger: Option<Arc<dyn Ledger>>,
    driver: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    scheduler: Mutex<Scheduler>,
    changed: Notify,
    hold: watch::Sender<Option<Instant>>,
}

impl Budget {
    /// A budget of this process alone. Starts the driver task on `runtime`, which must outlive every
    /// service that spends.
    pub fn new(limits: &Limits, runtime: &Handle) -> Self {
        Self::shared(limits, 1, None, runtime)
    }

    /// A budget of all replicas that use the same ledger; `replicas` of them at least, for when
    /// they cannot see each other, as they never can without one.
    pub fn shared(limits: &Limits, replicas: u32, ledger: Option<Arc<dyn Ledger>>, runtime: &Handle) -> Self {
        let fleet = (replicas > 1 || ledger.is_some()).then(|| Fleet::new(replicas));
        let shared = Shared::new(limits, fleet);
        let driver = match ledger.clone() {
            Some(ledger) => runtime.spawn(fleet::drive(Arc::clone(&shared), ledger)),
            None => runtime.spawn(drive(Arc::clone(&shared))),
        };
        Self { shared, ledger, driver: driver.abort_handle() }
    }

    /// Other limits from now on, for the waiting too. What was started and is under way counts against
    /// them, so that they hold from the first start after this; who was let in within a deadline and
    /// cannot be served in time any more is refused at it. Replicas that share a ledger go by the
    /// strictest limits among them until all have heard of a change. Without one, `replicas` is to be
    /// raised before a replica joins, and lowered after one has left.
    pub fn apply(&self, limits: &Limits, replicas: u32) {
        let now = Instant::now();
        self.shared.change(|scheduler| scheduler.apply(now, limits, replicas));
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        self.shared.look(|scheduler| {
            let Scheduler { pace, max_in_flight, fleet, .. } = scheduler;
            let replicas = fleet.as_ref().map(|fleet| fleet.state().replicas);
            format!("{} {:?} {} {max_in_flight} {replicas:?}", pace.ceiling, pace.min_interval, pace.adaptive)
        })
    }

    /// Grants nothing any more, and tells the other replicas so that they need not keep a part of
    /// the budget.
    pub async fn leave(&self) {
        self.driver.abort();
        if let Some(ledger) = &self.ledger {
            fleet::leave(&self.shared, &**ledger).await;
        }
    }

    /// Refuses when the turn of one more call of this lane and client would come after `deadline`,
    /// or so shortly before it that the delays of those ahead would make it miss: who is refused
    /// at the end has waited in vain.
    pub fn check(&self, lane: Lane, client: IpAddr, deadline: Instant) -> Result<(), Refused> {
        let now = Instant::now();
        self.shared.look(|scheduler| in_time(scheduler, now, lane, client, deadline))
    }

    /// When the last of `calls` new ones of this lane and client could start, and whether each would
    /// be let in. Counts nothing and promises nothing.
    pub fn foresee(&self, lane: Lane, client: IpAddr, calls: usize, deadline: Instant) -> Foresight {
        let now = Instant::now();
        let slot = self.shared.look(|scheduler| scheduler.nth_slot(now, lane, client, calls.max(1)));
        Foresight { wait: slot.map(|slot| slot - now), in_time: meets(now, slot, deadline) }
    }

    /// Time that so many starts of this replica take at present if nobody else wants any, the rest of a
    /// hold included.
    pub fn time_for(&self, starts: usize) -> Duration {
        let now = Instant::now();
        let (spacing, hold) =
            self.shared.look(|scheduler| (scheduler.pace.spacing(), scheduler.pace.hold_until(now)));
        let gaps = u32::try_from(starts.saturating_sub(1)).unwrap_or(u32::MAX);
        hold.map_or(Duration::ZERO, |until| until - now) + spacing.saturating_mul(gaps)
    }

    /// True for a rate of 0: no wait is long enough.
    pub fn allows_none(&self) -> bool {
        self.shared.look(|scheduler| scheduler.pace.rate() < 1.0)
    }

    /// A place at the end of the queue, however long the wait.
    pub fn enqueue(&self, lane: Lane, client: IpAddr) -> Ticket {
        self.queue(lane, client, Entrance::Tail)
    }

    /// A place at the end of the queue that counts for everyone behind it, but is not granted
    /// before [`Ticket::ready`].
    pub fn announce(&self, lane: Lane, client: IpAddr) -> Ticket {
        self.queue(lane, client, Entrance::Announced)
    }

    /// A place within `deadline`, or a refusal at once. Decided and taken in one step: two who find
    /// the same slot free at the same time would both be let in, and one of them wait in vain.
    pub fn admit(&self, lane: Lane, client: IpAddr, deadline: Instant) -> Result<Ticket, Refused> {
        let (grant, granted) = oneshot::channel();
        let now = Instant::now();
        let id = self.shared.change(|scheduler| {
            in_time(scheduler, now, lane, client, deadline)?;
            Ok(scheduler.enqueue(now, lane, client, Entrance::Tail, grant))
        })?;
        Ok(Ticket::new(id, Arc::clone(&self.shared), granted))
    }

    /// A ticket at the head of its lane, for a call that a 429 sent back.
    pub fn readmit(&self, lane: Lane, client: IpAddr) -> Ticket {
        self.queue(lane, client, Entrance::Head)
    }

    /// The refusal of one more request of this lane and client, whatever its deadline.
    pub fn refuse(&self, lane: Lane, client: IpAddr) -> Refused {
        let now = Instant::now();
        self.shared.look(|scheduler| refusal(scheduler, now, lane, client))
    }

    /// When a call of this lane and client could start, in the form of a `Retry-After`. Promises
    /// nothing: the tail of the refused does not grow.
    pub fn projected(&self, lane: Lane, client: IpAddr) -> Duration {
        let now = Instant::now();
        let slot = self.shared.look(|scheduler| scheduler.slot(now, lane, client));
        whole_seconds(slot.map_or(Duration::MAX, |slot| slot - now))
    }

    /// Obeys a 429: nothing starts before it is over.
    pub fn hold(&self, retry_after: Option<Duration>) {
        let now = Instant::now();
        let until = self.shared.change(|scheduler| {
            let begins = scheduler.hold(now, retry_after);
            if begins {
                tracing::warn!(
                    hold_seconds = scheduler.pace.hold_until(now).map_or(0, |until| (until - now).as_secs()),
                    rate_per_minute = scheduler.pace.rate(),
                    "upstream answered 429: holding all calls"
                );
            }
            scheduler.pace.hold_until(now)
        });
        self.shared.tell_hold(until);
    }

    /// The end of the present hold changes here, so that waiters can give up at once.
    pub fn holds(&self) -> watch::Receiver<Option<Instant>> {
        self.shared.hold.subscribe()
    }

    /// The upstream answered something other than 429.
    pub fn answered(&self) {
        self.shared.look(Scheduler::answered);
    }

    /// What 429s have taught; `None` while nothing is lower than configured.
    pub fn learned(&self) -> Option<Learned> {
        let now = Instant::now();
        self.shared.look(|scheduler| {
            scheduler.pace.relax(now);
            let hold = scheduler.pace.hold_until(now).map(|until| until - now);
            let rate_per_minute = scheduler.pace.rate();
            let lowered = rate_per_minute < f64::from(scheduler.pace.ceiling);
            (lowered || hold.is_some()).then_some(Learned { rate_per_minute, hold })
        })
    }

    /// Goes on from what an earlier process had learned; its clean minutes begin now.
    pub fn restore(&self, learned: Learned) {
        let now = Instant::now();
        let until = learned.hold.map(|hold| now + hold.min(pace::LONGEST_HOLD));
        let rate = learned.rate_per_minute.max(1.0);
        self.shared.change(|scheduler| scheduler.pace.adopt(rate, until.unwrap_or(now), until));
        self.shared.tell_hold(until);
    }

    pub fn snapshot(&self) -> Snapshot {
        let now = Instant::now();
        // No client has this address: the projection is for a newcomer.
        let newcomer = IpAddr::from([0, 0, 0, 0]);
        self.shared.look(|scheduler| Snapshot {
            projected_wait: scheduler.slot(now, Lane::Interactive, newcomer).map(|slot| slot - now),
            rate_per_minute: scheduler.pace.rate(),
            started_last_minute: scheduler.pace.recent(now),
            in_flight: scheduler.in_flight.len(),
            queued: Lane::ALL.map(|lane| (lane, scheduler.queued(lane))),
            hold: scheduler.pace.hold_until(now).map(|until| until - now),
            fleet: scheduler.fleet.as_ref().map(Fleet::state),
            counts: scheduler.counts,
        })
    }

    fn queue(&self, lane: Lane, client: IpAddr, entrance: Entrance) -> Ticket {
        let (grant, granted) = oneshot::channel();
        let now = Instant::now();
        let id = self.shared.change(|scheduler| scheduler.enqueue(now, lane, client, entrance, grant));
        Ticket::new(id, Arc::clone(&self.shared), granted)
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn in_time(
    scheduler: &mut Scheduler,
    now: Instant,
    lane: Lane,
    client: IpAddr,
    deadline: Instant,
) -> Result<(), Refused> {
    let slot = scheduler.slot(now, lane, client);
    if meets(now, slot, deadline) { Ok(()) } else { Err(refusal(scheduler, now, lane, client)) }
}

fn meets(now: Instant, slot: Option<Instant>, deadline: Instant) -> bool {
    slot.is_some_and(|slot| slot + (slot - now) / 50 <= deadline)
}

fn refusal(scheduler: &mut Scheduler, now: Instant, lane: Lane, client: IpAddr) -> Refused {
    let slot = scheduler.slot(now, lane, client);
    let gap = scheduler.pace.gap();
    scheduler.counts.refused += 1;
    Refused { retry_after: scheduler.tail.promise(now, slot, gap) }
}

impl Shared {
    fn new(limits: &Limits, fleet: Option<Fleet>) -> Arc<Self> {
        let now = Instant::now();
        let pace = Pace::new(limits.rate_per_minute, limits.min_interval, limits.adaptive, now);
        let has_fleet = fleet.is_some();
        let mut scheduler = Scheduler::new(pace, limits.max_in_flight.max(1), fleet);
        if has_fleet {
            scheduler.go_alone(now);
        }
        Arc::new(Self {
            scheduler: Mutex::new(scheduler),
            changed: Notify::new(),
            hold: watch::Sender::new(None),
        })
    }

    /// Reads or adjusts what no waiter can be waiting for.
    fn look<R>(&self, act: impl FnOnce(&mut Scheduler) -> R) -> R {
        act(&mut self.scheduler.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells those who wait until when all calls are held, unless they know.
    fn tell_hold(&self, until: Option<Instant>) {
        self.hold.send_if_modified(|told| {
            let news = match (*told, until) {
                (Some(told), Some(until)) => told.max(until) - told.min(until) > JITTER,
                // That it is over, waiters can see for themselves.
                (_, None) => false,
                (None, Some(_)) => true,
            };
            if news {
                *told = until;
            }
            news
        });
    }

    /// Changes what the driver decides by, and wakes it.
    fn change<R>(&self, act: impl FnOnce(&mut Scheduler) -> R) -> R {
        let result = self.look(act);
        self.changed.notify_one();
        result
    }
}

/// Grants permits, one after another, for as long as the budget lives.
async fn drive(shared: Arc<Shared>) {
    pace_alone(&shared).await;
}

/// Grants permits by what this process knows, without end. Cancel safe.
async fn pace_alone(shared: &Shared) {
    loop {
        let next = shared.look(|scheduler| scheduler.next(Instant::now()));
        match next {
            Next::Granted => {}
            Next::Change => shared.changed.notified().await,
            Next::At(start) => {
                tokio::select! {
                    () = sleep_until(start) => {}
                    () = shared.changed.notified() => {}
                }
            }
        }
    }
}
