//! Whole numbers and shares.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::{Fault, Kind, bare};
use crate::settings::tree::Node;

/// A whole number in decimal digits.
pub fn whole<T>(range: RangeInclusive<T>) -> Whole<T> {
    Whole(range)
}

pub struct Whole<T>(RangeInclusive<T>);

impl<T: TryFrom<u64> + PartialOrd + Display> Kind for Whole<T> {
    type Value = T;

    fn wanted(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }

    fn read(&self, node: &Node) -> Result<T, Fault> {
        let text = bare(node)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = text.parse().ok().and_then(|number: u64| T::try_from(number).ok());
            number.filter(|number| self.0.contains(number)).ok_or_else(Fault::wrong)
        } else {
            Err(Fault::wrong())
        }
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
}
