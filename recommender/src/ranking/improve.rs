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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Source;
    use crate::ranking::testing::{SIZE, candidate};

    fn quality(overall: f64, cohesion: f64, count: usize, outliers: usize) -> Quality {
        Quality {
            overall,
            cohesion,
            coverage: 1.0,
            confidence: 0.5,
            diversity: 0.5,
            count,
            outliers: (0..outliers as u128).map(Uuid::from_u128).collect(),
        }
    }

    #[rstest]
    #[case(0.75, 0.50, 20, 0, None)] // good enough
    #[case(0.76, 0.60, 15, 9, None)] // near enough and of one mood
    #[case(0.76, 0.59, 20, 9, Some("reseed_from_clean"))]
    #[case(0.70, 0.70, 20, 4, Some("filter_and_replace"))]
    #[case(0.70, 0.50, 20, 4, Some("filter_and_replace"))]
    #[case(0.70, 0.50, 20, 5, Some("reseed_from_clean"))]
    #[case(0.70, 0.59, 16, 0, Some("reseed_from_clean"))]
    #[case(0.70, 0.59, 15, 0, Some("adjust_feature_weights"))]
    #[case(0.70, 0.64, 20, 5, Some("adjust_feature_weights"))]
    #[case(0.70, 0.65, 19, 0, Some("generate_more"))]
    #[case(0.70, 0.65, 20, 0, None)]
    fn the_first_rule_that_applies_decides(
        #[case] overall: f64,
        #[case] cohesion: f64,
        #[case] count: usize,
        #[case] outliers: usize,
        #[case] expected: Option<&str>,
    ) {
        let action = next(&quality(overall, cohesion, count, outliers), &[], &SIZE, 1);
        assert_eq!(action.as_ref().map(Action::name), expected);
    }

    #[rstest]
    #[case(1, 4.8)]
    #[case(2, 5.0)]
    #[case(3, 5.0)]
    fn the_feature_weight_rises_to_five(#[case] round: u32, #[case] expected: f64) {
        let Some(Action::AdjustFeatureWeights { feature_weight }) =
            next(&quality(0.7, 0.6, 15, 0), &[], &SIZE, round)
        else {
            panic!("another action");
        };
        assert!((feature_weight - expected).abs() < 1e-12);
    }

    fn list(count: u128) -> Vec<Candidate> {
        let cohesion = |number: u128| f64::from(u32::try_from(number).unwrap()) / 100.0;
        (0..count)
            .map(|number| Candidate { cohesion: cohesion(number), ..candidate(number, Source::Reccobeat) })
            .collect()
    }

    #[test]
    fn reseeding_asks_by_the_best_and_away_from_the_worst_that_may_go() {
        let mut list = list(20);
        list[1].protected = true;
        let action = next(&quality(0.5, 0.3, 20, 9), &list, &SIZE, 1);
        let ids = |numbers: &[u128]| numbers.iter().map(|number| Uuid::from_u128(*number)).collect();
        let expected =
            Action::ReseedFromClean { seeds: ids(&[19, 18, 17, 16, 15]), negatives: ids(&[0, 2, 3]) };
        assert_eq!(action, Some(expected));
    }

    #[test]
    fn a_track_is_never_seed_and_negative() {
        let Action::ReseedFromClean { seeds, negatives } = reseed(&list(6)) else { panic!("another action") };
        assert_eq!((seeds.len(), negatives), (5, vec![Uuid::from_u128(0)]));
    }
}
