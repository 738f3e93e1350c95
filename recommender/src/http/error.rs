//! Every refusal in one form: `{"detail": …}`, and what the kind adds.
//!
//! Texts are for callers. What went wrong inside is logged and never sent: no statement, no path, no
//! address of a server. Another user's playlist is [`ApiError::Absent`], byte for byte.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Denied;
use crate::jobs::RunError;
use crate::limits::Refused;
use crate::model::FieldError;
use crate::store::StoreError;

/// The body of most refusals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Detail {
    /// For people.
    pub(super) detail: String,
}

/// A body or a parameter that breaks a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invalid {
    detail: String,
    /// Everything that is wrong, not only the first.
    errors: Vec<FieldError>,
}

/// Too many requests.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TooMany {
    detail: String,
    #[schema(example = "rate_limit_exceeded")]
    error: &'static str,
    /// Requests in the window.
    limit: u32,
    /// In seconds, as in the header of that name.
    retry_after: u64,
}

/// Why a request is not answered as it was wished.
#[derive(Debug)]
pub(super) enum ApiError {
    /// 401 or 403.
    Denied(Denied),
    /// 429.
    TooMany(Refused),
    /// 400: not JSON, with the place.
    Malformed(String),
    /// 422.
    Invalid(Vec<FieldError>),
    /// 404.
    Absent(&'static str),
    /// 409: not in this state.
    Conflict(String),
    /// 400: not yet.
    NotReady(String),
    /// 429: with the number of streams one may follow.
    Streams(u32),
    /// 408: the body did not come in time.
    Slow,
    /// 413, with the limit in bytes.
    TooLarge(usize),
    /// 415.
    MediaType,
    /// 405.
    Method,
    /// 502: the proxy's listener for operators, with its words.
    Proxy(String),
    /// 503: the database does not answer.
    Database,
    /// 503: the line of runs that wait is full.
    Full,
    /// 503: nothing new is begun.
    Stopping,
    /// 500.
    Internal,
}

/// When to come back where nobody knows better.
const SOON: Duration = Duration::from_secs(5);

pub(super) const NO_SESSION: &str = "no such session";
pub(super) const NO_PLAYLIST: &str = "no such playlist";

impl ApiError {
    /// One field is wrong.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// A trouble of the store; `absent` is what the caller looked for.
    pub(super) fn store(error: StoreError, absent: &'static str) -> Self {
        match error {
            StoreError::Absent => Self::Absent(absent),
            error @ StoreError::Changed => Self::Conflict(error.to_string()),
            StoreError::Passed(status) => Self::Conflict(format!("the run is already {}", status.name())),
            error => {
                tracing::error!(%error, "the store failed");
                Self::Database
            }
        }
    }

    /// A trouble of a run; `absent` is what the caller looked for.
    pub(super) fn run(error: RunError, absent: &'static str) -> Self {
        match error {
            RunError::Absent => Self::Absent(absent),
            RunError::Edit(reason) => Self::field("edit", reason),
            error @ RunError::NoTrack => Self::field("track_id", error.to_string()),
            RunError::Full => Self::Full,
            RunError::Stopping => Self::Stopping,
            RunError::Store(error) => Self::store(error, absent),
            error @ (RunError::Ended(_) | RunError::NotCompleted(_)) => Self::Conflict(error.to_string()),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Denied(Denied::Unknown(_)) => StatusCode::UNAUTHORIZED,
            Self::Denied(Denied::Forbidden(_)) => StatusCode::FORBIDDEN,
            Self::TooMany(_) | Self::Streams(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(_) | Self::NotReady(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Proxy(_) => StatusCode::BAD_GATEWAY,
            Self::Database | Self::Full | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Denied(denied) => denied.to_string(),
            Self::TooMany(refused) => format!("at most {} requests in this time", refused.limit),
            Self::Malformed(text) | Self::Conflict(text) | Self::NotReady(text) => text.clone(),
            Self::Invalid(errors) => match errors.as_slice() {
                [FieldError { field, message }] => format!("{field}: {message}"),
                errors => format!("{} fields are not valid", errors.len()),
            },
            Self::Absent(text) => (*text).to_owned(),
            Self::Streams(limit) => format!("at most {limit} streams of one user at once"),
            Self::Slow => "the body did not come in time".to_owned(),
            Self::TooLarge(limit) => format!("a body has at most {limit} bytes"),
            Self::MediaType => "a body must be sent as application/json".to_owned(),
            Self::Method => "this path has other methods, see Allow".to_owned(),
            Self::Proxy(text) => format!("the proxy: {text}"),
            Self::Database => "the database does not answer; nothing was changed".to_owned(),
            Self::Full => "too many runs wait already; come back later".to_owned(),
            Self::Stopping => "the service is shutting down".to_owned(),
            Self::Internal => "an error of this service; its log says more".to_owned(),
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::TooMany(refused)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, detail) = (self.status(), self.detail());
        match self {
            Self::Denied(Denied::Unknown(_)) => {
                let challenge = HeaderValue::from_static(r#"Bearer realm="recobeat", error="invalid_token""#);
                (status, [(WWW_AUTHENTICATE, challenge)], Json(Detail { detail })).into_response()
            }
            Self::TooMany(Refused { limit, retry_after }) => {
                // Rounded up: a second too early would be refused again.
                let retry_after = retry_after.as_millis().div_ceil(1000).max(1);
                let retry_after = u64::try_from(retry_after).unwrap_or(u64::MAX);
                let body = TooMany { detail, error: "rate_limit_exceeded", limit, retry_after };
                (status, [(RETRY_AFTER, HeaderValue::from(retry_after))], Json(body)).into_response()
            }
            Self::Streams(limit) => {
                let retry_after = SOON.as_secs();
                let body = TooMany { detail, error: "rate_limit_exceeded", limit, retry_after };
                (status, [(RETRY_AFTER, HeaderValue::from(retry_after))], Json(body)).into_response()
            }
            Self::Invalid(errors) => (status, Json(Invalid { detail, errors })).into_response(),
            Self::Database | Self::Full | Self::Stopping => {
                (status, [(RETRY_AFTER, HeaderValue::from(SOON.as_secs()))], Json(Detail { detail }))
                    .into_response()
            }
            _ => (status, Json(json!({ "detail": detail }))).into_response(),
        }
    }
}
