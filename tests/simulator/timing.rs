//! Durations as people write them, and how long the upstream takes to answer.

use crate::dice::Dice;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What is wrong with a written duration, latency or rate limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as {what}; write it like {example}")]
pub struct Unreadable {
    pub(crate) text: String,
    pub(crate) what: &'static str,
    pub(crate) example: &'static str,
}

/// Reads `500ms`, `1.5s`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, Unreadable> {
    let wrong = || Unreadable { text: text.to_owned(), what: "a duration", example: "500ms, 1.5s or 2m" };
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(split);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// Writes what [`duration`] reads.
pub(crate) fn written(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}

/// How long an answer takes. Written `none`, `500ms`, `uniform:200ms-1500ms`,
/// `lognormal:480ms,0.5` (median and sigma).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Latency {
    #[default]
    None,
    Fixed(Duration),
    Uniform(Duration, Duration),
    /// Most answers near the median, a long tail above it: how the real one behaves.
    LogNormal {
        median: Duration,
        sigma: f64,
    },
}

/// No simulated answer takes longer than this; a hang is a fault, not a latency.
const LONGEST: f64 = 120.0;

impl Latency {
    pub(crate) fn draw(self, dice: &mut Dice) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed(time) => time,
            Self::Uniform(low, high) => low + high.saturating_sub(low).mul_f64(dice.unit()),
            Self::LogNormal { median, sigma } => {
                let factor = (sigma * dice.bell(0.0, 1.0)).exp();
                Duration::from_secs_f64((median.as_secs_f64() * factor).min(LONGEST))
            }
        }
    }
}

impl FromStr for Latency {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let wrong = || Unreadable {
            text: text.to_owned(),
            what: "a latency",
            example: "none, 500ms, uniform:200ms-1500ms or lognormal:480ms,0.5",
        };
        if matches!(text, "none" | "0") {
            return Ok(Self::None);
        }
        if let Some(range) = text.strip_prefix("uniform:") {
            let (low, high) = range.split_once('-').ok_or_else(wrong)?;
            let (low, high) = (duration(low)?, duration(high)?);
            return if low <= high { Ok(Self::Uniform(low, high)) } else { Err(wrong()) };
        }
        if let Some(curve) = text.strip_prefix("lognormal:") {
            let (median, sigma) = curve.split_once(',').ok_or_else(wrong)?;
            let sigma: f64 = sigma.trim().parse().map_err(|_| wrong())?;
            if !(0.0..=3.0).contains(&sigma) {
                return Err(wrong());
            }
            return Ok(Self::LogNormal { median: duration(median)?, sigma });
        }
        duration(text).map(Self::Fixed).map_err(|_| wrong())
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Fixed(time) => f.write_str(&written(*time)),
            Self::Uniform(low, high) => write!(f, "uniform:{}-{}", written(*low), written(*high)),
            Self::LogNormal { median, sigma } => {
                write!(f, "lognormal:{},{sigma}", written(*median))
            }
        }
    }
}

impl TryFrom<String> for Latency {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        text.parse()
    }
}

impl From<Latency> for String {
    fn from(latency: Latency) -> Self {
        latency.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_read_back_as_written() {
        for text in ["none", "500ms", "2s", "uniform:200ms-1500ms", "lognormal:480ms,0.5"] {
            assert_eq!(text.parse::<Latency>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in ["fast", "5", "uniform:2s-1s", "lognormal:1s", "-1s"] {
            let error = text.parse::<Latency>().expect_err(text);
            assert!(error.to_string().contains("lognormal:480ms,0.5"), "{error}");
        }
    }

    #[test]
    fn a_lognormal_has_its_median_and_a_tail() {
        let latency: Latency = "lognormal:480ms,0.5".parse().expect("valid");
        let mut dice = Dice::new(1);
        let mut times: Vec<Duration> = (0..2001).map(|_| latency.draw(&mut dice)).collect();
        times.sort();
        assert!((440..520).contains(&times[1000].as_millis()), "{:?}", times[1000]);
        assert!(times[2000] > Duration::from_millis(1500));
    }
}
