use std::fmt;

use recobeat_ops::reload::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub key: String,
    pub running: Value,
    /// As configured: from the file, the environment or the command line.
    pub file: Value,
    pub why: String,
}

/// One reload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// `listen 127.0.0.1:8080 → 127.0.0.1:80 (why not now)`
impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, running, file, why } = self;
        let change = Change { key: key.clone(), from: running.clone(), to: file.clone() };
        write!(f, "{change} ({why})")
    }
}
