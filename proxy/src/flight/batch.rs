//! Rows: missing ids of all clients merged into upstream calls of at most `max_ids`.
//!
//! Each id is a flight of its own; [`Batches`] brings it down. An id boards the pool of its group
//! (kind, and apart from them the malformed ids, which must not spoil a call for others). A carrier
//! announces itself to the budget, lingers, waits for its permit, looks every id up once more
//! (somebody may have filled it meanwhile), and asks upstream for what is left. Where replicas share
//! a server, an id boards once this one holds its lease; else it lands with what another one stores.

mod ahead;
mod leading;
mod settling;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use recobeat_ops::trace::{Context, Span};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::dispatch::{Ask, Dispatch};
use super::failure::Failure;
use super::lease::Leases;
use super::origin::{Origin, each_once};
use super::pool::{Carrier, Need, Pool, Rider};
use super::read_ahead::ReadAhead;
use super::table::{Flights, Landing, Stage, Waiter};
use super::urgency::{Seat, Urgency};
use crate::api::{Endpoint, Id, RowKind, Uuid};
use crate::budget::{Lane, Permit, Ticket};
use crate::cache::{Entry, Known, Store};
use crate::clock::Timestamp;
use crate::telemetry::Metrics;
use settling::rows_of;

type RowKey = (RowKind, Id);
type RowLanding = Landing<RowKey, RowResult, Arc<Seat>>;
type RowRider = Rider<RowLanding>;

impl RowRider {
    /// Tells who waits, here and elsewhere.
    fn stage(&self, stage: Stage) {
        self.landing.stage(stage);
        self.lease.iter().for_each(|lease| lease.stage(stage));
    }
}

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

impl Group {
    fn of(kind: RowKind, id: &Id) -> Self {
        Self { kind, malformed: id.is_malformed() }
    }
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
    settings: ArcSwap<BatchSettings>,
    flights: Flights<RowKey, RowResult, Arc<Seat>>,
    pools: Mutex<HashMap<Group, Pool<RowLanding>>>,
    dispatch: Arc<Dispatch>,
    store: Arc<Store>,
    leases: Option<Leases>,
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
        leases: Option<Leases>,
        metrics: Arc<Metrics>,
        read_ahead: Arc<ReadAhead>,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            settings: ArcSwap::from_pointee(settings),
            flights: Flights::default(),
            pools: Mutex::default(),
            dispatch,
            store,
            leases,
            metrics,
            read_ahead,
            runtime,
            calls: AtomicU64::new(0),
        }))
    }

    /// Joins or opens the flights of rows; true with each that this opened. One that is refused is
    /// the end of those after it: one request is one refusal, however many ids it has. The upstream
    /// call carries the id of one of the requests that it is for.
    pub fn join(
        &self,
        kind: RowKind,
        ids: &[Id],
        wish: Wish,
        origin: Option<&Arc<Origin>>,
    ) -> Vec<(Waiter<RowResult>, bool)> {
        let mut opened = Vec::new();
        let mut joined_all = Vec::with_capacity(ids.len());
        for id in ids {
            let group = Group::of(kind, id);
            let refusal = || self.0.with_pool(group, |pool| self.0.refusal(pool, wish)).map(Err);
            let joined = self.0.flights.join((kind, id.clone()), wish.lane, Arc::default, refusal);
            joined_all.push((joined.waiter, joined.landing.is_some()));
            if let Some(landing) = joined.landing {
                opened.push(Rider { id: id.clone(), origin: origin.cloned(), lease: None, landing });
            } else if joined.promote {
                self.0.promote(group, id, wish, &joined.fetch);
            }
        }
        self.0.open(kind, opened, wish);
        joined_all
    }

    /// Other settings from now on, for ids that wait as well.
    pub fn apply(&self, settings: BatchSettings) {
        self.0.settings.store(Arc::new(settings));
        let mut waiting = Vec::new();
        for (group, pool) in lock(&self.0.pools).iter_mut() {
            waiting.extend(pool.resize(settings.max_ids).map(|client| (*group, client)));
        }
        waiting.into_iter().for_each(|(group, client)| self.0.provide(group, client));
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        format!("{:?}", self.0.settings.load())
    }

    /// Flights in the air.
    pub fn in_the_air(&self) -> usize {
        self.0.flights.len()
    }

    /// This row is being fetched.
    pub fn is_in_the_air(&self, kind: RowKind, id: &Id) -> bool {
        self.0.flights.contains(&(kind, id.clone()))
    }

    /// The calls that fetch these ids when nobody else's ride along: path and query, most urgent ids
    /// first.
    pub fn calls(&self, kind: RowKind, ids: &[Id]) -> Vec<String> {
        let (malformed, sound): (Vec<&Id>, Vec<&Id>) = ids.iter().partition(|id| id.is_malformed());
        let max_ids = self.0.settings.load().max_ids;
        let calls = sound.chunks(max_ids).chain(malformed.chunks(max_ids));
        calls.map(|ids| target(kind, ids.iter().copied())).collect()
    }
}

