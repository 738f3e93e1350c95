//! Whether a list is made better, and how.

use uuid::Uuid;

use super::quality::Quality;
use super::{Candidate, rank};
use crate::model::Size;

/// What to do in an improvement round.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Take these out, use them as negatives (worst first, at most five), fill up.
    FilterAndReplace { outliers: Vec<Uuid> },
    /// Ask again by the best five of the list, away from its worst three. Good and protected tracks stay.
    ReseedFromClean { seeds: Vec<Uuid>, negatives: Vec<Uuid> },
    /// Ask again with numeric targets and this `featureWeight`, 1 to 5.
    AdjustFeatureWeights { feature_weight: f64 },
    /// Next artists, next pages, next seeds.
    GenerateMore,
}

impl Action {
    /// As in metadata and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FilterAndReplace { .. } => "filter_and_replace",
            Self::ReseedFromClean { .. } => "reseed_from_clean",
            Self::AdjustFeatureWeights { .. } => "adjust_feature_weights",
            Self::GenerateMore => "generate_more",
        }
    }
}

/// Overall quality that a round must gain for another one to be worth it.
pub const WORTHWHILE_GAIN: f64 = 0.03;

/// At most this many negatives go upstream.
pub const MAX_NEGATIVES: usize = 5;

/// Good enough, or nearly and of one mood.
pub fn is_needless(quality: &Quality, size: &Size) -> bool {
    quality.is_good(size) || quality.overall >= 0.75 && quality.cohesion >= 0.60
}

/// The first rule that applies to the evaluated `list`; `round` counts from 1. `None`: leave it.
pub fn next(quality: &Quality, list: &[Candidate], size: &Size, round: u32) -> Option<Action> {
    if is_needless(quality, size) {
        return None;
    }
    let enough = quality.count >= size.minimum;
    let outliers = quality.outliers.len();
    if outliers > 0 && quality.count - outliers >= size.minimum {
        Some(Action::FilterAndReplace { outliers: quality.outliers.clone() })
    } else if quality.cohesion < 0.60 && enough {
        Some(reseed(list))
    } else if quality.cohesion < 0.65 {
        let feature_weight = (4.5 + 0.3 * f64::from(round)).min(5.0);
        Some(Action::AdjustFeatureWeights { feature_weight })
    } else {
        (quality.count < size.target).then_some(Action::GenerateMore)
    }
}

fn reseed(list: &[Candidate]) -> Action {
    let mut order: Vec<&Candidate> = list.iter().collect();
    order.sort_by(|a, b| b.cohesion.total_cmp(&a.cohesion).then_with(|| rank::tie(a, b)));
    let seeds: Vec<Uuid> = order.iter().take(5).map(|candidate| candidate.id()).collect();
    let worst =
        order.iter().rev().filter(|candidate| !candidate.is_safe() && !seeds.contains(&candidate.id()));
    Action::ReseedFromClean { negatives: worst.take(3).map(|candidate| candidate.id()).collect(), seeds }
}

/// A list as it was at one time, with its measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub list: Vec<Candidate>,
    pub quality: Quality,
}

/// The snapshot of the highest overall quality; of equal ones the earliest.
pub fn best(snapshots: Vec<Snapshot>) -> Option<Snapshot> {
    snapshots.into_iter().reduce(
        |best, next| {
            if next.quality.overall > best.quality.overall { next } else { best }
        },
    )
}
