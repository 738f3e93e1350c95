//! Faults on demand: what goes wrong, for which calls, how often.
//!
//! Rules are data, so that the same ones come from a test's code and from the control API. Two
//! sorts exist. Faults of *content* (`relink`, `drop_rows`, `endless`, `padded`, `no_store`, `gzip`)
//! change a good answer and add up. All others replace the answer or the way it reaches the socket; of these the first live rule in
//! the list decides, because an answer can only be broken once.

mod board;

pub(crate) use board::Board;

use crate::contract::Endpoint;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Which calls a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    Any,
    Endpoint(Endpoint),
    /// The path begins with this.
    Path(String),
    /// The raw query contains this.
    Query(String),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 500 with the JSON body 5001.
    InternalError,
    /// 503 with a JSON body, with `Retry-After` if given.
    Unavailable { retry_after: Option<u64> },
    /// 429 with the JSON body 4291 and `Retry-After` in the given style.
    TooMany { retry_after: u64, style: RetryStyle },
    /// Any status with a first-form error body.
    Refuse { status: u16, code: u32, message: String },
    /// No answer until the client gives up.
    Hang,
    /// The connection is closed politely before any answer.
    Close,
    /// The connection is reset, before the answer or after so many bytes of it.
    Reset { after_bytes: usize },
    /// `Content-Length` of the whole, half of the body, end of connection.
    Truncated,
    /// 200, `application/json`, and no JSON inside.
    Garbage,
    /// 200 and valid JSON of another shape.
    WrongShape { shape: Shape },
    /// The edge's 403: `error code: 1010` as `text/html`.
    Html403,
    /// A good answer, so many bytes at a time.
    SlowBody { chunk: usize, every_ms: u64 },
    /// A good answer with `Cache-Control: no-store`.
    NoStore,
    /// A good answer, compressed if the client accepts gzip.
    Gzip,
    /// Whoever asks for one id in a multi-get gets the row of another.
    Relink { asked: String, answers_as: String },
    /// These known ids are silently absent from multi-gets.
    DropRows { ids: BTreeSet<String> },
    /// Every UUID asked for in a multi-get of tracks or features is known, and its rows are made up.
    Endless,
    /// A good answer with so many bytes more, in a member nobody reads.
    Padded { bytes: usize },
}

/// The wrong shapes of [`Fault::WrongShape`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `{"data":[]}`
    #[default]
    Data,
    /// The rows as a bare list.
    List,
    /// Rows without their `id`.
    NoIds,
    /// One `null` instead of rows.
    NullRows,
    /// An error body under status 200.
    Error,
}

/// How `Retry-After` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryStyle {
    /// Whole seconds, as observed.
    #[default]
    Seconds,
    /// An HTTP date.
    Date,
    /// Not at all.
    None,
}

/// One rule: calls that match, beyond the first `after`, suffer the fault, `times` times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default = "any")]
    pub matches: Match,
    pub fault: Fault,
    /// `None`: until the rule is removed.
    #[serde(default)]
    pub times: Option<u64>,
    /// Matching calls that pass unharmed first.
    #[serde(default)]
    pub after: u64,
}

fn any() -> Match {
    Match::Any
}

impl Rule {
    /// A rule that holds until it is removed.
    #[must_use]
    pub fn new(matches: Match, fault: Fault) -> Self {
        Self { matches, fault, times: None, after: 0 }
    }

    /// A rule for every call.
    #[must_use]
    pub fn any(fault: Fault) -> Self {
        Self::new(Match::Any, fault)
    }

    /// A rule for one kind of endpoint.
    #[must_use]
    pub fn on(endpoint: Endpoint, fault: Fault) -> Self {
        Self::new(Match::Endpoint(endpoint), fault)
    }

    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    #[must_use]
    pub fn after(self, after: u64) -> Self {
        Self { after, ..self }
    }
}

impl Match {
    fn is(&self, endpoint: Endpoint, path: &str, query: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Endpoint(wanted) => *wanted == endpoint,
            Self::Path(prefix) => path.starts_with(prefix.as_str()),
            Self::Query(part) => query.contains(part.as_str()),
        }
    }
}

