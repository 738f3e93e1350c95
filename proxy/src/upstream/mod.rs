//! The upstream as the engine sees it: one call, one buffered reply.
//!
//! [`Upstream`] is the seam between the engine, which decides *what* to ask, and the client,
//! which knows sockets. The engine's tests put a scripted upstream behind the same trait.
//!
//! [`Client`] is that client and [`Target`] the upstream it talks to. Nothing connects without a
//! peer from [`Target::peer`], and nobody gets one without a [`Permit`].

mod breaker;
mod client;
mod coding;
mod exchange;
mod fields;
mod resolver;
mod target;
#[cfg(test)]
mod tests;
mod trust;
mod unread;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use recobeat_ops::trace::Context;

use crate::api::ErrorCode;
use crate::budget::Permit;

pub use breaker::{Breaker, BreakerSettings};
pub use client::Client;
pub use target::{Target, TargetError, TargetSettings};
pub use trust::TrustError;

/// One GET to the upstream. Everything is ours to choose but the path: no client header is ever
/// passed on.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path and query as the upstream shall see them, starting with `/`, without the base
    /// URL's prefix.
    pub path_and_query: String,
    /// Goes upstream as `x-request-id`.
    pub request_id: Option<String>,
    /// Goes upstream as `traceparent` and `tracestate`.
    pub trace: Option<Context>,
    /// Limit for the whole call, connecting included.
    pub timeout: Duration,
}

/// A complete answer: the whole body arrived, within the cap, content coding removed.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Whatever the upstream said, 5xx included.
    pub status: StatusCode,
    /// The media type's essence, lower case, without parameters (`application/json`).
    pub media_type: Option<String>,
    /// `Retry-After` in either form (seconds or HTTP date), as a distance from now.
    pub retry_after: Option<Duration>,
    /// The body, at most [`BODY_CAP`] bytes after decoding.
    pub body: Bytes,
}

impl Reply {
    /// True when the body may be JSON: said so, or nothing said.
    pub fn is_json(&self) -> bool {
        self.media_type.as_deref().is_none_or(|media| media == "application/json" || media.ends_with("+json"))
    }

    /// True for an error of the service itself, in one of its two forms.
    pub fn is_error_body(&self) -> bool {
        self.is_json() && ErrorCode::of(&self.body).is_some()
    }
}

/// Largest upstream body accepted, in bytes. The largest real one, 100 tracks, is under 100 kB.
pub const BODY_CAP: usize = 8 * 1024 * 1024;

/// No complete answer arrived.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// No address, no route, refused, or the TLS handshake failed.
    #[error("cannot connect to the upstream: {0}")]
    Connect(String),
    /// The call took longer than allowed.
    #[error("the upstream did not answer within {0:?}")]
    Timeout(Duration),
    /// The connection ended before the answer did, or spoke no HTTP.
    #[error("the upstream broke off: {0}")]
    Broken(String),
    /// The body is larger than [`BODY_CAP`].
    #[error("the upstream's body is larger than {BODY_CAP} bytes")]
    TooLarge,
    /// The body does not decode as its `Content-Encoding` says.
    #[error("the upstream's body does not decode: {0}")]
    Encoding(String),
}

impl CallError {
    /// All labels in metrics.
    pub const KINDS: [&'static str; 5] = ["connect", "timeout", "broken", "too_large", "encoding"];

    /// Label in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Timeout(_) => "timeout",
            Self::Broken(_) => "broken",
            Self::TooLarge => "too_large",
            Self::Encoding(_) => "encoding",
        }
    }
}

/// Something that answers upstream calls.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// Makes one call and reads the whole answer; the permit's slot is free when this returns.
    /// Never lets the upstream see two requests: a second attempt needs a second permit. (A
    /// request that a stale pooled connection provably never delivered may be sent once more.)
    async fn call(&self, permit: Permit, request: Request) -> Result<Reply, CallError>;
}
