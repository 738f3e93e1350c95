//! Rows: missing ids of all clients merged into upstream calls of at most `max_ids`.
//!
//! Each id is a flight of its own; [`Batches`] brings it down. An id boards the pool of its group
//! (kind, and apart from them the malformed ids, which must not spoil a call for others). A
//! carrier announces itself to the budget, lingers, waits for its permit, looks every id up once more (somebody may have filled it
//! meanwhile), and asks upstream for what is left.
//!
//! Absence is concluded carefully: an id counts as missing only when its call was a complete 200
//! *and* every row of the answer belongs to an id that was asked. A row under a foreign id may be
//! the answer to any id left over (a relinked track), so those are asked again in calls of their
//! own, halved each time, until each either stands alone with its answer or is in a call that
//! answers nothing.

mod ahead;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::dispatch::{Ask, Dispatch};
use super::failure::Failure;
use super::pool::{Carrier, Need, Pool, Rider};
use super::read_ahead::ReadAhead;
use super::table::{Flights, Landing, Stage, Waiter};
use super::urgency::{Seat, Urgency};
use crate::api::{Endpoint, Extracted, Id, ParsedRow, RowKind, Shape, Uuid, extract};
use crate::budget::{Lane, Ticket};
use crate::cache::{Entry, Known, Store};
use crate::clock::Timestamp;
use crate::telemetry::Metrics;
use crate::upstream::Reply;

type RowKey = (RowKind, Id);
type RowLanding = Landing<RowKey, RowResult, Arc<Seat>>;
type RowRider = Rider<RowLanding>;

/// What became of one id.
pub type RowResult = Result<Fetched, Failure>;

/// A row that was fetched, or is known to be absent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub row: Option<(Uuid, Entry)>,
    /// The upstream call that told; `None` when somebody else had filled it by then.
    pub call: Option<CallId>,
    /// It was the first id of that call: without it there might have been none.
    pub led: bool,
}

/// Numbers upstream calls, so that what shared one can be counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(u64);

/// What the rows of one call have in common.
#[derive(Debug, Clone, Copy)]
struct Trip {
    kind: RowKind,
    client: IpAddr,
    lane: Lane,
    /// When the call was sent: what it teaches is as old as this.
    asked: Timestamp,
}

/// Ids of a group share calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    kind: RowKind,
    malformed: bool,
}

/// Sizes and patience of batches.
#[derive(Debug, Clone, Copy)]
pub struct BatchSettings {
    /// Ids per upstream call, 1..=40.
    pub max_ids: usize,
    /// How long the first id waits for company before it asks for a permit.
    pub linger: Duration,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self { max_ids: 40, linger: Duration::from_millis(10) }
    }
}

/// Who wants a row and how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub client: IpAddr,
    pub lane: Lane,
    /// `None`: nobody waits.
    pub deadline: Option<Instant>,
}

#[derive(Clone)]
pub struct Batches(Arc<Inner>);

struct Inner {
    settings: BatchSettings,
    flights: Flights<RowKey, RowResult, Arc<Seat>>,
    pools: Mutex<HashMap<Group, Pool<RowLanding>>>,
    dispatch: Arc<Dispatch>,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    read_ahead: Arc<ReadAhead>,
    runtime: Handle,
    calls: AtomicU64,
}

impl Batches {
    /// Flights run on `runtime`, not on the caller's: it must outlive every service that asks.
    pub fn new(
        settings: BatchSettings,
        dispatch: Arc<Dispatch>,
        store: Arc<Store>,
        metrics: Arc<Metrics>,
        read_ahead: Arc<ReadAhead>,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            settings,
            flights: Flights::default(),
            pools: Mutex::default(),
            dispatch,
            store,
            metrics,
            read_ahead,
            runtime,
            calls: AtomicU64::new(0),
        }))
    }

    /// Joins or opens the flight of one row. True when this opened it. The upstream call carries the
    /// id of one of the requests that it is for.
    pub fn join(
        &self,
        kind: RowKind,
        id: Id,
        wish: Wish,
        request_id: Option<&str>,
    ) -> (Waiter<RowResult>, bool) {
        let group = Group { kind, malformed: id.is_malformed() };
        let refusal = || self.0.with_pool(group, |pool| self.0.refusal(pool, wish)).map(Err);
        let joined = self.0.flights.join((kind, id.clone()), wish.lane, Arc::default, refusal);
        let opened = joined.landing.is_some();
        if let Some(landing) = joined.landing {
            let request_id = request_id.map(Box::from);
            self.0.board(group, Rider { id, request_id, landing }, wish);
        } else if joined.promote {
            self.0.promote(group, &id, wish, &joined.fetch);
        }
        (joined.waiter, opened)
    }

    /// Flights in the air.
    pub fn in_the_air(&self) -> usize {
        self.0.flights.len()
    }
}

impl Inner {
    fn board(self: &Arc<Self>, group: Group, rider: RowRider, wish: Wish) {
        if let Err(failure) = self.dispatch.check_breaker() {
            return rider.landing.land(Err(failure));
        }
        let refused = self.with_pool(group, |pool| {
            if let Some(failure) = self.refusal(pool, wish) {
                return Some((rider, failure));
            }
            pool.board(wish.lane, wish.client, rider);
            None
        });
        match refused {
            Some((rider, failure)) => rider.landing.land(Err(failure)),
            None => self.provide(group, wish.client),
        }
    }

