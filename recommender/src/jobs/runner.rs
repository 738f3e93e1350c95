//! What makes a playlist: the pipeline, or a script in tests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{MoodRequest, Status};
use crate::pipeline::{Failure, Finished, Progress};

/// What is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub session: Uuid,
    pub user: String,
    pub request: MoodRequest,
    /// Nobody waits for it.
    pub warming: bool,
}

impl Job {
    /// In place of the `usual` deadline of a run: the lane of a warming may have to wait long for a pause
    /// of all others.
    pub(super) fn deadline(&self, usual: Duration) -> Duration {
        if self.warming { usual * 3 } else { usual }
    }
}

/// Makes the list of a job. Dropping the future cancels it.
#[async_trait]
pub trait Runner: Send + Sync {
    async fn run(&self, job: Job, progress: Arc<dyn Progress>) -> Result<Finished, Failure>;
}

/// For runs that nobody watches.
pub(super) struct Unwatched;

#[async_trait]
impl Progress for Unwatched {
    async fn at(&self, _: Status, _: &str) {}
    async fn mood(&self, _: &Value) {}
}
