use std::net::IpAddr;
use std::time::SystemTime;

use bytes::Bytes;
use http::StatusCode;
use recobeat_ops::trace::Context;
use xxhash_rust::xxh3::xxh3_128;

use super::trace::Trace;
use crate::api::{ErrorBody, ErrorCode};
use crate::budget::Lane;
use crate::flight::{Failure, Origin};
use crate::telemetry::Outcome;

/// Who asks, as far as the engine cares.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Fairness within a lane is between client addresses.
    pub client: IpAddr,
    /// From `Priority` (RFC 9218); clients can only lower themselves.
    pub lane: Lane,
    /// The request carried `Cache-Control: no-cache`.
    pub no_cache: bool,
    /// For logs and upstream.
    pub request_id: String,
    /// The span that the answer is made for, or what the client sent.
    pub trace: Option<Context>,
}

impl Caller {
    /// What its fetches carry.
    pub(super) fn origin(&self) -> Origin {
        Origin { request_id: self.request_id.clone(), trace: self.trace.clone() }
    }
}

/// A whole answer, ready to be written.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    /// JSON, always.
    pub body: Bytes,
    /// Strong validator of `body` in hexadecimal, without quotes; only on 200.
    pub etag: Option<String>,
    /// Age of the oldest part in seconds; present when anything came from the cache.
    pub age: Option<u64>,
    /// Seconds, 1..=300; always present on 429 and 503.
    pub retry_after: Option<u64>,
    /// Value of `Cache-Status` (RFC 9211).
    pub cache_status: String,
    pub outcome: Outcome,
    /// Why it is an error; `None` for what the client asked for, and what it would have got directly.
    pub error: Option<&'static str>,
}

/// What a client is told after a failure that time may mend, in seconds.
const SOON: u64 = 5;

impl Answer {
    pub(super) fn new(status: StatusCode, body: Bytes, trace: &Trace) -> Self {
        let etag = (status == StatusCode::OK).then(|| format!("{:032x}", xxh3_128(&body)));
        Self {
            status,
            body,
            etag,
            age: None,
            retry_after: None,
            cache_status: trace.to_string(),
            outcome: trace.outcome,
            error: None,
        }
    }

    pub(super) fn aged(self, age: Option<u64>) -> Self {
        Self { age, ..self }
    }

    /// Says that another request than the one received was answered: `repaired="…"`, `fallback`.
    /// Extensions of RFC 9211, whose parameters end the member.
    pub(super) fn changed(self, how: &str) -> Self {
        Self { cache_status: format!("{}; {how}", self.cache_status), ..self }
    }

    /// A 400 that needs no call.
    pub(super) fn denied(body: &ErrorBody, at: SystemTime, why: &'static str) -> Self {
        let trace = Trace::new(Outcome::Denied).detail(why);
        Self { error: Some(why), ..Self::new(StatusCode::BAD_REQUEST, body.to_bytes(at), &trace) }
    }

    /// What a failed fetch looks like to the client. The texts avoid the number of a missing page:
    /// clients in the wild search error texts for it (contract §14).
    pub(super) fn failed(failure: &Failure, target: &str, at: SystemTime) -> Self {
        let (status, code, retry_after) = match failure {
            Failure::Relayed { status, body } => {
                let trace = Trace::new(Outcome::Miss).detail(failure.label());
                return Self { error: Some(failure.label()), ..Self::new(*status, body.clone(), &trace) };
            }
            Failure::Refused { retry_after } | Failure::Throttled { retry_after } => {
                (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RATE_LIMIT, Some(retry_after.as_secs()))
            }
            Failure::Suspended { retry_after } => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::INTERNAL, Some(retry_after.as_secs()))
            }
            Failure::Unreachable(_) | Failure::Lost => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::INTERNAL, Some(SOON))
            }
            Failure::Upstream(status) => {
                let wait = (*status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON);
                (*status, ErrorCode::INTERNAL, wait)
            }
            Failure::Timeout => (StatusCode::GATEWAY_TIMEOUT, ErrorCode::INTERNAL, None),
            Failure::Unusable(_) => (StatusCode::BAD_GATEWAY, ErrorCode::INTERNAL, None),
        };
        let outcome = if status == StatusCode::TOO_MANY_REQUESTS { Outcome::Refused } else { Outcome::Error };
        let body = ErrorBody::plain(code, target, failure.to_string()).to_bytes(at);
        let trace = Trace::new(outcome).detail(failure.label());
        Self { retry_after, error: Some(failure.label()), ..Self::new(status, body, &trace) }
    }
}
