//! What a run may ask, decided before anybody is asked.
//!
//! Requests are counted whether the proxy, or an artifact of an earlier run, then knows the answer
//! or not. So the same request asks the same, cold or warm, and gives the same list. Steps that run
//! at the same time get fixed allowances up front; what they leave unspent goes back.

use crate::recobeat::Ask;

/// The requests of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPlan {
    max: u32,
    left: u32,
    /// Kept back for improvement.
    reserve: u32,
}

/// Requests that a step may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance(u32);

/// Requests that only improvement may use: a draw, a page, and their features.
const RESERVE: u32 = 4;
/// Below it a plan is too short for improvement.
const SHORT: u32 = 16;
/// What gathering leaves to the strategies: a draw, three pages, two batches of features.
const GENERATION: u32 = 6;

impl CallPlan {
    pub fn new(max: u32, rounds: u32) -> Self {
        let reserve = if rounds > 0 && max >= SHORT { RESERVE } else { 0 };
        Self { max, left: max - reserve, reserve }
    }

    /// Requests that have been granted and not given back.
    pub fn spent(&self) -> u32 {
        self.max - self.left - self.reserve
    }

    /// Up to `wanted` requests, which are spent unless they are given back.
    pub fn grant(&mut self, wanted: usize) -> Allowance {
        let granted = u32::try_from(wanted).unwrap_or(u32::MAX).min(self.left);
        self.left -= granted;
        Allowance(granted)
    }

    /// Like [`CallPlan::grant`], for gathering: the strategies keep enough to work with.
    pub fn grant_before_generation(&mut self, wanted: usize) -> Allowance {
        let free = self.left.saturating_sub(GENERATION);
        self.grant(wanted.min(usize::try_from(free).unwrap_or(usize::MAX)))
    }

    /// Gathering cannot have so many.
    pub fn is_short_of(&self, wanted: usize) -> bool {
        u32::try_from(wanted).unwrap_or(u32::MAX) > self.left.saturating_sub(GENERATION)
    }

    pub fn give_back(&mut self, unspent: Allowance) {
        self.left += unspent.0;
    }

    /// From now on everything that is left may be used.
    pub fn open_reserve(&mut self) {
        self.left += self.reserve;
        self.reserve = 0;
    }
}

impl Allowance {
    pub fn left(self) -> u32 {
        self.0
    }

    /// The first of `asks` that can be afforded; they are paid.
    pub fn afford(&mut self, mut asks: Vec<Ask>) -> Vec<Ask> {
        asks.truncate(usize::try_from(self.0).unwrap_or(usize::MAX));
        self.0 -= u32::try_from(asks.len()).expect("no more than the allowance");
        asks
    }
}

/// What one strategy could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Need {
    /// Requests that bring tracks; without any, it still needs features.
    pub(super) rows: u32,
    /// Batches of features.
    pub(super) features: u32,
}

/// Requests for rows, and for features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Split {
    pub(super) rows: Allowance,
    pub(super) features: Allowance,
}

/// A use of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Rows(usize),
    Features(usize),
}

/// The strategies in the order of [`divide`].
pub(super) const ANCHOR: usize = 0;
pub(super) const ARTISTS: usize = 1;
pub(super) const SEEDS: usize = 2;
pub(super) const FALLBACK: usize = 3;

/// In which order requests are worth making. Rows without features say little, so they alternate;
/// the last artists, their middle pages and a fallback search are what a short plan goes without.
const WORTH: [Use; 24] = [
    Use::Rows(SEEDS),
    Use::Features(SEEDS),
    Use::Rows(ANCHOR),
    Use::Features(ANCHOR),
    Use::Rows(ARTISTS),
    Use::Rows(ARTISTS),
    Use::Rows(ARTISTS),
    Use::Features(ARTISTS),
    Use::Rows(SEEDS),
    Use::Features(SEEDS),
    Use::Rows(ANCHOR),
    Use::Rows(ARTISTS),
    Use::Features(ARTISTS),
    Use::Rows(SEEDS),
    Use::Features(SEEDS),
    Use::Rows(ARTISTS),
    Use::Rows(ARTISTS),
    Use::Rows(ANCHOR),
    Use::Features(ARTISTS),
    Use::Rows(ANCHOR),
    Use::Rows(ARTISTS),
    Use::Rows(ARTISTS),
    Use::Rows(FALLBACK),
    Use::Features(FALLBACK),
];

