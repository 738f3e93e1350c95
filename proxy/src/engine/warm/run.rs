//! One job from its first window to its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::yield_now;
use tokio::time::{Instant, interval, sleep};

use super::WARMER;
use super::job::{Job, Outcome};
use super::order::Order;
use super::places::Place;
use crate::api::{Body, Id, Request, RowKind};
use crate::budget::Lane;
use crate::cache::{Known, Look};
use crate::engine::Engine;
use crate::engine::plan::Standing;
use crate::flight::{Failure, Fetched, FetchedBody, Waiter, Wish};

/// Ids looked up at once.
pub(super) const WINDOW: usize = 1_000;
/// Batches waited for at once; how many of them call is another matter.
const UNDER_WAY: usize = 8;
/// Longer than any job.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// How often progress is told.
const TOLD: Duration = Duration::from_secs(1);

/// Absent or stale.
pub(super) fn is_wanted(known: &Known) -> bool {
    match known {
        Known::Row { held, .. } => held.stale,
        Known::Missing(_) => false,
        Known::Nothing(_) => true,
    }
}

/// Fetches what an order lacks, and ends its job.
pub(super) async fn run(engine: &Arc<Engine>, job: &Job, order: Order) {
    let run = Run { engine, job, again: Mutex::default() };
    let outcome = tokio::select! {
        biased;
        () = job.cancelled() => Outcome::Cancelled,
        () = run.tell() => Outcome::Incomplete,
        () = run.fetch(order) => {
            if job.tally().failed == 0 { Outcome::Complete } else { Outcome::Incomplete }
        }
    };
    job.end(outcome);
    let tally = job.tally();
    tracing::info!(
        job = job.id(),
        ?outcome,
        fetched = tally.fetched,
        missing = tally.missing,
        failed = tally.failed,
        calls = tally.calls,
        "warming ended"
    );
}

/// What failed once, to be tried again at the end.
#[derive(Default)]
struct Again {
    rows: Vec<(RowKind, Id)>,
    bodies: Vec<Body>,
}

struct Run<'r> {
    engine: &'r Arc<Engine>,
    job: &'r Job,
    /// `None` once everything is tried for the last time.
    again: Mutex<Option<Again>>,
}

