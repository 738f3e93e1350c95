//! Whole numbers.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::{Fault, Kind, bare};
use crate::config::tree::Node;

/// A whole number in decimal digits.
pub(in crate::config) fn whole<T>(range: RangeInclusive<T>) -> Whole<T> {
    Whole(range)
}

pub(in crate::config) struct Whole<T>(RangeInclusive<T>);

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
