//! What a run may ask, decided before anybody is asked.
//!
//! Requests are counted whether the proxy, or an artifact of an earlier run, then knows the answer
//! or not. So the same request asks the same, cold or warm, and gives the same list. Steps that run
//! at the same time get fixed allowances up front; what they leave unspent goes back.

use crate::recobeat::Ask;

/// The requests of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPlan {
    left: u32,
    /// Kept back for the improvement round.
    reserve: u32,
}

/// How many requests a step may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance(u32);

/// Requests that only an improvement round may use.
const RESERVE: u32 = 4;

/// The requests of the strategies, in the order of their first stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    pub user_anchor: Allowance,
    pub artist_discovery: Allowance,
    pub seed_based: Allowance,
    pub fallback: Allowance,
}

impl CallPlan {
    /// `max` requests in all; with fewer than 16 there is no improvement round.
    pub fn new(max: u32, rounds: u32) -> Self {
        let reserve = if rounds > 0 && max >= 16 { RESERVE } else { 0 };
        Self { left: max - reserve, reserve }
    }

    pub fn left(&self) -> u32 {
        self.left
    }

    /// Up to `wanted` requests, which are spent unless they are given back.
    pub fn grant(&mut self, wanted: u32) -> Allowance {
        let granted = wanted.min(self.left);
        self.left -= granted;
        Allowance(granted)
    }

    pub fn give_back(&mut self, unspent: Allowance) {
        self.left += unspent.0;
    }

    /// The improvement round may use everything that is left.
    pub fn open_reserve(&mut self) {
        self.left += self.reserve;
        self.reserve = 0;
    }
}

impl Allowance {
    pub const fn of(requests: u32) -> Self {
        Self(requests)
    }

    pub fn left(self) -> u32 {
        self.0
    }

    /// The first of `asks` that can be afforded.
    pub fn afford(&mut self, mut asks: Vec<Ask>) -> Vec<Ask> {
        asks.truncate(usize::try_from(self.0).unwrap_or(usize::MAX));
        self.0 -= u32::try_from(asks.len()).expect("no more than the allowance");
        asks
    }
}
