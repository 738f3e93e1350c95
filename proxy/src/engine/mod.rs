//! Turns one request into one answer: plan, look up, fetch, assemble.
//!
//! The engine knows no sockets. What it needs comes in as values (settings, a clock) and one trait
//! ([`Upstream`]), so everything here and below runs on paused time against a scripted upstream.
//! Nothing is awaited on a hit: look-ups are synchronous, and only what is missing meets a queue.

mod answer;
mod bodies;
pub mod explain;
mod learned;
mod named;
mod plan;
mod purge;
mod refused;
mod registry;
mod repairs;
mod rows;
mod terms;
mod trace;
pub mod warm;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use http::{Method, StatusCode};
use recobeat_ops::trace::{Context, Span};
use tokio::runtime::Handle;
use tokio::time::{Instant, interval};

pub use answer::{Answer, Caller};
pub use named::{Unnamed, named, target_of};
pub use purge::{Purged, Subject};
pub use registry::{Registered, Uncorrectable, spotify_of};

use crate::api::{Call, ErrorBody, ErrorCode, Request, classify};
use crate::budget::{Budget, Lane, Ledger, Limits, Missed, Permit, Refused};
use crate::cache::{self, Heat, Look, Store};
use crate::clock::Clock;
use crate::flight::{
    BatchSettings, Batches, Bodies, Dispatch, Failure, Leases, MOST_UNATTENDED, Patience, ReadAhead,
    Unlanded, Waiter, Wish,
};
use crate::guard::{self, DenyList};
use crate::telemetry::{Avoided, Gauges, Metrics};
use crate::upstream::{Breaker, BreakerSettings, CallError, Upstream};
use terms::Terms;

/// Shorter waits for a permit are not told.
const BRIEF: Duration = Duration::from_millis(50);
/// How often expired entries are swept out of memory.
const SWEEP: Duration = Duration::from_secs(60);

/// What budget that nobody needs is spent on; nothing unless it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spare {
    /// Renew popular pages and searches shortly before they expire.
    pub early_refresh: bool,
    /// Fetch the features of newly seen tracks before they are asked for.
    pub read_ahead: bool,
}

/// Everything an operator can turn, in the engine's own terms.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct Settings {
    pub budget: Limits,
    /// Replicas that share the budget at least, for when they cannot see each other.
    pub replicas: u32,
    /// Longest wait for a permit.
    pub queue_timeout: Duration,
    pub batch: BatchSettings,
    /// Batches of one request in flight.
    pub max_parallel_per_request: usize,
    pub cache: cache::Settings,
    pub guard: guard::Settings,
    /// `Cache-Control: no-cache` asks for a new recommendation.
    pub honour_no_cache: bool,
    /// Answer `/v1/track/{id}` for a Spotify id too.
    pub spotify_ids_in_paths: bool,
    pub spare: Spare,
    pub patience: Patience,
    pub breaker: BreakerSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            budget: Limits {
                rate_per_minute: 80,
                min_interval: Duration::from_millis(750),
                max_in_flight: 6,
                adaptive: true,
            },
            replicas: 1,
            queue_timeout: Duration::from_secs(30),
            batch: BatchSettings::default(),
            max_parallel_per_request: 4,
            cache: cache::Settings::default(),
            guard: guard::Settings::default(),
            honour_no_cache: true,
            spotify_ids_in_paths: true,
            spare: Spare::default(),
            patience: Patience::default(),
            breaker: BreakerSettings::default(),
        }
    }
}

pub struct Engine {
    terms: ArcSwap<Terms>,
    store: Arc<Store>,
    budget: Arc<Budget>,
    dispatch: Arc<Dispatch>,
    batches: Batches,
    bodies: Bodies,
    denials: Arc<DenyList>,
    leases: Option<Leases>,
    heat: Heat,
    read_ahead: Arc<ReadAhead>,
    metrics: Arc<Metrics>,
    jobs: warm::Jobs,
}

