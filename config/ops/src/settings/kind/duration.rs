//! Durations: `90d`, `1h30m`, `750ms`, `0`.
//!
//! Milliseconds are the finest unit, since no timer here is finer. Units come largest
//! first and once each, so that `10m5h` is a slip and not a sum.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serializer;
use serde_json::{Value as Json, json};

use super::{Fault, Kind, text};
use crate::settings::tree::Node;

pub const MILLISECOND: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_mins(1);
pub const HOUR: Duration = Duration::from_hours(1);
pub const DAY: Duration = Duration::from_hours(24);
pub const YEAR: Duration = Duration::from_hours(365 * 24);

/// Largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// A duration within bounds.
pub fn duration(range: RangeInclusive<Duration>) -> Span {
    Span(range)
}

pub struct Span(RangeInclusive<Duration>);

impl Kind for Span {
    type Value = Duration;

    fn wanted(&self) -> String {
        format!("a duration from {} to {}", in_words(*self.0.start()), in_words(*self.0.end()))
    }

    fn read(&self, node: &Node) -> Result<Duration, Fault> {
        let duration = parse(text(node)?)?;
        if duration < *self.0.start() {
            Err(Fault::least(&in_words(*self.0.start())))
        } else if duration > *self.0.end() {
            Err(Fault::most(&in_words(*self.0.end())))
        } else {
            Ok(duration)
        }
    }

    /// Without the bounds, which a pattern cannot say.
    fn schema(&self) -> Json {
        const UNITS: &str = "([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";
        if self.0.contains(&Duration::ZERO) {
            // A bare 0 is a number.
            json!({ "type": ["string", "integer"], "pattern": format!("^(0|{UNITS})$"), "minLength": 1, "minimum": 0, "maximum": 0 })
        } else {
            json!({ "type": "string", "pattern": format!("^{UNITS}$"), "minLength": 1 })
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
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, after) =
            after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        if digits.is_empty() || after.starts_with('.') {
            return Err(Fault::wrong());
        }
        if unit.is_empty() {
            return Err(Fault::why("has no unit")
                .help(format!("write {digits}s for seconds or {digits}ms for milliseconds")));
        }
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            return Err(unit_fault(unit));
        };
        let part = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(units[at].1));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| Fault::why("is too long"))?;
        units = &units[at + 1..];
        rest = after;
    }
    if text.is_empty() { Err(Fault::wrong()) } else { Ok(Duration::from_millis(total)) }
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
pub fn in_words(duration: Duration) -> String {
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
    if words.is_empty() { "0".to_owned() } else { words }
}

/// For `#[serde(serialize_with)]`.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_words(*duration))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Option<u128> {
        parse(text).ok().map(|duration| duration.as_millis())
    }

    #[test]
    fn each_unit_has_its_length() {
        assert_eq!(millis("90d"), Some(90 * 86_400_000));
        assert_eq!(millis("24h"), Some(86_400_000));
        assert_eq!(millis("5m"), Some(300_000));
        assert_eq!(millis("30s"), Some(30_000));
        assert_eq!(millis("750ms"), Some(750));
    }

    #[test]
    fn zero_needs_no_unit() {
        assert_eq!(millis("0"), Some(0));
        assert_eq!(millis("0ms"), Some(0));
        assert_eq!(millis("0d"), Some(0));
    }

    #[test]
    fn units_add_up() {
        assert_eq!(millis("1h30m"), Some(5_400_000));
        assert_eq!(millis("1d2h3m4s5ms"), Some(93_784_005));
        assert_eq!(millis("1m90s"), Some(150_000));
    }

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(millis(""), None);
        assert_eq!(millis("30"), None);
        assert_eq!(millis("s"), None);
        assert_eq!(millis("1h30"), None);
        assert_eq!(millis("30m1h"), None);
        assert_eq!(millis("1s1s"), None);
        assert_eq!(millis("1 s"), None);
        assert_eq!(millis("1S"), None);
        assert_eq!(millis("1w"), None);
        assert_eq!(millis("1.5h"), None);
        assert_eq!(millis("1h.5m"), None);
        assert_eq!(millis("+1s"), None);
        assert_eq!(millis("-1s"), None);
        assert_eq!(millis("١s"), None);
    }

    #[test]
    fn what_64_bits_of_milliseconds_cannot_hold_is_too_long() {
        assert_eq!(millis("18446744073709551615ms"), Some(u128::from(u64::MAX)));
        assert_eq!(parse("18446744073709551616ms"), Err(Fault::why("is too long")));
        assert_eq!(parse("213503982335d"), Err(Fault::why("is too long")));
        assert_eq!(parse("18446744073709551s616ms"), Err(Fault::why("is too long")));
    }

    #[test]
    fn bounds_are_inclusive() {
        let kind = duration(SECOND..=MINUTE);
        let scalar = |text: &str| Node {
            value: crate::settings::tree::Value::Scalar { text: text.to_owned(), quoted: true },
            place: crate::settings::problem::Place::Whole,
        };
        assert_eq!(kind.read(&scalar("1s")), Ok(SECOND));
        assert_eq!(kind.read(&scalar("1m")), Ok(MINUTE));
        assert_eq!(kind.read(&scalar("999ms")), Err(Fault::least(&"1s")));
        assert_eq!(kind.read(&scalar("1m1ms")), Err(Fault::most(&"1m")));
    }

    #[test]
    fn the_printed_form_is_short() {
        assert_eq!(in_words(90 * DAY), "90d");
        assert_eq!(in_words(Duration::ZERO), "0");
        assert_eq!(in_words(Duration::from_micros(1_500)), "1ms");
        assert_eq!(in_words(HOUR + 30 * MINUTE), "1h30m");
    }

    proptest! {
        #[test]
        fn a_printed_duration_reads_back(millis: u64) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&in_words(duration)), Ok(duration));
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[0-9]{0,22}[dhms.]{0,3}[0-9]{0,3}[dhms]{0,2}") {
            if let Ok(duration) = parse(&text) {
                prop_assert_eq!(parse(&in_words(duration)), Ok(duration));
            }
        }
    }
}