impl Inner {
    /// Boards what is ours to fetch. Where replicas share a server, that has to be found out first.
    fn open(self: &Arc<Self>, kind: RowKind, riders: Vec<RowRider>, wish: Wish) {
        match self.leases.as_ref().filter(|leases| leases.matter()) {
            Some(leases) if !riders.is_empty() => {
                self.runtime.spawn(Arc::clone(self).lead(leases.clone(), kind, riders, wish));
            }
            _ => self.board(kind, riders, wish, &mut None),
        }
    }

    /// `refused`: why a rider of the same request was refused before.
    fn board(
        self: &Arc<Self>,
        kind: RowKind,
        riders: Vec<RowRider>,
        wish: Wish,
        refused: &mut Option<Failure>,
    ) {
        for rider in riders {
            if let Err(failure) = self.dispatch.check_breaker() {
                rider.landing.land(Err(failure));
                continue;
            }
            let group = Group::of(kind, &rider.id);
            let turned_away = self.with_pool(group, |pool| {
                // It may have risen while it followed another replica.
                let lane = rider.landing.fetch().lane().map_or(wish.lane, |lane| lane.max(wish.lane));
                let wish = Wish { lane, ..wish };
                // Who has waited for another replica was refused nothing.
                let shared = refused.clone().filter(|_| wish.deadline.is_some());
                if let Some(failure) = shared.or_else(|| self.refusal(pool, wish)) {
                    return Some((rider, failure));
                }
                pool.board(lane, wish.client, rider);
                None
            });
            match turned_away {
                Some((rider, failure)) => {
                    *refused = Some(failure.clone());
                    rider.landing.land(Err(failure));
                }
                None => self.provide(group, wish.client),
            }
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
            () = sleep(self.settings.load().linger) => {}
            () = carrier.full.notified() => {}
        }
        ticket.ready();
        let Some(permit) = ticket.permit().await else { return };
        let riders = self.take(group, &carrier);
        let riders = self.confirm(group.kind, carrier.client, riders).await;
        if riders.is_empty() {
            permit.refund();
            return;
        }
        self.ride(group.kind, permit, &carrier.urgency, carrier.client, riders).await;
    }

    /// Asks again for ids that stayed open, in a call that nobody else joins.
    async fn carry_alone(self: Arc<Self>, kind: RowKind, client: IpAddr, lane: Lane, riders: Vec<RowRider>) {
        let urgency = Arc::new(Urgency::new(lane));
        for rider in &riders {
            rider.stage(Stage::Queued);
            rider.landing.fetch().change(&urgency);
        }
        let ticket = urgency.take(|lane| self.dispatch.budget().enqueue(lane, client));
        let Some(permit) = ticket.permit().await else { return };
        self.ride(kind, permit, &urgency, client, riders).await;
    }

    /// One call for `riders`.
    async fn ride(
        self: &Arc<Self>,
        kind: RowKind,
        permit: Permit,
        urgency: &Urgency,
        client: IpAddr,
        riders: Vec<RowRider>,
    ) {
        let span = batch_span(kind, &riders);
        let ask = self.ask(kind, &riders, span.context());
        let asked = Mutex::new(self.store.now());
        let stage = |stage: Stage| {
            if stage == Stage::Calling {
                *lock(&asked) = self.store.moment();
            }
            riders.iter().for_each(|rider| rider.stage(stage));
        };
        let outcome = self.dispatch.fetch(permit, &ask, urgency, client, stage).await;
        match outcome.and_then(|reply| rows_of(kind, &reply)) {
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
        fetched(&self.store.know(kind, id))
    }

    fn ask(&self, kind: RowKind, riders: &[RowRider], trace: Option<Context>) -> Ask {
        self.metrics.batch(kind, riders.len());
        Ask {
            endpoint: Endpoint::multi_get(kind),
            path_and_query: target(kind, riders.iter().map(|rider| &rider.id)),
            request_id: riders.iter().find_map(|rider| rider.origin.as_ref()).map(|o| o.request_id.clone()),
            trace,
        }
    }

    fn with_pool<R>(&self, group: Group, act: impl FnOnce(&mut Pool<RowLanding>) -> R) -> R {
        let mut pools = lock(&self.pools);
        let pool = pools.entry(group).or_insert_with(|| Pool::new(self.settings.load().max_ids));
        act(pool)
    }
}

/// The call for these ids.
fn target<'i>(kind: RowKind, ids: impl Iterator<Item = &'i Id>) -> String {
    let ids: Vec<String> = ids.map(ToString::to_string).collect();
    format!("{}?ids={}", kind.multi_get_path(), ids.join(","))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Part of the trace of the first who has one; linked to those of the others.
fn batch_span(kind: RowKind, riders: &[RowRider]) -> Span {
    let mut traces =
        each_once(riders.iter().filter_map(|rider| rider.origin.as_ref())).map(|origin| origin.trace.clone());
    let first = traces.find_map(|trace| trace);
    let mut span = Span::shared("batch", first, traces.flatten());
    span.set("recobeat.kind", kind.name());
    span.set("recobeat.ids", riders.len());
    span
}

/// What is known, when it need not be fetched.
fn fetched(known: &Known) -> Option<Fetched> {
    let row = match known {
        Known::Row { uuid, held } if !held.stale => Some((*uuid, held.entry.clone())),
        Known::Missing(_) => None,
        Known::Row { .. } | Known::Nothing(_) => return None,
    };
    Some(Fetched { row, call: None, led: false })
}
