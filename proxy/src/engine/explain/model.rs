//! An explanation as operators and programs read it: what `GET /explain` answers.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{ErrorBody, Request};

/// Why one request would be answered as it would.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Path and query as understood: corrected, each id once.
    pub request: String,
    /// Path template; `None` for unknown routes.
    pub endpoint: Option<String>,
    pub kind: Kind,
    /// As `GET /cache?key=` takes it; `None` when nothing is kept.
    pub key: Option<String>,
    pub repairs: Vec<Correction>,
    /// Refused here, because the upstream would.
    pub refused: Option<Refused>,
    /// The upstream has refused it before.
    pub denial: Option<Denial>,
    /// Each id of the request, or its one body.
    pub items: Vec<Item>,
    pub upstream: Forecast,
    pub answer: Answered,
    /// Plain sentences, the most telling first.
    pub why: Vec<String>,
}

/// How a request is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Many ids, kept row by row.
    Rows,
    /// One id in the path.
    Row,
    /// Kept whole, all spellings as one.
    Body,
    /// Kept whole under its exact text.
    Opaque,
    /// Not kept.
    PassThrough,
    Malformed,
}

impl Kind {
    pub(super) fn of(request: &Request) -> Self {
        match request {
            Request::Rows(_) => Self::Rows,
            Request::Row(_) => Self::Row,
            Request::Body(body) if body.is_canonical() => Self::Body,
            Request::Body(_) => Self::Opaque,
        }
    }
}

/// How the answer would come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    Hit,
    Stale,
    Partial,
    Miss,
    /// By a call that is under way for somebody else.
    Collapsed,
    Denied,
    Rule,
    Malformed,
    Pass,
    /// 429: the wait would be too long.
    Budget,
    /// 503: calls are suspended after failures.
    Suspended,
}

impl Answered {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Miss => "miss",
            Self::Collapsed => "collapsed",
            Self::Denied => "denied",
            Self::Rule => "rule",
            Self::Malformed => "malformed",
            Self::Pass => "pass",
            Self::Budget => "budget",
            Self::Suspended => "suspended",
        }
    }
}

/// Something of the request that is corrected before it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub kind: String,
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub rule: String,
    /// The answer, in the upstream's form.
    pub body: Value,
}

impl Refused {
    pub(super) fn new(rule: &str, body: &ErrorBody, at: SystemTime) -> Self {
        let body = serde_json::from_slice(&body.to_bytes(at)).unwrap_or_default();
        Self { rule: rule.to_owned(), body }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// In the upstream's words.
    pub reason: String,
    pub age_seconds: u64,
    pub expires_in_seconds: i64,
    /// The request that is answered in its place.
    pub answered_instead: Option<String>,
    /// An operator wants it asked all the same.
    pub exempt: bool,
}

/// One part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// As asked; `None` for a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it is kept; `None` when that is not known before it is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub category: String,
    pub verdict: Verdict,
    pub tiers: Vec<Holding>,
}

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fresh,
    Stale,
    /// The upstream is known to lack it.
    MissingMark,
    /// Nothing: it has to be fetched.
    Absent,
}

impl Verdict {
    pub const ALL: [Self; 4] = [Self::Fresh, Self::Stale, Self::MissingMark, Self::Absent];

    pub fn words(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::MissingMark => "known to be missing",
            Self::Absent => "absent",
        }
    }
}

/// What one tier holds of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// `memory`, `disk` or `redis`.
    pub tier: String,
    pub state: State,
    pub age_seconds: u64,
    /// Negative when stale; `None` when gone.
    pub fresh_seconds_left: Option<i64>,
    /// Of the body.
    pub bytes: usize,
}

/// What an entry is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Fresh,
    Stale,
    /// Expired or purged.
    Gone,
}

/// What would go upstream, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Calls this request would cause, refreshes in the background included.
    pub calls: usize,
    /// Ids in them; 0 for bodies.
    pub ids: usize,
    /// `GET …` each.
    pub requests: Vec<String>,
    /// `interactive` when the answer waits for them, `refresh` when none does; `None` without calls.
    pub lane: Option<String>,
    /// Until the first call could start; `None`: never.
    pub projected_wait_seconds: Option<f64>,
    /// The answer would be a 429 or a 503 instead.
    pub would_be_refused: bool,
    /// Parts of the answer that somebody else's calls are bringing already.
    pub in_flight_already: usize,
    pub breaker: Breaker,
    pub budget: Budget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    Closed,
    /// Calls are suspended after repeated failures.
    Open,
}

/// The budget now, in the words of `GET /stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub rate_per_minute: f64,
    pub started_last_minute: usize,
    pub in_flight: usize,
    pub queued: BTreeMap<String, usize>,
    pub hold_seconds: Option<f64>,
}
