//! Whole numbers and shares.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Fault, Kind, bare};
use crate::settings::tree::Node;

/// A whole number in decimal digits.
pub fn whole<T>(range: RangeInclusive<T>) -> Whole<T> {
    Whole(range)
}

pub struct Whole<T>(RangeInclusive<T>);

impl<T: TryFrom<u64> + PartialOrd + Display + Serialize> Kind for Whole<T> {
    type Value = T;

    fn wanted(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }

    fn read(&self, node: &Node) -> Result<T, Fault> {
        let text = bare(node)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::wrong().help("write it in digits alone, without quotes, unit and fraction"));
        }
        let number = text.parse().ok().and_then(|number: u64| T::try_from(number).ok());
        match number {
            Some(number) if self.0.contains(&number) => Ok(number),
            Some(number) if number < *self.0.start() => Err(Fault::least(self.0.start())),
            _ if text.starts_with('-') => Err(Fault::least(self.0.start())),
            _ => Err(Fault::most(self.0.end())),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "integer", "minimum": self.0.start(), "maximum": self.0.end() })
    }
}

/// A decimal number.
pub fn share(range: RangeInclusive<f64>) -> Share {
    Share(range)
}

pub struct Share(RangeInclusive<f64>);

impl Kind for Share {
    type Value = f64;

    fn wanted(&self) -> String {
        format!("a number from {} to {}", self.0.start(), self.0.end())
    }

    fn read(&self, node: &Node) -> Result<f64, Fault> {
        let text = bare(node)?;
        if text.ends_with('%') {
            return Err(Fault::why("is a percentage").help("write 5% as 0.05"));
        }
        match text.parse::<f64>() {
            Ok(number) if self.0.contains(&number) => Ok(number),
            _ => Err(Fault::wrong()),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "number", "minimum": self.0.start(), "maximum": self.0.end() })
    }
}