/// Gives each strategy its requests: by worth, until the needs are met or nothing is left.
pub(super) fn divide(plan: &mut CallPlan, mut needs: [Need; 4]) -> [Split; 4] {
    let mut splits = [Split::default(); 4];
    // Once around by worth; then whoever still needs something, in turn.
    let rest = (0..8)
        .flat_map(|_| [SEEDS, ARTISTS, ANCHOR].into_iter().flat_map(|at| [Use::Features(at), Use::Rows(at)]));
    for one in WORTH.into_iter().chain(rest) {
        let (need, given) = match one {
            Use::Rows(at) => (&mut needs[at].rows, &mut splits[at].rows),
            Use::Features(at) => (&mut needs[at].features, &mut splits[at].features),
        };
        if *need > 0 && plan.grant(1) == Allowance(1) {
            *need -= 1;
            given.0 += 1;
        }
    }
    splits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn need(rows: u32, features: u32) -> Need {
        Need { rows, features }
    }

    fn requests(split: Split) -> (u32, u32) {
        (split.rows.left(), split.features.left())
    }

    #[test]
    fn a_plan_keeps_a_reserve_for_improvement_only() {
        let mut plan = CallPlan::new(24, 1);
        assert_eq!(plan.grant(100).left(), 20);
        assert_eq!(plan.grant(1).left(), 0);
        plan.open_reserve();
        assert_eq!(plan.grant(100).left(), 4);
        assert_eq!(plan.spent(), 24);
        assert_eq!(CallPlan::new(24, 0).grant(100).left(), 24);
    }

    #[test]
    fn gathering_leaves_enough_to_the_strategies() {
        let mut plan = CallPlan::new(24, 1);
        assert!(!plan.is_short_of(14) && plan.is_short_of(15));
        assert_eq!(plan.grant_before_generation(100).left(), 14);
        assert_eq!(plan.grant(100).left(), 6);
    }

    #[test]
    fn what_is_not_spent_comes_back() {
        let mut plan = CallPlan::new(10, 0);
        let mut allowance = plan.grant(6);
        let asks = vec![Ask::Artists(Vec::new()); 4];
        assert_eq!(allowance.afford(asks).len(), 4);
        plan.give_back(allowance);
        assert_eq!((plan.spent(), plan.grant(100).left()), (4, 6));
    }

    #[test]
    fn a_mood_alone_gets_its_draws_artists_and_features() {
        let mut plan = CallPlan::new(24, 1);
        plan.grant(5);
        let splits = divide(&mut plan, [need(0, 0), need(6, 3), need(3, 4), need(0, 0)]);
        assert_eq!(requests(splits[ARTISTS]), (6, 3));
        assert_eq!(requests(splits[SEEDS]), (3, 3));
    }

    #[test]
    fn a_short_plan_goes_without_fallback_and_the_last_artists() {
        let mut plan = CallPlan::new(8, 1);
        let splits = divide(&mut plan, [need(0, 0), need(8, 3), need(3, 4), need(1, 1)]);
        assert_eq!(splits.map(requests), [(0, 0), (3, 1), (2, 2), (0, 0)]);
    }

    proptest! {
        #[test]
        fn no_division_gives_more_than_there_is_or_is_needed(
            max in 0_u32..30,
            rows in prop::array::uniform4(0_u32..12),
            features in prop::array::uniform4(0_u32..6),
        ) {
            let mut plan = CallPlan::new(max, 0);
            let needs = [0, 1, 2, 3].map(|at| need(rows[at], features[at]));
            let splits = divide(&mut plan, needs);
            let given: u32 = splits.iter().map(|split| split.rows.left() + split.features.left()).sum();
            prop_assert_eq!(given, plan.spent());
            prop_assert!(given <= max);
            for (split, need) in splits.iter().zip(needs) {
                prop_assert!(split.rows.left() <= need.rows && split.features.left() <= need.features);
            }
        }
    }
}
