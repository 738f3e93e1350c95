//! What the front itself says no to.

use std::borrow::Cow;
use std::time::SystemTime;

use http::StatusCode;

use crate::api::{ErrorBody, ErrorCode};
use crate::engine::Answer;
use crate::telemetry::Outcome;

/// A status and what the client can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub message: Cow<'static, str>,
    /// Seconds; for 429 and 503.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The answer to a request for `path`.
    pub(super) fn answer(&self, path: &str) -> Answer {
        let code = ErrorCode::for_status(self.status.as_u16());
        Answer {
            status: self.status,
            body: ErrorBody::plain(code, path, self.message.as_ref()).to_bytes(SystemTime::now()),
            etag: None,
            age: None,
            retry_after: self.retry_after,
            cache_status: "recobeat; detail=\"refused\"".to_owned(),
            outcome: if self.status.is_server_error() { Outcome::Error } else { Outcome::Denied },
            error: Some("refused"),
        }
    }
}