impl Run<'_> {
    async fn fetch(&self, order: Order) {
        *self.again() = Some(Again::default());
        for (kind, ids) in &order.rows {
            self.rows(*kind, ids).await;
        }
        self.bodies(&order.bodies).await;
        let again = self.again().take().unwrap_or_default();
        let mut rows = HashMap::<RowKind, Vec<Id>>::new();
        again.rows.into_iter().for_each(|(kind, id)| rows.entry(kind).or_default().push(id));
        for (kind, ids) in rows {
            self.rows(kind, &ids).await;
        }
        self.bodies(&again.bodies).await;
    }

    /// Fills batches with what is wanted, window by window.
    async fn rows(&self, kind: RowKind, ids: &[Id]) {
        let mut under_way = FuturesUnordered::new();
        let mut wanted: Vec<Id> = Vec::new();
        let max_ids = self.engine.terms().max_ids;
        for window in ids.chunks(WINDOW) {
            yield_now().await;
            for (id, known) in window.iter().zip(self.engine.known(Look::Glance, kind, window).await) {
                if is_wanted(&known) {
                    wanted.push(id.clone());
                } else {
                    self.held(matches!(known, Known::Missing(_)));
                }
            }
            while wanted.len() >= max_ids {
                let rest = wanted.split_off(max_ids);
                under_way.push(self.batch(kind, std::mem::replace(&mut wanted, rest)));
                while under_way.len() >= UNDER_WAY {
                    under_way.next().await;
                }
            }
        }
        if !wanted.is_empty() {
            under_way.push(self.batch(kind, wanted));
        }
        while under_way.next().await.is_some() {}
    }

    /// Asks for ids until each has an answer or has failed. What cannot be asked at present waits.
    async fn batch(&self, kind: RowKind, mut ids: Vec<Id>) {
        let _place = self.place().await;
        while !ids.is_empty() {
            let joined = self.engine.batches.join(kind, &ids, wish(), None);
            let (mut later, mut pause) = (Vec::new(), Duration::ZERO);
            for (id, (waiter, opened)) in ids.drain(..).zip(joined) {
                match self.landed(waiter).await {
                    Ok(fetched) => self.fetched(&fetched, opened),
                    Err(failure) => match passing(&failure) {
                        Some(after) => {
                            pause = pause.max(after);
                            later.push(id);
                        }
                        None => self.failed_row(kind, id, &failure),
                    },
                }
            }
            sleep(pause).await;
            ids = later;
        }
    }

    async fn bodies(&self, bodies: &[Body]) {
        let mut under_way = FuturesUnordered::new();
        for body in bodies {
            yield_now().await;
            under_way.push(self.body(body));
            while under_way.len() >= UNDER_WAY {
                under_way.next().await;
            }
        }
        while under_way.next().await.is_some() {}
    }

    async fn body(&self, given: &Body) {
        let _place = self.place().await;
        loop {
            let request = Request::Body(given.clone());
            let (request, _) = self.engine.repaired(Look::Glance, request, false).await;
            if !self.engine.lacks(&request).await {
                return self.held(false);
            }
            let Request::Body(body) = &request else { return self.held(false) };
            let (waiter, opened) = self.engine.bodies.join(body, false, wish(), None);
            match self.landed(waiter).await {
                Ok(fetched) => return self.fetched_body(given, &fetched, opened),
                Err(failure) => match passing(&failure) {
                    Some(after) => sleep(after).await,
                    None => return self.failed_body(given, &failure),
                },
            }
        }
    }

    async fn landed<V: Clone>(&self, mut waiter: Waiter<Result<V, Failure>>) -> Result<V, Failure> {
        let mut holds = self.engine.budget.holds();
        match waiter.landed(Instant::now() + FOREVER, &mut holds).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Lost),
        }
    }

    fn held(&self, missing: bool) {
        self.engine.metrics.warmed("held", 1);
        self.job.count(|tally| {
            tally.done += 1;
            tally.held += usize::from(!missing);
            tally.missing += usize::from(missing);
        });
    }

    fn fetched(&self, fetched: &Fetched, opened: bool) {
        let found = fetched.row.is_some();
        self.engine.metrics.warmed(if found { "fetched" } else { "missing" }, 1);
        self.job.count(|tally| {
            tally.done += 1;
            tally.fetched += usize::from(found);
            tally.missing += usize::from(!found);
            tally.calls += usize::from(opened && fetched.led);
        });
    }

    fn fetched_body(&self, body: &Body, fetched: &FetchedBody, opened: bool) {
        self.job.count(|tally| tally.calls += usize::from(opened && fetched.called));
        if fetched.is_refusal() {
            self.engine.metrics.warmed("failed", 1);
            return self.job.fail(body.target.clone(), "the upstream refuses it for good".to_owned());
        }
        let found = fetched.entry.status == http::StatusCode::OK.as_u16();
        self.engine.metrics.warmed(if found { "fetched" } else { "missing" }, 1);
        self.job.count(|tally| {
            tally.done += 1;
            tally.fetched += usize::from(found);
            tally.missing += usize::from(!found);
        });
    }

    fn failed_row(&self, kind: RowKind, id: Id, failure: &Failure) {
        if let Some(again) = &mut *self.again() {
            return again.rows.push((kind, id));
        }
        self.engine.metrics.warmed("failed", 1);
        self.job.fail(format!("{} {id}", kind.name()), failure.to_string());
    }

    fn failed_body(&self, body: &Body, failure: &Failure) {
        if let Some(again) = &mut *self.again() {
            return again.bodies.push(body.clone());
        }
        self.engine.metrics.warmed("failed", 1);
        self.job.fail(body.target.clone(), failure.to_string());
    }

    /// The right to one call at a time. One slot is left to people, whose calls would else wait for
    /// the end of ours.
    async fn place(&self) -> Place<'_> {
        let most = || self.engine.terms().max_in_flight.saturating_sub(1).max(1);
        self.engine.jobs.calls.take(most).await
    }

    /// Keeps telling how far the job is. Never returns.
    async fn tell(&self) {
        let mut ticks = interval(TOLD);
        loop {
            ticks.tick().await;
            self.job.tell(self.waiting(), |calls| self.engine.time_for(calls));
        }
    }

    /// Why nothing goes on at the moment.
    fn waiting(&self) -> Option<String> {
        let budget = self.engine.budget.snapshot();
        let queued = |lane| budget.queued.iter().any(|(of, queued)| *of == lane && *queued > 0);
        if let Some(left) = self.engine.dispatch.suspended() {
            return Some(format!("calls are suspended after failures for {} s", left.as_secs()));
        }
        if let Some(left) = budget.hold {
            return Some(format!("the upstream answered 429: all calls are held for {} s", left.as_secs()));
        }
        if self.engine.budget.allows_none() {
            return Some("the budget allows no calls".to_owned());
        }
        queued(Lane::Interactive).then(|| "people go first".to_owned())
    }

    fn again(&self) -> std::sync::MutexGuard<'_, Option<Again>> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// A request kept whole has no fresh answer, and no refusal either.
    pub(super) async fn lacks(&self, request: &Request) -> bool {
        let Request::Body(body) = request else { return false };
        match self.standing(Look::Glance, body).await {
            Standing::Held(held) => held.stale,
            Standing::Denied(_) => false,
            Standing::Nothing => true,
        }
    }
}

fn wish() -> Wish {
    Wish { client: WARMER, lane: Lane::Warm, deadline: None }
}

/// How long to wait when nothing can be asked at present; `None` for real failures.
fn passing(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Refused { retry_after }
        | Failure::Throttled { retry_after }
        | Failure::Suspended { retry_after } => Some((*retry_after).max(Duration::from_secs(1))),
        Failure::Unreachable(_)
        | Failure::Timeout
        | Failure::Upstream(_)
        | Failure::Unusable(_)
        | Failure::Relayed { .. }
        | Failure::Lost => None,
    }
}
