//! The progress of a run as events.

use serde::Serialize;
use serde_json::Value;

/// The name of an event on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A step on the way.
    Status,
    /// The end, with a list.
    Complete,
    /// The end, without one.
    Error,
}

/// One change, numbered from 1 within its session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    pub id: u64,
    pub kind: EventKind,
    /// `session_id`, `status`, `current_step`, and what the kind adds.
    pub data: Value,
}

impl EventKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }

    /// Nothing comes after it.
    pub const fn is_last(self) -> bool {
        !matches!(self, Self::Status)
    }
}
