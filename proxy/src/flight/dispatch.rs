//! One fetch: permits, attempts, holds.
//!
//! Every attempt takes a permit of its own. Network errors, time-outs and 5xx are tried again
//! after 1 s and 2 s (with jitter, so that failures of one moment do not return as one moment);
//! all attempts together, their waits for a permit included, keep within the time one call may
//! take. A 429 is no failure: the budget holds for everyone, and the call goes back to the head of
//! its lane; the time it waits there does not count.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::StatusCode;
use recobeat_ops::trace::{Context, Kind, Span};
use tokio::time::{Instant, sleep};

use super::batch::Wish;
use super::failure::Failure;
use super::table::Stage;
use super::urgency::Urgency;
use crate::api::Endpoint;
use crate::budget::{Budget, Lane, Missed, Permit, Ticket, whole_seconds};
use crate::telemetry::Metrics;
use crate::upstream::{Breaker, BreakerSettings, CallError, Reply, Request, Upstream};

/// 429s after which a fetch gives up; its waiters have usually left long before.
const THROTTLED_AT_MOST: u32 = 5;

/// Calls that take longer are logged, and counted as slow.
const SLOW: Duration = Duration::from_secs(20);

/// How often and how patiently a fetch is tried.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Attempts per fetch, at least 1.
    pub max_attempts: u32,
    /// Before the second attempt; doubles for each further one.
    pub backoff: Duration,
    /// A whole fetch, from its first call on, without its time in the queue.
    pub total: Duration,
    /// The same for searches and everything about artists.
    pub search: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Duration::from_secs(1),
            total: Duration::from_secs(180),
            search: Duration::from_secs(60),
        }
    }
}

/// What a fetch asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    pub endpoint: &'static Endpoint,
    pub path_and_query: String,
    pub request_id: Option<String>,
    /// The span that its calls are part of.
    pub trace: Option<Context>,
}

pub struct Dispatch {
    budget: Arc<Budget>,
    upstream: Arc<dyn Upstream>,
    breaker: Mutex<Breaker>,
    patience: ArcSwap<Patience>,
    metrics: Arc<Metrics>,
}

impl Dispatch {
    pub fn new(
        budget: Arc<Budget>,
        upstream: Arc<dyn Upstream>,
        breaker: Breaker,
        patience: Patience,
        metrics: Arc<Metrics>,
    ) -> Self {
        let patience = ArcSwap::from_pointee(patience);
        Self { budget, upstream, breaker: Mutex::new(breaker), patience, metrics }
    }

    /// Other settings from now on. A fetch under way keeps the time it has in all.
    pub fn apply(&self, patience: Patience, breaker: BreakerSettings) {
        self.patience.store(Arc::new(patience));
        self.breaker(|now| now.apply(breaker));
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        format!("{:?} {:?}", self.patience.load(), self.breaker(|breaker| breaker.settings().clone()))
    }

    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Fails at once while calls are suspended.
    pub fn check_breaker(&self) -> Result<(), Failure> {
        match self.suspended() {
            None => Ok(()),
            Some(left) => Err(Failure::Suspended { retry_after: whole_seconds(left) }),
        }
    }

    /// Why a call for this wish cannot start in time. One that nobody waits for has all the time
    /// there is, but a budget of nothing never starts it.
    pub fn refusal(&self, wish: Wish) -> Option<Failure> {
        let refused = match wish.deadline {
            Some(deadline) => self.budget.check(wish.lane, wish.client, deadline).err()?,
            None if self.budget.allows_none() => self.budget.refuse(wish.lane, wish.client),
            None => return None,
        };
        Some(Failure::Refused { retry_after: refused.retry_after })
    }

    /// A place in the queue, unless it comes too late for this wish. `lane` is that of the fetch,
    /// which may be higher than the wish's.
    pub fn admit(&self, lane: Lane, wish: Wish) -> Result<Ticket, Failure> {
        let admitted = match wish.deadline {
            Some(deadline) => self.budget.admit(lane, wish.client, deadline),
            None if self.budget.allows_none() => Err(self.budget.refuse(lane, wish.client)),
            None => Ok(self.budget.enqueue(lane, wish.client)),
        };
        admitted.map_err(|refused| Failure::Refused { retry_after: refused.retry_after })
    }

    /// How long calls stay suspended; `None` when one may be tried.
    pub fn suspended(&self) -> Option<Duration> {
        self.breaker(|breaker| breaker.suspended(Instant::now()))
    }

    pub fn is_suspended(&self) -> bool {
        self.breaker(|breaker| breaker.is_open())
    }

