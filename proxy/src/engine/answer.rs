use std::net::IpAddr;

use bytes::Bytes;
use http::StatusCode;

use crate::budget::Lane;

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
}

/// A whole answer, ready to be written.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
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
}
