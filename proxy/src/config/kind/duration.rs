//! Durations: `90d`, `1h30m`, `750ms`, `0`.
//!
//! Milliseconds are the finest unit, since no timer of a proxy is finer. Units come largest
//! first and once each, so that `10m5h` is a slip and not a sum.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serializer;

use super::{Fault, Kind, text};
use crate::config::tree::Node;

pub(in crate::config) const MILLISECOND: Duration = Duration::from_millis(1);
pub(in crate::config) const SECOND: Duration = Duration::from_secs(1);
pub(in crate::config) const MINUTE: Duration = Duration::from_secs(60);
pub(in crate::config) const HOUR: Duration = Duration::from_secs(3600);
pub(in crate::config) const DAY: Duration = Duration::from_secs(86_400);
pub(in crate::config) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Largest first; `ms` before `m` and `s` would not matter, since units are read as whole words.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A duration within bounds.
pub(in crate::config) fn duration(range: RangeInclusive<Duration>) -> Span {
    Span(range)
}

pub(in crate::config) struct Span(RangeInclusive<Duration>);

impl Kind for Span {
    type Value = Duration;

    fn wanted(&self) -> String {
        format!(
            "a duration from {} to {}",
            in_words(*self.0.start()),
            in_words(*self.0.end())
        )
    }

    fn read(&self, node: &Node) -> Result<Duration, Fault> {
        let duration = parse(text(node)?)?;
        if self.0.contains(&duration) {
            Ok(duration)
        } else {
            Err(Fault::wrong())
        }
    }

    fn remedy(&self) -> Option<String> {
        Some("write durations such as 90d, 24h, 5m, 30s, 750ms or 1h30m".to_owned())
    }
}

/// Reads a duration; the fault says what is wrong with its form.
fn parse(text: &str) -> Result<Duration, Fault> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.starts_with('-') {
        return Err(Fault::why("is negative"));
    }
    let mut total: u64 = 0;
    let mut rest = text;
    let mut units = UNITS.as_slice();
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(
            rest.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len()),
        );
        let (unit, after) = after.split_at(
            after
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(after.len()),
        );
        if digits.is_empty() || after.starts_with('.') {
            return Err(Fault::wrong());
        }
        if unit.is_empty() {
            return Err(Fault::why("has no unit").help(format!(
                "write {digits}s for seconds or {digits}ms for milliseconds"
            )));
        }
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            return Err(unit_fault(unit));
        };
        let part = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(units[at].1));
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| Fault::why("is too long"))?;
        units = &units[at + 1..];
        rest = after;
    }
    if text.is_empty() {
        Err(Fault::wrong())
    } else {
        Ok(Duration::from_millis(total))
    }
}

fn unit_fault(unit: &str) -> Fault {
    if UNITS.iter().any(|(name, _)| *name == unit) {
        Fault::why(format!("has its units out of order at `{unit}`"))
            .help("write the largest unit first and each once, as in 1h30m")
    } else {
        Fault::why(format!("has the unknown unit `{unit}`")).help("the units are d, h, m, s and ms")
    }
}

/// The shortest form that reads back as the same duration; what is finer than a millisecond is
/// dropped.
pub(in crate::config) fn in_words(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut words = String::new();
    for (name, length) in UNITS {
        let count = rest / u128::from(length);
        rest %= u128::from(length);
        if count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(words, "{count}{name}");
        }
    }
    if words.is_empty() {
        "0".to_owned()
    } else {
        words
    }
}

/// For `#[serde(serialize_with)]`.
pub(in crate::config) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_words(*duration))
}