impl Fault {
    /// The name in rules and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InternalError => "internal_error",
            Self::Unavailable { .. } => "unavailable",
            Self::TooMany { .. } => "too_many",
            Self::Refuse { .. } => "refuse",
            Self::Hang => "hang",
            Self::Close => "close",
            Self::Reset { .. } => "reset",
            Self::Truncated => "truncated",
            Self::Garbage => "garbage",
            Self::WrongShape { .. } => "wrong_shape",
            Self::Html403 => "html403",
            Self::SlowBody { .. } => "slow_body",
            Self::NoStore => "no_store",
            Self::Gzip => "gzip",
            Self::Relink { .. } => "relink",
            Self::DropRows { .. } => "drop_rows",
            Self::Endless => "endless",
            Self::Padded { .. } => "padded",
        }
    }

    /// Whether the answer stays a good one, so that other faults may still join.
    fn adds_up(&self) -> bool {
        matches!(
            self,
            Self::NoStore
                | Self::Gzip
                | Self::Relink { .. }
                | Self::DropRows { .. }
                | Self::Endless
                | Self::Padded { .. }
        )
    }
}

/// The forms a fault is read from; every detail has a default, and a fault without details is
/// just its name: `"hang"`, `"reset"`, `{"reset":{"after_bytes":100}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    InternalError {},
    Unavailable {
        retry_after: Option<u64>,
    },
    TooMany {
        #[serde(default = "fifteen")]
        retry_after: u64,
        #[serde(default)]
        style: RetryStyle,
    },
    Refuse {
        status: u16,
        code: u32,
        message: String,
    },
    Hang {},
    Close {},
    Reset {
        #[serde(default)]
        after_bytes: usize,
    },
    Truncated {},
    Garbage {},
    WrongShape {
        #[serde(default)]
        shape: Shape,
    },
    Html403 {},
    SlowBody {
        #[serde(default = "sixteen")]
        chunk: usize,
        #[serde(default = "fifty")]
        every_ms: u64,
    },
    NoStore {},
    Gzip {},
    Relink {
        asked: String,
        answers_as: String,
    },
    DropRows {
        ids: BTreeSet<String>,
    },
    Endless {},
    Padded {
        bytes: usize,
    },
}

fn fifteen() -> u64 {
    15
}

fn sixteen() -> usize {
    16
}

fn fifty() -> u64 {
    50
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::String(name) => serde_json::json!({ name: {} }),
            other => other,
        };
        let written = Written::deserialize(value).map_err(serde::de::Error::custom)?;
        Ok(match written {
            Written::InternalError {} => Self::InternalError,
            Written::Unavailable { retry_after } => Self::Unavailable { retry_after },
            Written::TooMany { retry_after, style } => Self::TooMany { retry_after, style },
            Written::Refuse { status, code, message } => Self::Refuse { status, code, message },
            Written::Hang {} => Self::Hang,
            Written::Close {} => Self::Close,
            Written::Reset { after_bytes } => Self::Reset { after_bytes },
            Written::Truncated {} => Self::Truncated,
            Written::Garbage {} => Self::Garbage,
            Written::WrongShape { shape } => Self::WrongShape { shape },
            Written::Html403 {} => Self::Html403,
            Written::SlowBody { chunk, every_ms } => Self::SlowBody { chunk, every_ms },
            Written::NoStore {} => Self::NoStore,
            Written::Gzip {} => Self::Gzip,
            Written::Relink { asked, answers_as } => Self::Relink { asked, answers_as },
            Written::DropRows { ids } => Self::DropRows { ids },
            Written::Endless {} => Self::Endless,
            Written::Padded { bytes } => Self::Padded { bytes },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_short_and_long_forms() {
        let read = |text: &str| serde_json::from_str::<Rule>(text);
        let rule = read(r#"{"fault":"reset"}"#).expect("short form");
        assert_eq!(rule, Rule::any(Fault::Reset { after_bytes: 0 }));
        let rule = read(
            r#"{"match":{"endpoint":"tracks"},"fault":{"too_many":{"retry_after":3,"style":"date"}},"times":1}"#,
        );
        let wanted = Fault::TooMany { retry_after: 3, style: RetryStyle::Date };
        assert_eq!(rule.expect("long form"), Rule::on(Endpoint::Tracks, wanted).times(1));
        assert!(read(r#"{"fault":"earthquake"}"#).is_err());
        assert!(read(r#"{"fault":"hang","time":1}"#).is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        for fault in [Fault::Hang, Fault::WrongShape { shape: Shape::NoIds }, Fault::Html403] {
            let rule = Rule::any(fault);
            let text = serde_json::to_string(&rule).expect("serialises");
            assert_eq!(serde_json::from_str::<Rule>(&text).expect("reads back"), rule);
        }
    }
}
