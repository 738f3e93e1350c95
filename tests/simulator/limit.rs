//! The rate limit: sliding windows, all of which a call must fit into.
//!
//! Nobody knows the real one. It let through 16 calls 0.125 s apart and refused 4 at once, which a
//! long window alone cannot express; so a limit is a list of windows (`90/60s,1/100ms` is a quota
//! and a gap) plus an optional cap on calls in flight. Refused calls do not count.

use crate::calendar;
use crate::fault::RetryStyle;
use crate::timing::{self, Unreadable};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// At most `calls` starts in any time of length `per`. Written `90/60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    pub calls: usize,
    pub per: Duration,
}

/// When calls are refused with 429, and how the refusal is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub windows: Vec<Window>,
    /// Refuse when more calls than this, including the new one, are in flight.
    #[serde(default)]
    pub max_in_flight: Option<usize>,
    #[serde(default)]
    pub retry_after: RetryStyle,
}

impl FromStr for Window {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let wrong = || Unreadable {
            text: text.to_owned(),
            what: "a rate limit",
            example: "90/60s or 90/60s,1/100ms",
        };
        let (calls, per) = text.split_once('/').ok_or_else(wrong)?;
        let calls = calls.trim().parse().map_err(|_| wrong())?;
        let per = timing::duration(per).map_err(|_| wrong())?;
        if per.is_zero() { Err(wrong()) } else { Ok(Self { calls, per }) }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.calls, timing::written(self.per))
    }
}

impl TryFrom<String> for Window {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl FromStr for RateLimit {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let windows = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { windows, max_in_flight: None, retry_after: RetryStyle::Seconds })
    }
}

/// Reads `off`, `90/60s,1/100ms`.
pub fn rate_limit(text: &str) -> Result<Option<RateLimit>, Unreadable> {
    if text == "off" { Ok(None) } else { text.parse().map(Some) }
}

/// Reads `null`, a text as [`rate_limit`] does, or the object.
pub(crate) fn in_any_form<'de, D>(deserializer: D) -> Result<Option<RateLimit>, D::Error>
where
    D: Deserializer<'de>,
{
    use serde::de::Error;
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) => rate_limit(&text).map_err(D::Error::custom),
        object => serde_json::from_value(object).map(Some).map_err(D::Error::custom),
    }
}

/// Starts of granted calls, as far back as the longest window.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    starts: VecDeque<Instant>,
}

impl Limiter {
    /// Grants a start, or says how long until one would be granted.
    pub(crate) fn ask(&mut self, limit: &RateLimit, now: Instant, in_flight: usize) -> Result<(), Duration> {
        let longest = limit.windows.iter().map(|window| window.per).max().unwrap_or_default();
        while self.starts.front().is_some_and(|start| now.duration_since(*start) >= longest) {
            self.starts.pop_front();
        }
        if limit.max_in_flight.is_some_and(|most| in_flight > most) {
            return Err(Duration::from_secs(1));
        }
        let wait = limit.windows.iter().filter_map(|window| self.wait(*window, now)).max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        self.starts.push_back(now);
        Ok(())
    }

    /// Time until the window has room; `None` if it has.
    fn wait(&self, window: Window, now: Instant) -> Option<Duration> {
        if window.calls == 0 {
            return Some(window.per);
        }
        let oldest = self.starts.len().checked_sub(window.calls)?;
        let free_at = self.starts[oldest] + window.per;
        (free_at > now).then(|| free_at - now)
    }

    pub(crate) fn forget(&mut self) {
        self.starts.clear();
    }
}

/// The value of `Retry-After`: rounded up, at least one second.
pub(crate) fn retry_after(style: RetryStyle, wait: Duration) -> Option<String> {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = seconds.max(1);
    match style {
        RetryStyle::Seconds => Some(seconds.to_string()),
        RetryStyle::Date => Some(calendar::http_date(SystemTime::now() + Duration::from_secs(seconds))),
        RetryStyle::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> RateLimit {
        text.parse().expect("a valid limit")
    }

    #[test]
    fn a_window_slides() {
        let limit = limit("3/60s");
        let mut limiter = Limiter::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(limiter.ask(&limit, at(0), 1), Ok(()));
        assert_eq!(limiter.ask(&limit, at(20), 1), Ok(()));
        assert_eq!(limiter.ask(&limit, at(30), 1), Ok(()));
        assert_eq!(limiter.ask(&limit, at(45), 1), Err(Duration::from_secs(15)));
        assert_eq!(limiter.ask(&limit, at(60), 1), Ok(()));
        assert_eq!(limiter.ask(&limit, at(60), 1), Err(Duration::from_secs(20)));
    }

    #[test]
    fn a_gap_is_a_window_of_one() {
        let limit = limit("90/60s,1/500ms");
        let mut limiter = Limiter::default();
        let start = Instant::now();
        assert_eq!(limiter.ask(&limit, start, 1), Ok(()));
        let soon = start + Duration::from_millis(200);
        assert_eq!(limiter.ask(&limit, soon, 1), Err(Duration::from_millis(300)));
        assert_eq!(limiter.ask(&limit, start + Duration::from_millis(500), 1), Ok(()));
    }

    #[test]
    fn too_many_in_flight_are_refused() {
        let limit = RateLimit { max_in_flight: Some(2), ..limit("90/60s") };
        let mut limiter = Limiter::default();
        assert!(limiter.ask(&limit, Instant::now(), 2).is_ok());
        assert!(limiter.ask(&limit, Instant::now(), 3).is_err());
    }

    #[test]
    fn retry_after_is_whole_seconds_rounded_up() {
        let value = |millis| retry_after(RetryStyle::Seconds, Duration::from_millis(millis));
        assert_eq!(value(14_001).as_deref(), Some("15"));
        assert_eq!(value(0).as_deref(), Some("1"));
        assert_eq!(retry_after(RetryStyle::None, Duration::from_secs(9)), None);
    }
}
