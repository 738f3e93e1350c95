//! The upstream's two error bodies (contract §9), for reading its own and writing ours.

use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// The service's error code, the `status` of an error body; not an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    pub const ABSENT: Self = Self(4001);
    pub const INVALID: Self = Self(4002);
    pub const OUT_OF_RANGE: Self = Self(4004);
    pub const UNAUTHORIZED: Self = Self(4011);
    pub const FORBIDDEN: Self = Self(4031);
    pub const NO_ENTITY: Self = Self(4041);
    pub const NO_PATH: Self = Self(4042);
    pub const RATE_LIMIT: Self = Self(4291);
    pub const INTERNAL: Self = Self(5001);

    /// The code in an error body of either form; `None` when it is not one.
    pub fn of(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Any {
            status: u16,
        }
        serde_json::from_slice::<Any>(body).ok().map(|any| Self(any.status))
    }

    /// The code of a body that says that the same request will always be refused.
    pub fn permanent(body: &[u8]) -> Option<Self> {
        Self::of(body).filter(|code| code.is_permanent())
    }

    /// The code for an HTTP status of ours.
    pub fn for_status(status: u16) -> Self {
        match status {
            401 => Self::UNAUTHORIZED,
            403 => Self::FORBIDDEN,
            404 => Self::NO_PATH,
            429 => Self::RATE_LIMIT,
            500.. => Self::INTERNAL,
            _ => Self::INVALID,
        }
    }

    /// Codes that stay true when the same request is repeated: a refused combination.
    pub fn is_permanent(self) -> bool {
        matches!(self.0, 4001..=4004)
    }
}

/// A body in one of the two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorBody {
    /// The first form.
    Plain { code: ErrorCode, error: String, path: String },
    /// The second form, used for 4004 only: `path` is `<handler>.<parameter>`.
    Range { path: String, message: String },
}

impl ErrorBody {
    /// The first form; `target` is a path with or without a query.
    pub fn plain(code: ErrorCode, target: &str, error: impl Into<String>) -> Self {
        let path = target.split('?').next().unwrap_or(target);
        Self::Plain { code, error: error.into(), path: format!("uri={path}") }
    }

    pub fn range(handler: &str, parameter: &str, message: impl Into<String>) -> Self {
        Self::Range { path: format!("{handler}.{parameter}"), message: message.into() }
    }

    /// JSON as the upstream writes it; `at` becomes the timestamp.
    pub fn to_bytes(&self, at: SystemTime) -> Bytes {
        #[derive(Serialize)]
        struct Plain<'a> {
            timestamp: String,
            error: &'a str,
            path: &'a str,
            status: u16,
        }
        #[derive(Serialize)]
        struct Range<'a> {
            status: u16,
            errors: [Violation<'a>; 1],
        }
        #[derive(Serialize)]
        struct Violation<'a> {
            path: &'a str,
            message: &'a str,
        }
        let json = match self {
            Self::Plain { code, error, path } => {
                let timestamp = DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Millis, false);
                serde_json::to_vec(&Plain { timestamp, error, path, status: code.0 })
            }
            Self::Range { path, message } => {
                let status = ErrorCode::OUT_OF_RANGE.0;
                serde_json::to_vec(&Range { status, errors: [Violation { path, message }] })
            }
        };
        json.expect("strings and integers always serialise").into()
    }
}

/// What an error body of either form says in words: its error, or per violation the parameter and
/// the message. Not the path of the request, which names parameters without blaming them.
pub fn complaints(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Any {
        error: Option<String>,
        #[serde(default)]
        errors: Vec<Violation>,
    }
    #[derive(Deserialize)]
    struct Violation {
        #[serde(default)]
        path: String,
        #[serde(default)]
        message: String,
    }
    let Ok(any) = serde_json::from_slice::<Any>(body) else { return Vec::new() };
    let violations = any.errors.into_iter().map(|Violation { path, message }| {
        let parameter = path.rsplit('.').next().unwrap_or_default();
        format!("{parameter}: {message}")
    });
    any.error.into_iter().chain(violations).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn both_forms_are_written_like_the_upstreams() {
        let at = UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
        let plain = ErrorBody::plain(ErrorCode::INVALID, "/v1/track/recommendation?seeds=x", "no \"seed\"");
        assert_eq!(
            plain.to_bytes(at),
            r#"{"timestamp":"2026-01-02T03:04:05.678+00:00","error":"no \"seed\"","path":"uri=/v1/track/recommendation","status":4002}"#
        );
        let range = ErrorBody::range("getTracks", "ids", "size must be between 1 and 40");
        assert_eq!(
            range.to_bytes(at),
            r#"{"status":4004,"errors":[{"path":"getTracks.ids","message":"size must be between 1 and 40"}]}"#
        );
    }

    #[test]
    fn complaints_are_read_from_both_forms() {
        let plain = ErrorBody::plain(ErrorCode::INVALID, "/v1/track/recommendation", "no seed");
        assert_eq!(complaints(&plain.to_bytes(UNIX_EPOCH)), ["no seed"]);
        let range = ErrorBody::range("getTracks", "ids", "too many");
        assert_eq!(complaints(&range.to_bytes(UNIX_EPOCH)), ["ids: too many"]);
        assert_eq!(complaints(b"error code: 1010"), Vec::<String>::new());
    }

    #[test]
    fn codes_are_read_from_both_forms_and_from_nothing_else() {
        assert_eq!(ErrorCode::of(br#"{"status":4004,"errors":[]}"#), Some(ErrorCode::OUT_OF_RANGE));
        assert_eq!(ErrorCode::of(br#"{"error":"x","status":4041}"#), Some(ErrorCode::NO_ENTITY));
        assert_eq!(ErrorCode::of(b"error code: 1010"), None);
        assert_eq!(ErrorCode::of(br#"{"status":"success"}"#), None);
    }
}