impl Engine {
    /// Background work is spawned on `runtime`, which must outlive every service that asks.
    pub fn new(
        settings: &Settings,
        upstream: Arc<dyn Upstream>,
        clock: Clock,
        runtime: &Handle,
    ) -> Arc<Self> {
        let metrics = Arc::new(Metrics::default());
        settings.cache.link.iter().for_each(|link| link.time(metrics.round_trips()));
        let store = Store::new(settings.cache.clone(), clock, runtime);
        let ledger = settings.cache.link.clone().map(|link| link as Arc<dyn Ledger>);
        let budget = Arc::new(Budget::shared(&settings.budget, settings.replicas, ledger, runtime));
        let leases = settings.cache.link.clone().map(|link| Leases::new(link, Arc::clone(&store), runtime));
        if settings.cache.link.is_none() && settings.cache.disk.is_some() {
            learned::keep(&budget, &store, runtime);
        }
        let breaker = Breaker::new(settings.breaker.clone());
        let dispatch = Arc::new(Dispatch::new(
            Arc::clone(&budget),
            upstream,
            breaker,
            settings.patience.clone(),
            Arc::clone(&metrics),
        ));
        let read_ahead = Arc::new(ReadAhead::new(settings.spare.read_ahead, Arc::clone(&metrics)));
        let batches = Batches::new(
            settings.batch,
            Arc::clone(&dispatch),
            Arc::clone(&store),
            leases.clone(),
            Arc::clone(&metrics),
            Arc::clone(&read_ahead),
            runtime.clone(),
        );
        let denials = Arc::new(DenyList::new(Arc::clone(&store), settings.guard.deny));
        let bodies = Bodies::new(
            Arc::clone(&dispatch),
            Arc::clone(&store),
            leases.clone(),
            Arc::clone(&denials),
            runtime.clone(),
        );
        let (swept, renewed) = (Arc::downgrade(&store), Arc::downgrade(&denials));
        runtime.spawn(async move {
            let mut ticks = interval(SWEEP);
            loop {
                ticks.tick().await;
                let Some(store) = swept.upgrade() else { return };
                store.sweep();
                let Some(denials) = renewed.upgrade() else { return };
                denials.renew().await;
            }
        });
        let heat = Heat::default();
        let jobs = warm::Jobs::new(Arc::clone(&metrics), runtime.clone());
        Arc::new(Self {
            terms: ArcSwap::from_pointee(Terms::of(settings)),
            store,
            budget,
            dispatch,
            batches,
            bodies,
            denials,
            leases,
            heat,
            read_ahead,
            metrics,
            jobs,
        })
    }

