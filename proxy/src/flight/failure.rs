use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

/// Why a fetch brought nothing. Shared by everyone who waited on it and never remembered.
///
/// The texts reach clients, some of which take any `404` in them for a missing row (contract §14).
/// So they name no address, column or status below 500; those details are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The budget's projected wait exceeds the deadline.
    #[error("the upstream budget is used up")]
    Refused { retry_after: Duration },
    /// The upstream kept answering 429.
    #[error("the upstream keeps answering 429")]
    Throttled { retry_after: Duration },
    /// Too many failures lately: no call was made.
    #[error("the upstream failed repeatedly; calls are suspended")]
    Suspended { retry_after: Duration },
    #[error("the upstream cannot be reached")]
    Unreachable(String),
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The upstream answered 5xx, also when asked again.
    #[error("the upstream answered {0}")]
    Upstream(StatusCode),
    /// The answer broke off or is not what the endpoint answers.
    #[error("the upstream's answer is unusable")]
    Unusable(String),
    /// An error of the service that is passed on as it is.
    #[error("the upstream answered {status}")]
    Relayed { status: StatusCode, body: Bytes },
    /// The task that fetched ended without a result.
    #[error("the fetch was lost")]
    Lost,
}

impl Failure {
    /// All labels.
    pub const LABELS: [&'static str; 9] = [
        "budget",
        "throttled",
        "suspended",
        "unreachable",
        "timeout",
        "upstream-error",
        "unusable",
        "relayed",
        "lost",
    ];

    /// One word for `Cache-Status` and logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "budget",
            Self::Throttled { .. } => "throttled",
            Self::Suspended { .. } => "suspended",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::Upstream(_) => "upstream-error",
            Self::Unusable(_) => "unusable",
            Self::Relayed { .. } => "relayed",
            Self::Lost => "lost",
        }
    }
    /// Logs an answer that was not one; failed calls are logged where they are made.
    pub(super) fn log(&self, path: &str) {
        if let Self::Unusable(why) = self {
            tracing::warn!(path, why, "upstream answer is unusable");
        }
    }
}
