//! Where runs stand, as callers and operators see them.

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
    /// The list has been saved on Spotify.
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

impl StatusDocument {
    pub fn of(row: Playlist) -> Self {
        let given = |field: &str| row.request[field].as_array().map_or(0, Vec::len);
        let noted = |field: &str| &row.metadata[field];
        Self {
            session_id: row.session_id,
            status: row.status,
            recommendation_count: row.recommendations_data.len(),
            seed_track_count: noted("seed_track_count").as_u64().unwrap_or(0),
            user_top_tracks_count: given("top_tracks"),
            user_top_artists_count: given("top_artists"),
            has_playlist: row.spotify_playlist_id.is_some(),
            awaiting_input: row.status == Status::AwaitingUserInput,
            anchor_tracks: noted("anchor_tracks").as_array().cloned().unwrap_or_default(),
            metadata: StatusMetadata {
                iteration: noted("iteration").as_u64(),
                cohesion_score: noted("cohesion_score").as_f64(),
            },
            current_step: row.current_step,
            mood_prompt: row.mood_prompt,
            mood_analysis: row.mood_analysis_data,
            recommendations: row.recommendations_data,
            error: row.error_message,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
