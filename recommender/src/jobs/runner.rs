//! What makes a playlist: the pipeline, or a script in tests.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::model::MoodRequest;
use crate::store::Finished;

/// What is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub session: Uuid,
    /// None: for everybody, as popular moods are.
    pub user: Option<String>,
    pub request: MoodRequest,
}

/// A run that brought no list.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct RunFailure {
    pub reason: String,
    pub metadata: Value,
}

/// Told of each step of a run. Never fails and never blocks the run for long.
#[derive(Debug, Clone)]
pub struct Steps;

/// Makes the list of a job. Dropping the future cancels it.
#[async_trait]
pub trait Runner: Send + Sync {
    async fn run(&self, job: Job, steps: Steps) -> Result<Finished, RunFailure>;
}