    /// Why one more id of this wish cannot be called for in time.
    fn refusal(&self, pool: &Pool<RowLanding>, wish: Wish) -> Option<Failure> {
        pool.needs_start(wish.lane).then(|| self.dispatch.refusal(wish)).flatten()
    }

    fn promote(self: &Arc<Self>, group: Group, id: &Id, wish: Wish, seat: &Seat) {
        self.with_pool(group, |pool| {
            if !pool.promote(id, wish.client, wish.lane) {
                seat.promote(wish.lane);
            }
        });
        self.provide(group, wish.client);
    }

    /// Spawns and promotes carriers until the pool needs none.
    fn provide(self: &Arc<Self>, group: Group, client: IpAddr) {
        loop {
            match self.with_pool(group, |pool| pool.need(client)) {
                Need::Nothing => return,
                Need::Promoted => {}
                Need::Spawn(carrier) => {
                    // Before it lingers, so that whoever comes in the meantime sees the place taken.
                    let announce = |lane| self.dispatch.budget().announce(lane, carrier.client);
                    let ticket = carrier.urgency.take(announce);
                    self.runtime.spawn(Arc::clone(self).carry(group, carrier, ticket));
                }
            }
        }
    }

    async fn carry(self: Arc<Self>, group: Group, carrier: Arc<Carrier>, ticket: Ticket) {
        tokio::select! {
            () = sleep(self.settings.linger) => {}
            () = carrier.full.notified() => {}
        }
        ticket.ready();
        let riders = Mutex::new(Vec::new());
        let take = || {
            let taken = self.take(group, &carrier);
            let ask = (!taken.is_empty()).then(|| self.ask(group.kind, &taken));
            *lock(&riders) = taken;
            ask
        };
        self.ride(group.kind, ticket, &carrier.urgency, carrier.client, &riders, take).await;
    }

    /// Asks again for ids that stayed open, in a call that nobody else joins.
    async fn carry_alone(self: Arc<Self>, kind: RowKind, client: IpAddr, lane: Lane, riders: Vec<RowRider>) {
        let urgency = Arc::new(Urgency::new(lane));
        for rider in &riders {
            rider.landing.stage(Stage::Queued);
            rider.landing.fetch().change(&urgency);
        }
        let ticket = urgency.take(|lane| self.dispatch.budget().enqueue(lane, client));
        let ask = self.ask(kind, &riders);
        let riders = Mutex::new(riders);
        self.ride(kind, ticket, &urgency, client, &riders, || Some(ask.clone())).await;
    }

    /// One call for the riders that `prepare` settles on.
    async fn ride(
        self: &Arc<Self>,
        kind: RowKind,
        ticket: Ticket,
        urgency: &Urgency,
        client: IpAddr,
        riders: &Mutex<Vec<RowRider>>,
        prepare: impl FnMut() -> Option<Ask>,
    ) {
        let asked = Mutex::new(self.store.now());
        let stage = |stage: Stage| {
            if stage == Stage::Calling {
                *lock(&asked) = self.store.moment();
            }
            lock(riders).iter().for_each(|rider| rider.landing.stage(stage));
        };
        let outcome = self.dispatch.fetch(ticket, urgency, client, prepare, stage).await;
        let riders = std::mem::take(&mut *lock(riders));
        let Some(reply) = outcome.transpose() else { return };
        let rows = reply.and_then(|reply| rows_of(kind, &reply));
        match rows {
            Ok(extracted) => {
                let trip = Trip { kind, client, lane: urgency.lane(), asked: *lock(&asked) };
                let lesson = self.store.as_of(trip.asked);
                extracted.embedded.iter().for_each(|row| drop(lesson.learn(row)));
                self.settle(trip, riders, &extracted.rows);
            }
            Err(failure) => {
                failure.log(kind.multi_get_path());
                let landings = riders.into_iter().map(|rider| rider.landing).collect();
                Landing::land_all(landings, &Err(failure));
            }
        }
    }

    /// Takes the carrier's ids out of the pool; what was filled meanwhile lands at once.
    fn take(self: &Arc<Self>, group: Group, carrier: &Arc<Carrier>) -> Vec<RowRider> {
        let look_up = |id: &Id| self.look_up(group.kind, id);
        let taken = self.with_pool(group, |pool| {
            let taken = pool.leave(carrier, look_up);
            taken.needed.iter().for_each(|rider| rider.landing.fetch().change(&carrier.urgency));
            taken
        });
        self.count_along(carrier.urgency.lane(), &taken.lanes);
        taken.filled.into_iter().for_each(|(rider, found)| rider.landing.land(Ok(found)));
        self.provide(group, carrier.client);
        taken.needed
    }

