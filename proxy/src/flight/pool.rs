//! Ids waiting for a batch of their kind, and the carriers that will take them.
//!
//! Ids are not bound to a batch while they wait. A pool holds the waiting ids of one group, and
//! as many *carriers* as full batches are needed for them; whichever carrier gets its permit next
//! takes the most urgent ids that wait then, in turns between clients. So a batch stays open until
//! it leaves, leaves as full as it can, and its free places are taken by less urgent ids of the
//! same kind, which ride along for nothing.
//!
//! The rule kept after every change: for each lane, the carriers of that lane or higher can carry
//! the ids of that lane or higher. A carrier leaving takes a full batch or everything, both from
//! the top, so the rule survives it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;

use super::lease::Lease;
use super::origin::Origin;
use super::urgency::Urgency;
use crate::api::Id;
use crate::budget::{FairQueue, Lane};

/// One waiting id; `R` is the duty that comes with it.
#[derive(Debug)]
pub(super) struct Rider<R> {
    pub(super) id: Id,
    /// The client request that wanted it first; `None`: no client waits for it.
    pub(super) origin: Option<Arc<Origin>>,
    /// Over all replicas, this one fetches it; `None` when it is alone.
    pub(super) lease: Option<Lease>,
    pub(super) landing: R,
}

/// A batch to be: a place in the budget's queue that is not filled yet.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) client: IpAddr,
    pub(super) urgency: Arc<Urgency>,
    /// No need to linger: it can leave full.
    pub(super) full: Notify,
}

#[derive(Debug)]
pub(super) struct Pool<R> {
    max_ids: usize,
    waiting: BTreeMap<Lane, FairQueue<IpAddr, Rider<R>>>,
    carriers: Vec<Arc<Carrier>>,
}

/// What a change of the pool needs to keep its rule.
#[derive(Debug)]
pub(super) enum Need {
    Nothing,
    /// A carrier was moved up; look again.
    Promoted,
    Spawn(Arc<Carrier>),
}

/// What a carrier leaves with.
#[derive(Debug)]
pub(super) struct Taken<R, F> {
    /// Still to be asked for.
    pub(super) needed: Vec<Rider<R>>,
    /// With what was found: somebody filled them meanwhile.
    pub(super) filled: Vec<(Rider<R>, F)>,
    /// How many of the needed wait in which lane, most urgent first.
    pub(super) lanes: Vec<(Lane, usize)>,
}

impl<R> Pool<R> {
    pub(super) fn new(max_ids: usize) -> Self {
        let waiting = Lane::ALL.into_iter().map(|lane| (lane, FairQueue::default())).collect();
        Self { max_ids, waiting, carriers: Vec::new() }
    }

    /// Carriers take so many ids from now on. One of the clients whose ids wait, for whom more carriers
    /// may be needed.
    pub(super) fn resize(&mut self, max_ids: usize) -> Option<IpAddr> {
        self.max_ids = max_ids;
        self.wake_if_full();
        self.waiting.values().find_map(FairQueue::first)
    }

    /// True when one more id of this lane needs a start that is not queued yet.
    pub(super) fn needs_start(&self, lane: Lane) -> bool {
        self.carried(lane) < self.batches_for(self.riders(lane) + 1)
    }

    pub(super) fn board(&mut self, lane: Lane, client: IpAddr, rider: Rider<R>) {
        self.waiting.entry(lane).or_default().push(client, rider);
        self.wake_if_full();
    }

    /// Moves a waiting id up, in `client`'s name. False when it has left already.
    pub(super) fn promote(&mut self, id: &Id, client: IpAddr, lane: Lane) -> bool {
        let mut lower = self.waiting.range_mut(..lane);
        let found = lower.find_map(|(_, queue)| queue.remove_any(|rider| rider.id == *id));
        let waits = found.is_some();
        if let Some((_, rider)) = found {
            rider.lease.iter().for_each(|lease| lease.raise(lane));
            self.board(lane, client, rider);
        }
        waits
    }

    /// The next step towards the rule; to be repeated until nothing is needed.
    pub(super) fn need(&mut self, client: IpAddr) -> Need {
        for lane in Lane::ALL {
            if self.carried(lane) >= self.batches_for(self.riders(lane)) {
                continue;
            }
            let lower = self.carriers.iter().find(|carrier| carrier.urgency.lane() < lane);
            if let Some(carrier) = lower {
                carrier.urgency.promote(lane);
                return Need::Promoted;
            }
            let urgency = Arc::new(Urgency::new(lane));
            let carrier = Arc::new(Carrier { client, urgency, full: Notify::new() });
            self.carriers.push(Arc::clone(&carrier));
            self.wake_if_full();
            return Need::Spawn(carrier);
        }
        Need::Nothing
    }

    /// A carrier leaves: takes ids from the top until it has `max_ids` that `look_up` does not
    /// find.
    pub(super) fn leave<F>(
        &mut self,
        carrier: &Arc<Carrier>,
        look_up: impl Fn(&Id) -> Option<F>,
    ) -> Taken<R, F> {
        self.carriers.retain(|other| !Arc::ptr_eq(other, carrier));
        let (mut taken, mut filled, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
        for (lane, queue) in self.waiting.iter_mut().rev() {
            let before = taken.len();
            while taken.len() < self.max_ids
                && let Some((_, rider)) = queue.pop()
            {
                match look_up(&rider.id) {
                    Some(found) => filled.push((rider, found)),
                    None => taken.push(rider),
                }
            }
            lanes.push((*lane, taken.len() - before));
        }
        Taken { needed: taken, filled, lanes }
    }

    /// Ids waiting in this lane or higher.
    pub(super) fn riders(&self, lane: Lane) -> usize {
        self.waiting.range(lane..).map(|(_, queue)| queue.len()).sum()
    }

    /// When every carrier can leave full, none needs to linger.
    fn wake_if_full(&self) {
        if self.riders(Lane::Warm) >= self.carriers.len() * self.max_ids {
            self.carriers.iter().for_each(|carrier| carrier.full.notify_one());
        }
    }

    fn carried(&self, lane: Lane) -> usize {
        self.carriers.iter().filter(|carrier| carrier.urgency.lane() >= lane).count()
    }

    fn batches_for(&self, riders: usize) -> usize {
        riders.div_ceil(self.max_ids)
    }
}