    /// Calls until an answer other than 429 and 5xx arrives or the attempts are used up.
    pub async fn fetch(
        &self,
        mut permit: Permit,
        ask: &Ask,
        urgency: &Urgency,
        client: IpAddr,
        stage: impl Fn(Stage),
    ) -> Result<Reply, Failure> {
        let total = self.time_limit(ask.endpoint);
        let mut limit = Instant::now() + total;
        let (mut attempts, mut throttled) = (0, 0);
        let mut probing = false;
        loop {
            if !probing {
                match self.breaker(|breaker| breaker.admit(Instant::now()).map(|()| breaker.is_open())) {
                    Ok(is_probe) => probing = is_probe,
                    Err(left) => {
                        permit.refund();
                        return Err(Failure::Suspended { retry_after: whole_seconds(left) });
                    }
                }
            }
            stage(Stage::Calling);
            let left = limit.saturating_duration_since(Instant::now());
            let failure = match self.call(permit, ask, left).await {
                Ok(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS => {
                    self.metrics.throttled(reply.retry_after);
                    self.budget.hold(reply.retry_after);
                    self.breaker(|breaker| breaker.succeeded(Instant::now()));
                    probing = false;
                    throttled += 1;
                    if throttled > THROTTLED_AT_MOST {
                        let hold = self.budget.snapshot().hold.unwrap_or_default();
                        return Err(Failure::Throttled { retry_after: whole_seconds(hold) });
                    }
                    stage(Stage::Queued);
                    let queued = Instant::now();
                    permit = self.readmit(urgency, client).permit().await.ok_or(Failure::Lost)?;
                    limit += queued.elapsed();
                    continue;
                }
                Ok(reply) => {
                    self.budget.answered();
                    if !reply.status.is_server_error() {
                        // A page of the edge instead of JSON is no sign of the service's health.
                        if reply.is_json() {
                            self.breaker(|breaker| breaker.succeeded(Instant::now()));
                        } else {
                            self.breaker_failed();
                        }
                        return Ok(reply);
                    }
                    Failure::Upstream(reply.status)
                }
                Err(error) => failure(&error),
            };
            attempts += 1;
            let pause = self.pause(attempts);
            if attempts < self.patience.load().max_attempts && Instant::now() + pause < limit {
                sleep(pause).await;
                if let Ok(granted) = self.retry_permit(urgency, client, limit, &stage).await {
                    permit = granted;
                    continue;
                }
            }
            self.breaker_failed();
            let request_id = ask.request_id.as_deref();
            let trace_id = ask.trace.as_ref().map(Context::trace_id);
            tracing::warn!(path = ask.endpoint.path, attempts, request_id, trace_id, %failure, "fetch failed");
            return Err(failure);
        }
    }

    /// A permit for one more attempt, within `limit`. While a hold lasts the waiters' deadlines
    /// count again: it may take longer than they can wait.
    async fn retry_permit(
        &self,
        urgency: &Urgency,
        client: IpAddr,
        limit: Instant,
        stage: &impl Fn(Stage),
    ) -> Result<Permit, Missed> {
        let mut holds = self.budget.holds();
        let mut permit = pin!(self.readmit(urgency, client).permit_by(limit));
        loop {
            if holds.borrow_and_update().is_some_and(|until| until > Instant::now()) {
                stage(Stage::Queued);
            }
            tokio::select! {
                biased;
                permit = &mut permit => return permit,
                Ok(()) = holds.changed() => {}
            }
        }
    }

    /// A place at the head of the lane: this fetch has had its turn before.
    fn readmit(&self, urgency: &Urgency, client: IpAddr) -> Ticket {
        urgency.take(|lane| self.budget.readmit(lane, client))
    }

    async fn call(&self, permit: Permit, ask: &Ask, timeout: Duration) -> Result<Reply, CallError> {
        let (lane, waited) = (permit.lane(), permit.waited());
        self.metrics.waited(lane, waited);
        // Of what nobody waits for, the queue is no news.
        if let Some(trace) = &ask.trace {
            Span::past("queue", Some(trace.clone()), waited).set("recobeat.lane", lane.name());
        }
        let mut span = Span::begin(Kind::Client, ask.endpoint.path, ask.trace.clone());
        let begun = Instant::now();
        let request = Request {
            path_and_query: ask.path_and_query.clone(),
            request_id: ask.request_id.clone(),
            trace: span.context(),
            timeout,
        };
        let outcome = self.upstream.call(permit, request).await;
        let status = match &outcome {
            Ok(reply) => reply.status.as_str().to_owned(),
            Err(error) => error.kind().to_owned(),
        };
        self.metrics.upstream_call(ask.endpoint.path, &status, begun.elapsed());
        match &outcome {
            Ok(reply) => span.set("http.response.status_code", reply.status.as_u16()),
            Err(error) => span.fail(error.kind()),
        }
        if let Err(error) = &outcome {
            tracing::debug!(path = ask.endpoint.path, %error, "upstream call failed");
        }
        let took = begun.elapsed();
        if took > SLOW {
            let request_id = ask.request_id.as_deref();
            tracing::warn!(path = ask.endpoint.path, request_id, ?took, "upstream call was slow");
        }
        outcome
    }

    fn pause(&self, attempts: u32) -> Duration {
        let backoff = self.patience.load().backoff * 2_u32.saturating_pow(attempts.saturating_sub(1));
        backoff.mul_f64(0.9 + 0.2 * rand::random::<f64>())
    }

    fn time_limit(&self, endpoint: &Endpoint) -> Duration {
        let search = endpoint.path.ends_with("/search") || endpoint.path.starts_with("/v1/artist");
        let patience = self.patience.load();
        if search { patience.search } else { patience.total }
    }

    fn breaker_failed(&self) {
        let opened = self.breaker(|breaker| {
            let before = breaker.is_open();
            breaker.failed(Instant::now());
            !before && breaker.is_open()
        });
        if opened {
            self.metrics.breaker_opened();
        }
    }

    fn breaker<R>(&self, act: impl FnOnce(&mut Breaker) -> R) -> R {
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn failure(error: &CallError) -> Failure {
    match error {
        CallError::Connect(_) => Failure::Unreachable(error.to_string()),
        CallError::Timeout(_) => Failure::Timeout,
        CallError::Broken(_) | CallError::TooLarge | CallError::Encoding(_) => {
            Failure::Unusable(error.to_string())
        }
    }
}