    /// Less urgent ids ride for nothing in a call that is made for others.
    fn count_along(&self, lane: Lane, taken: &[(Lane, usize)]) {
        let (along, own): (Vec<_>, Vec<_>) =
            taken.iter().filter(|(_, ids)| *ids > 0).partition(|(other, _)| *other < lane);
        if !own.is_empty() {
            along.into_iter().for_each(|(lane, ids)| self.metrics.along(lane, ids));
        }
    }

    fn look_up(&self, kind: RowKind, id: &Id) -> Option<Fetched> {
        match self.store.know(kind, id) {
            Known::Row { uuid, held } if !held.stale => {
                Some(Fetched { row: Some((uuid, held.entry)), call: None, led: false })
            }
            Known::Missing(_) => Some(Fetched { row: None, call: None, led: false }),
            _ => None,
        }
    }

    fn ask(&self, kind: RowKind, riders: &[RowRider]) -> Ask {
        let ids: Vec<String> = riders.iter().map(|rider| rider.id.to_string()).collect();
        self.metrics.batch(kind, ids.len());
        Ask {
            endpoint: Endpoint::multi_get(kind),
            path_and_query: format!("{}?ids={}", kind.multi_get_path(), ids.join(",")),
            request_id: riders.iter().find_map(|rider| rider.request_id.as_deref()).map(str::to_owned),
        }
    }

    /// Learns every row, and lands every rider whose answer is certain.
    fn settle(self: &Arc<Self>, trip: Trip, riders: Vec<RowRider>, rows: &[ParsedRow]) {
        let lesson = self.store.as_of(trip.asked);
        let call = Some(CallId(self.calls.fetch_add(1, Ordering::Relaxed)));
        let alone = riders.len() == 1;
        let leader = riders.first().map(|rider| rider.id.clone());
        let bring_down = |rider: RowRider, row| {
            let led = leader.as_ref() == Some(&rider.id);
            rider.landing.land(Ok(Fetched { row, call, led }));
        };
        self.read_ahead(trip, rows);
        let entries: Vec<Entry> = rows.iter().map(|row| lesson.learn(row)).collect();
        let mut stranger = vec![true; rows.len()];
        let mut open = Vec::new();
        for rider in riders {
            let own: Vec<usize> = (0..rows.len()).filter(|row| answers(&rows[*row], &rider.id)).collect();
            // A track asked by both its ids may come once or twice; neither makes it a stranger.
            let unclaimed = own.iter().find(|row| stranger[**row]);
            let Some(index) = unclaimed.or(own.first()).copied() else {
                open.push(rider);
                continue;
            };
            // Another row under an id of this call is no stranger either.
            own.iter().for_each(|row| stranger[*row] = stranger[*row] && *row != index && alone);
            bring_down(rider, Some((rows[index].uuid, entries[index].clone())));
        }
        let strangers: Vec<&ParsedRow> =
            rows.iter().zip(stranger).filter_map(|(row, stranger)| stranger.then_some(row)).collect();
        match (strangers.as_slice(), alone) {
            ([], _) => {
                for rider in open {
                    lesson.learn_absence(trip.kind, &rider.id);
                    bring_down(rider, None);
                }
            }
            ([relinked], true) => {
                for rider in open {
                    let entry = lesson.learn_as(&rider.id, relinked);
                    bring_down(rider, Some((relinked.uuid, entry)));
                }
            }
            (_, true) => {
                let failure = Failure::Unusable("several rows for one id".to_owned());
                failure.log(trip.kind.multi_get_path());
                open.into_iter().for_each(|rider| rider.landing.land(Err(failure.clone())));
            }
            (_, false) => self.ask_again(trip, open),
        }
    }

    fn ask_again(self: &Arc<Self>, trip: Trip, mut open: Vec<RowRider>) {
        let Trip { kind, client, lane, .. } = trip;
        let second = open.split_off(open.len() / 2);
        for half in [open, second].into_iter().filter(|half| !half.is_empty()) {
            self.runtime.spawn(Arc::clone(self).carry_alone(kind, client, lane, half));
        }
    }

    fn with_pool<R>(&self, group: Group, act: impl FnOnce(&mut Pool<RowLanding>) -> R) -> R {
        let mut pools = lock(&self.pools);
        let pool = pools.entry(group).or_insert_with(|| Pool::new(self.settings.max_ids));
        act(pool)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answers(row: &ParsedRow, id: &Id) -> bool {
    match id {
        Id::Uuid(uuid) => row.uuid == *uuid,
        Id::Spotify(spotify) => row.spotify == Some(*spotify),
        Id::Malformed(_) => false,
    }
}

/// The rows of a multi-get's answer. A 404 here would make clients mark every id as missing
/// (contract §14), so it becomes an unusable answer.
fn rows_of(kind: RowKind, reply: &Reply) -> Result<Extracted, Failure> {
    match reply.status {
        StatusCode::OK if reply.is_json() => {
            extract(Shape::MultiGet(kind), &reply.body).map_err(|error| Failure::Unusable(error.to_string()))
        }
        status if status.is_client_error() && status != StatusCode::NOT_FOUND && reply.is_error_body() => {
            Err(Failure::Relayed { status, body: reply.body.clone() })
        }
        status => Err(Failure::Unusable(format!("status {status} to a list of ids"))),
    }
}
