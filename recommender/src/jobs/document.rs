//! Where a run stands, as callers see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{Playlist, Recommendation, Status};

/// A run on its way, or ended.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StatusDocument {
    pub session_id: Uuid,
    pub status: Status,
    /// Free text, for example `generating_recommendations_artists_3_6`.
    pub current_step: Option<String>,
    pub mood_prompt: String,
    /// `{}` until the mood has been analysed.
    pub mood_analysis: Value,
    pub recommendations: Vec<Recommendation>,
    pub recommendation_count: usize,
    /// 0 until seeds have been gathered.
    pub seed_track_count: u64,
    /// Given with the request.
    pub user_top_tracks_count: usize,
    /// Given with the request.
    pub user_top_artists_count: usize,
    /// The list has been saved elsewhere, or has a name.
    pub has_playlist: bool,
    pub awaiting_input: bool,
    /// Why the run failed or was cancelled.
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Tracks that the list was built around.
    #[schema(value_type = Vec<Object>)]
    pub anchor_tracks: Vec<Value>,
    pub metadata: StatusMetadata,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StatusMetadata {
    /// Improvement rounds so far.
    pub iteration: Option<u64>,
    /// 0 to 1.
    pub cohesion_score: Option<f64>,
}

/// A run under way in this process, or waiting for its turn.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActiveRun {
    pub session_id: Uuid,
    pub user_id: String,
    pub mood_prompt: String,
    pub status: Status,
    pub current_step: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Runs of this process since its start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Counters {
    pub total: u64,
    pub active: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Completed of those that ended by themselves, 0 to 1; none before the first.
    pub success_rate: Option<f64>,
    /// Of completed runs, in seconds, without their time in the queue.
    pub mean_seconds: Option<f64>,
}

impl StatusDocument {
    /// From the row; what a run under way knows better is laid over it.
    pub fn of(_row: &Playlist) -> Self {
        todo!()
    }
}