    /// Answers a request, or `None` when it is to be streamed through: another method, an upload,
    /// an unknown route. `path` and `query` as received, undecoded.
    pub async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        caller: &Caller,
    ) -> Option<Answer> {
        let begun = Instant::now();
        let request = match classify(method, path, query) {
            Ok(Call::Cacheable(request)) => request,
            Ok(Call::PassThrough) => return None,
            Err(malformed) => {
                let body = ErrorBody::plain(ErrorCode::INVALID, path, malformed.to_string());
                let answer = Answer::denied(&body, self.now(), "malformed");
                self.metrics.request("malformed", &answer, begun.elapsed());
                return Some(answer);
            }
        };
        let endpoint = request.endpoint();
        let (request, repairs) = self.repaired(Look::Use, request, caller.no_cache).await;
        let request = self.as_served(request);
        let answer = self.answer_cacheable(&request, caller).await;
        let answer = self.tell_repairs(&repairs, &request, caller, answer);
        let took = begun.elapsed();
        self.metrics.request(endpoint.path, &answer, took);
        tracing::debug!(
            request_id = caller.request_id,
            trace_id = caller.trace.as_ref().map(Context::trace_id),
            span_id = caller.trace.as_ref().map(Context::span_id),
            path,
            status = answer.status.as_u16(),
            outcome = answer.outcome.name(),
            ?took,
            "answered"
        );
        Some(answer)
    }

    async fn answer_cacheable(&self, request: &Request, caller: &Caller) -> Answer {
        if let Some(body) = guard::refusal(&self.terms().rules, request) {
            self.metrics.avoid(Avoided::Guard, 1);
            return Answer::denied(&body, self.now(), "rule");
        }
        match request {
            Request::Rows(rows) => self.rows(rows, caller).await,
            Request::Row(row) => self.row(row, caller).await,
            Request::Body(body) => self.body(body, caller).await,
        }
    }

    /// A permit for a call that is streamed through, within the queue's deadline.
    pub async fn pass(&self, path: &str, caller: &Caller) -> Result<Permit, Answer> {
        let begun = Instant::now();
        let outcome = self.permit(caller).await.map_err(|failure| Answer::failed(&failure, path, self.now()));
        match &outcome {
            Ok(permit) => {
                self.metrics.passes(begun.elapsed());
                self.metrics.waited(permit.lane(), permit.waited());
                Span::past("queue", caller.trace.clone(), permit.waited())
                    .set("recobeat.lane", permit.lane().name());
            }
            Err(answer) => self.metrics.request("pass", answer, begun.elapsed()),
        }
        outcome
    }

    /// Takes note of a streamed answer: a 429 holds all calls.
    pub fn passed(&self, status: StatusCode, retry_after: Option<Duration>) {
        self.metrics.pass_through_call(status.as_str());
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.metrics.throttled(retry_after);
            self.budget.hold(retry_after);
        }
    }

    /// Takes note of a streamed call that brought no answer.
    pub fn pass_failed(&self) {
        self.metrics.pass_through_call("failed");
    }

    /// The answer when there is no address to stream a call to.
    pub fn unreachable(&self, path: &str, error: &CallError) -> Answer {
        Answer::failed(&Failure::Unreachable(error.to_string()), path, self.now())
    }

    /// What the upstream refuses for good.
    pub fn denials(&self) -> &DenyList {
        &self.denials
    }

    /// The facts themselves.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The state at this moment.
    pub fn gauges(&self) -> Gauges {
        let (memory_entries, memory_bytes) = self.store.size();
        Gauges {
            budget: self.budget.snapshot(),
            suspended: self.dispatch.is_suspended(),
            read_ahead_paused: self.read_ahead.is_paused(),
            memory_entries,
            memory_bytes,
            memory_evicted: self.store.evicted(),
            disk: self.store.disk(),
            shared: self.store.shared(),
            leases: self.leases.as_ref().map_or(0, Leases::held),
        }
    }

    /// Waits until the disk tier is open or given up for now; false when that takes longer.
    pub fn settled(&self, limit: Duration) -> bool {
        self.store.settled(limit)
    }

    /// Waits until the shared tier can be read or is known to be away; false when that takes longer.
    pub async fn connected(&self, limit: Duration) -> bool {
        self.store.connected(limit).await
    }

    /// Waits until replicas find in the shared tier what was learned here; false when it is away or
    /// that takes longer.
    pub async fn written(&self, limit: Duration) -> bool {
        self.store.written(limit).await
    }

    /// Starts no more calls, and leaves the budget and what was still to be fetched to the other
    /// replicas.
    pub async fn leave(&self) {
        self.budget.leave().await;
        if let Some(leases) = &self.leases {
            leases.give_back().await;
        }
    }

    /// Writes what the cache still holds back, and ends its disk tier; false when that takes longer.
    pub fn close(&self, limit: Duration) -> bool {
        self.store.close(limit)
    }

    async fn permit(&self, caller: &Caller) -> Result<Permit, Failure> {
        self.dispatch.check_breaker()?;
        let wish = self.wish(caller);
        let deadline = wish.deadline.unwrap_or_else(Instant::now);
        let refused = |refused: Refused| Failure::Refused { retry_after: refused.retry_after };
        let ticket = self.budget.admit(wish.lane, wish.client, deadline).map_err(refused)?;
        ticket.permit_by(deadline).await.map_err(|missed| match missed {
            Missed::Overdue => refused(self.budget.refuse(wish.lane, wish.client)),
            Missed::Gone => Failure::Lost,
        })
    }

    fn wish(&self, caller: &Caller) -> Wish {
        let deadline = Some(Instant::now() + self.terms().queue_timeout);
        Wish { client: caller.client, lane: caller.lane, deadline }
    }

    async fn wait<V: Clone>(&self, waiter: &mut Waiter<V>, wish: Wish) -> Result<V, Failure> {
        let deadline = wish.deadline.unwrap_or_else(Instant::now);
        match waiter.landed(deadline, &mut self.budget.holds()).await {
            Ok(value) => Ok(value),
            Err(Unlanded::Lost) => Err(Failure::Lost),
            Err(Unlanded::Overdue) => {
                // The fetch goes on without its waiters: none of them takes a place of its own.
                Err(Failure::Refused { retry_after: self.budget.projected(wish.lane, wish.client) })
            }
        }
    }

    /// The part of `detail` that tells a wait for a permit. Lingering for company is none.
    fn told_queue(&self, queued: Duration) -> String {
        if queued < self.terms().linger + BRIEF {
            return String::new();
        }
        format!(" queued={}", queued.as_millis())
    }

    /// How many more flights that nobody waits for may open.
    fn room_for_refreshes(&self) -> usize {
        MOST_UNATTENDED.saturating_sub(self.batches.in_the_air() + self.bodies.in_the_air())
    }

    fn now(&self) -> SystemTime {
        self.store.now().to_system_time()
    }
}

/// The lane a client may ask for: people by default, lower on request (RFC 9218).
pub fn lane_of(urgency: Option<u8>) -> Lane {
    urgency.map_or(Lane::Interactive, Lane::from_urgency)
}
