//! One call to the proxy: its place, its headers, its time, and what its answer means.
//!
//! The proxy keeps the limits and repeats what failed upstream, so nothing is repeated here. A call
//! that it had no room for is told apart, with the time to come back: whoever has asked knows whether
//! that is soon enough.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use recobeat_ops::trace::{self, Context, Kind, Span};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::cache_status::Told;
use super::run::{Lane, RunClient};
use super::{CallError, wire};
use crate::profile::names;
use crate::telemetry::Asked;

/// Longest time of one call, its wait for a place included.
const LONGEST: Duration = Duration::from_secs(90);
/// Bytes of an answer, at most: 500 tracks have half a megabyte.
const LARGEST: usize = 8 * 1024 * 1024;
/// When to come back after a 429 that does not say.
const SOON: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(super) struct Ask {
    /// Path and query.
    pub(super) target: String,
    /// Not the answer that is kept.
    pub(super) fresh: bool,
}

impl Ask {
    pub(super) fn of(target: String) -> Self {
        Self { target, fresh: false }
    }

    /// Without the query.
    fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }
}

/// One request under way; without an answer unless it is told otherwise, however it ends.
struct Attempt<'r> {
    run: &'r RunClient,
    begun: Instant,
}

impl<'r> Attempt<'r> {
    fn begin(run: &'r RunClient) -> Self {
        run.counts().requests += 1;
        Self { run, begun: Instant::now() }
    }

    fn told(&self, status: StatusCode, told: Told) {
        let now = Instant::now();
        // One that was turned away has done nothing but wait.
        let turned_away = status == StatusCode::TOO_MANY_REQUESTS;
        let waited = if turned_away { now } else { now.min(self.begun + told.queued) };
        self.run.waits().note(self.begun, waited);
        let mut counts = self.run.counts();
        counts.hits += u32::from(told.hit && status == StatusCode::OK);
        counts.upstream_calls = counts.upstream_calls.saturating_add(told.calls);
    }

    /// It was none: the proxy had no room.
    fn turned_away(self) {
        {
            let mut counts = self.run.counts();
            counts.requests -= 1;
            counts.turned_away += 1;
        }
        self.answered();
    }

    fn answered(self) {
        std::mem::forget(self);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.run.counts().failed += 1;
    }
}

impl RunClient {
    /// The body of a 200 that is JSON.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, CallError> {
        let begun = Instant::now();
        let latest = begun + LONGEST;
        let limit = self.tag.deadline.map_or(latest, |deadline| deadline.min(latest));
        let allowed = limit.saturating_duration_since(begun);
        let late = CallError::TimedOut(allowed);
        if allowed.is_zero() {
            return Err(late);
        }
        let outcome = timeout_at(limit, self.once(ask)).await.unwrap_or(Err(late));
        self.count(&outcome);
        if let Err(error) = &outcome {
            tracing::debug!(session = %self.tag.session, target = ask.target, %error, "call failed");
        }
        outcome
    }

    fn count(&self, outcome: &Result<Vec<u8>, CallError>) {
        let result = match outcome {
            Ok(_) => return,
            Err(CallError::Busy { .. }) => Asked::Busy,
            Err(_) => Asked::Failed,
        };
        self.counted(result);
    }

    fn counted(&self, result: Asked) {
        self.profiler.iter().for_each(|profiler| profiler.metrics().asked(result));
    }

    async fn once(&self, ask: &Ask) -> Result<Vec<u8>, CallError> {
        let waited = Instant::now();
        let _place = self.client.places.take(self.tag.lane != Lane::Interactive).await;
        self.waits().note(waited, Instant::now());

        let profiler = self.profiler.as_ref();
        let _measured = profiler.map(|profiler| profiler.measure(names::RECOBEAT_CALL).expecting(LONGEST));
        let mut span = Span::begin(Kind::Client, "recobeat", trace::current());
        span.set("url.path", ask.path().to_owned());
        let attempt = Attempt::begin(self);
        let response = self.request(ask, span.context().as_ref()).send().await;
        let response = response.map_err(|error| CallError::Unreachable(wire::reason(&error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        span.set("http.response.status_code", status.as_u16());
        let told = Told::by(&headers);
        attempt.told(status, told);
        let body = wire::body(response, LARGEST).await;
        if let Some(error) = failure(status, &headers, body.as_deref().unwrap_or_default()) {
            if matches!(error, CallError::Busy { .. }) {
                attempt.turned_away();
            }
            return Err(error);
        }
        let body = body.map_err(|broken| CallError::Shape(broken.to_string()))?;
        attempt.answered();
        self.counted(if told.hit { Asked::Hit } else { Asked::Miss });
        Ok(body)
    }

    fn request(&self, ask: &Ask, trace: Option<&Context>) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.client.base, ask.target);
        let mut request = self.client.http.get(url).header("x-request-id", self.next_request_id());
        for (name, value) in trace.into_iter().flat_map(Context::fields) {
            request = request.header(name, value);
        }
        if let Some(priority) = self.tag.lane.priority() {
            request = request.header("priority", priority);
        }
        if ask.fresh {
            request = request.header(header::CACHE_CONTROL, "no-cache");
        }
        request
    }
}

/// What is wrong with an answer, judged before its rows are read.
fn failure(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<CallError> {
    let code = status.as_u16();
    let retry_after = wire::retry_after(headers);
    match (status, retry_after) {
        (StatusCode::OK, _) if wire::is_json(headers) => None,
        (StatusCode::OK, _) => Some(CallError::Shape("no JSON".into())),
        (StatusCode::TOO_MANY_REQUESTS, wait) => Some(CallError::Busy { retry_after: wait.unwrap_or(SOON) }),
        (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after)) => Some(CallError::Busy { retry_after }),
        (status, _) if status.is_client_error() => {
            Some(CallError::Refused { status: code, message: message(status, body) })
        }
        _ => Some(CallError::Failed { status: code }),
    }
}

/// What an error body of either form says, else what the status means.
fn message(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = body["error"].as_str().or_else(|| body["errors"][0]["message"].as_str());
    said.or(status.canonical_reason()).unwrap_or("refused").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_errors_are_told() {
        let told = |body: &str| message(StatusCode::BAD_REQUEST, body.as_bytes());
        assert_eq!(told(r#"{"error":"Cannot find any track","status":4002}"#), "Cannot find any track");
        assert_eq!(
            told(r#"{"status":4004,"errors":[{"path":"a.b","message":"size must be"}]}"#),
            "size must be"
        );
        assert_eq!(told("<html>"), "Bad Request");
        assert_eq!(told(&format!(r#"{{"error":"{}"}}"#, "x".repeat(900))).len(), 200);
    }
}
