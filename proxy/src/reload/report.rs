use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, word};

/// What became of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The proxy goes by other values now.
    Applied,
    /// It goes by the same values as before; some may wait for a restart.
    Unchanged,
    /// There is something wrong: all stays as it was.
    Refused,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// A key that has another value in the configuration than in the proxy that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pending {
    pub key: String,
    pub running: Value,
    /// As configured: from the file, the environment or the command line.
    pub file: Value,
    pub why: &'static str,
}

/// One reload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub outcome: Outcome,
    pub applied: Vec<Change>,
    /// What needs a restart.
    pub restart: Vec<Pending>,
    /// What is wrong, as `check` prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How the configuration as last read and the running one stand to each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// What was read last is in force, save what needs a restart.
    pub good: bool,
    /// When what is in force was read, in seconds since 1970.
    pub loaded_at: u64,
    pub restart: Vec<Pending>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `budget.rate_per_minute 80 → 60, …`
pub(super) fn list_applied(changes: &[Change]) -> String {
    let words: Vec<_> = changes.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// `listen 127.0.0.1:8080 (configured: 127.0.0.1:80), …`
pub(super) fn list_pending(pending: &[Pending]) -> String {
    let words: Vec<_> = pending.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} → {}", self.key, word(&self.from), word(&self.to))
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (configured: {})", self.key, word(&self.running), word(&self.file))
    }
}
