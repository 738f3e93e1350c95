//! Tracks of another time, where both times are known.

use crate::model::TemporalContext;
use crate::ranking::Candidate;

/// Years on either side of a range that was not meant to the year.
const SLACK: u16 = 5;

/// Without a year range that is meant, or without a year of release, everything stays.
pub fn keeps(candidate: &Candidate, context: Option<&TemporalContext>) -> bool {
    let range = context.filter(|context| context.is_temporal).and_then(|context| {
        let [first, last] = context.year_range?;
        let named = context.decade.is_some() || context.era.is_some();
        let slack = if named { 0 } else { SLACK };
        Some(first.saturating_sub(slack)..=last.saturating_add(slack))
    });
    match (range, candidate.released) {
        (Some(range), Some(year)) => candidate.is_safe() || range.contains(&year),
        _ => true,
    }
}
