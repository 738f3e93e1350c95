//! One run, as far as it has come.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::plan::CallPlan;
use super::timing::Timings;
use crate::ranking::Candidate;
use crate::strategy::Brief;

/// What all steps work on.
#[derive(Debug)]
pub struct Run {
    pub brief: Brief,
    pub plan: CallPlan,
    /// What each strategy has found, in the order of the strategies.
    pub pools: Vec<Pool>,
    pub notes: Notes,
    pub timings: Timings,
}

/// What one strategy has found.
#[derive(Debug, Clone)]
pub struct Pool {
    pub name: &'static str,
    pub candidates: Vec<Candidate>,
    /// Calls of it that failed, and how.
    pub error: Option<String>,
}

/// For people: what did not go well, and what was done about it.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Calls that failed before the strategies began.
    pub failed_calls: Vec<String>,
    /// What failed or was late, so that the list is less than it could be.
    pub partial: Vec<String>,
    /// Tracks whose features were wanted, also if they were known already.
    pub features_asked: BTreeSet<Uuid>,
    /// Improvement rounds that were made, by name of the action.
    pub improvements: Vec<&'static str>,
}

impl Run {
    pub fn new(brief: Brief, plan: CallPlan) -> Self {
        Self { brief, plan, pools: Vec::new(), notes: Notes::default(), timings: Timings::default() }
    }

    /// All candidates, in the order of the strategies.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.pools.iter().flat_map(|pool| pool.candidates.iter().cloned()).collect()
    }

    pub fn failed(&mut self, failed: Vec<String>) {
        self.notes.failed_calls.extend(failed);
    }
}
