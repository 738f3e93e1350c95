//! Runs under way.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ActiveRun, Counters, Edit, Event, PopularMoods, Prefetch, Runner, Statistics, StatusDocument};
use crate::model::{MoodRequest, Playlist, Status, TopTrack};
use crate::profile::Profiler;
use crate::store::{Store, StoreError};

/// What runs need.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub runner: Arc<dyn Runner>,
    pub statistics: Statistics,
    pub profiler: Arc<Profiler>,
    pub moods: PopularMoods,
    pub prefetch: Option<Prefetch>,
    /// At once; more wait in order of arrival.
    pub concurrent: usize,
    /// Of one run, from its real start.
    pub deadline: Duration,
    /// How long the memory of finished runs is kept.
    pub keep_events: Duration,
}

/// A run that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub user: String,
    /// The body as it came, to resume the run from.
    pub body: Value,
    /// The body, checked.
    pub request: MoodRequest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Started {
    pub session_id: Uuid,
    /// `pending`, or `completed` when a popular mood was at hand.
    pub status: Status,
    pub mood_prompt: String,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Absent, or somebody else's.
    #[error("no such session")]
    Absent,
    /// It has ended otherwise.
    #[error("the run is already {}", .0.name())]
    Ended(Status),
    /// Only a completed run has a list to change.
    #[error("the run is {}, not completed", .0.name())]
    NotCompleted(Status),
    #[error("{0}")]
    Edit(String),
    #[error(transparent)]
    Store(StoreError),
}

/// All runs of this process. Cheap to clone.
#[derive(Clone)]
pub struct Runs;

impl Runs {
    pub fn new(_parts: Parts) -> Self {
        Self
    }

    /// Accepts a run; its row is kept when this returns.
    pub async fn start(&self, _start: Start) -> Result<Started, RunError> {
        todo!()
    }

    /// The row at its end, or as it is after `limit`.
    pub async fn wait(&self, _user: &str, _session: Uuid, _limit: Duration) -> Result<Playlist, RunError> {
        todo!()
    }

    pub async fn status(&self, _user: &str, _session: Uuid) -> Result<StatusDocument, RunError> {
        todo!()
    }

    /// All events after number `after`, then those to come, up to the last one.
    pub async fn events(
        &self,
        _user: &str,
        _session: Uuid,
        _after: Option<u64>,
    ) -> Result<BoxStream<'static, Event>, RunError> {
        todo!()
    }

    /// Ends a run as `cancelled`; one that is already cancelled stays so.
    pub async fn cancel(&self, _user: &str, _session: Uuid) -> Result<Playlist, RunError> {
        todo!()
    }

    /// Deletes a list; a run on its way ends as `cancelled`.
    pub async fn delete(&self, _user: &str, _id: i64) -> Result<Uuid, RunError> {
        todo!()
    }

    /// Changes a finished list; one change at a time per session.
    pub async fn edit(&self, _user: &str, _session: Uuid, _edit: Edit) -> Result<Playlist, RunError> {
        todo!()
    }

    /// The tracks of an own finished list, to make another one of.
    pub async fn remix_tracks(&self, _user: &str, _id: i64) -> Result<Vec<TopTrack>, RunError> {
        todo!()
    }

    /// Takes up runs that ended with their process; how many run again.
    pub async fn resume_all(&self) -> Result<usize, StoreError> {
        todo!()
    }

    /// Oldest first.
    pub fn active(&self) -> Vec<ActiveRun> {
        todo!()
    }

    pub fn counters(&self) -> Counters {
        todo!()
    }

    pub fn statistics(&self) -> &Statistics {
        todo!()
    }

    /// Starts no more runs, and waits until those under way have ended or `limit` has passed. What is
    /// left is taken up again by the next process.
    pub async fn drain(&self, _limit: Duration) {
        todo!()
    }
}
