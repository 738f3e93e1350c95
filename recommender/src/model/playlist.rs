//! A playlist as it is kept: one row per run, from its start on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Recommendation, Status};

/// The whole row.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Playlist {
    pub id: i64,
    #[serde(skip)]
    pub user_id: String,
    pub session_id: Uuid,
    pub mood_prompt: String,
    pub status: Status,
    /// Free text, for example `generating_recommendations_artists_3_6`.
    pub current_step: Option<String>,
    pub error_message: Option<String>,
    /// `name`, `spotify_url`, `spotify_uri`, … where known; never null.
    pub playlist_data: Value,
    pub recommendations_data: Vec<Recommendation>,
    /// `{}` until the mood has been analysed.
    pub mood_analysis_data: Value,
    /// Timings, counts, reasons; `{}` until there are any.
    pub metadata: Value,
    /// The request as it was accepted, to resume it.
    #[serde(skip)]
    pub request: Value,
    pub track_count: i32,
    pub duration_ms: i64,
    pub spotify_playlist_id: Option<String>,
    /// Of the mood, where its analysis names them; so are the next two.
    pub color_primary: Option<String>,
    pub color_secondary: Option<String>,
    pub color_tertiary: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Set once, with the end of the run.
    pub completed_at: Option<DateTime<Utc>>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaylistSummary {
    pub id: i64,
    pub session_id: Uuid,
    pub mood_prompt: String,
    pub status: Status,
    pub track_count: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub name: Option<String>,
    pub spotify_url: Option<String>,
    pub spotify_uri: Option<String>,
    pub spotify_playlist_id: Option<String>,
    pub mood_analysis_data: Value,
    pub color_primary: Option<String>,
    pub color_secondary: Option<String>,
    pub color_tertiary: Option<String>,
}

/// Of one user's playlists that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserStats {
    pub total_playlists: i64,
    pub saved_playlists: i64,
    pub completed_playlists: i64,
    pub total_tracks: i64,
}

/// Of all playlists that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicStats {
    pub total_users: i64,
    pub total_playlists: i64,
    pub completed_playlists: i64,
}
