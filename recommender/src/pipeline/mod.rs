//! A run: from a checked request to a list.
//!
//! A run is a sequence of steps over one [`Run`] value. Each step is a pure function that says what
//! to ask, a thin shell that asks, and a pure function that takes the answers in; so every decision
//! can be tested without a catalogue, and equal answers give equal lists. Requests are counted
//! before they are sent ([`CallPlan`]), limits in time are those of the calls, and whatever has been
//! found when time is up is finished: the last steps ask nobody.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::cache::Cache;
use crate::config;
use crate::model::{Mood, MoodRequest, Recommendation, Status};
use crate::mood::{Analyst, Rules};
use crate::profile::Profiler;
use crate::recobeat::Catalogue;

/// What all runs share.
pub struct Parts {
    pub run: config::Run,
    pub moods: config::Moods,
    pub rules: Arc<Rules>,
    /// A second opinion on prompts.
    pub analyst: Option<Arc<dyn Analyst>>,
    pub cache: Arc<Cache>,
    pub profiler: Arc<Profiler>,
}

/// What one run starts from.
pub struct Input {
    pub session: Uuid,
    pub user: String,
    pub request: MoodRequest,
    /// Counts what it is asked; made for this run.
    pub catalogue: Arc<dyn Catalogue>,
    /// The last resort for tracks.
    pub held: Arc<dyn HeldMoods>,
    pub progress: Arc<dyn Progress>,
}

/// Hears where a run stands. The order of the statuses never falls; ends are not told.
#[async_trait]
pub trait Progress: Send + Sync {
    /// `step` is free text, for example `generating_recommendations_artists_3_6`.
    async fn at(&self, status: Status, step: &str);
    /// The mood analysis as the API shows it; once.
    async fn mood(&self, analysis: &Value);
}

/// Lists of popular moods that are held.
#[async_trait]
pub trait HeldMoods: Send + Sync {
    /// The held list whose mood is nearest in target space; empty if none is held.
    async fn nearest(&self, mood: &Mood) -> Vec<Recommendation>;
}

/// Nothing is held.
pub struct NothingHeld;

#[async_trait]
impl HeldMoods for NothingHeld {
    async fn nearest(&self, _mood: &Mood) -> Vec<Recommendation> {
        Vec::new()
    }
}

/// A list, with at least one track.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    pub recommendations: Vec<Recommendation>,
    pub mood_analysis: Value,
    /// Without `calls`, which the maker of the catalogue knows.
    pub metadata: Value,
}

/// No track at all could be found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// Which calls failed, and how.
    pub reason: String,
    pub metadata: Value,
}

/// Makes lists.
pub struct Pipeline {
    parts: Parts,
}

impl Pipeline {
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Runs to the end; dropping the future cancels the run, and nothing goes on.
    pub async fn run(&self, input: Input) -> Result<Finished, Failure> {
        let _ = (&self.parts.run, input);
        Err(Failure { reason: "no strategy has found a track".into(), metadata: Value::Null })
    }
}
