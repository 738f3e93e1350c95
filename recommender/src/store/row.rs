//! Rows as both engines return them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use crate::model::{Playlist, PlaylistSummary, Recommendation, Status};

/// What [`Whole`] reads.
pub(super) const WHOLE: &str = "id, user_id, session_id, mood_prompt, status, current_step, error_message, \
     playlist_data, recommendations_data, mood_analysis_data, metadata, request, track_count, duration_ms, \
     spotify_playlist_id, color_primary, color_secondary, color_tertiary, created_at, updated_at, \
     completed_at";

#[derive(FromRow)]
pub(super) struct Whole {
    id: i64,
    user_id: String,
    session_id: Uuid,
    mood_prompt: String,
    status: String,
    current_step: Option<String>,
    error_message: Option<String>,
    playlist_data: Json<Value>,
    recommendations_data: Json<Vec<Recommendation>>,
    mood_analysis_data: Json<Value>,
    metadata: Json<Value>,
    request: Json<Value>,
    track_count: i32,
    duration_ms: i64,
    spotify_playlist_id: Option<String>,
    color_primary: Option<String>,
    color_secondary: Option<String>,
    color_tertiary: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

impl TryFrom<Whole> for Playlist {
    type Error = StoreError;

    fn try_from(row: Whole) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            user_id: row.user_id,
            session_id: row.session_id,
            mood_prompt: row.mood_prompt,
            status: status(&row.status)?,
            current_step: row.current_step,
            error_message: row.error_message,
            playlist_data: row.playlist_data.0,
            recommendations_data: row.recommendations_data.0,
            mood_analysis_data: row.mood_analysis_data.0,
            metadata: row.metadata.0,
            request: row.request.0,
            track_count: row.track_count,
            duration_ms: row.duration_ms,
            spotify_playlist_id: row.spotify_playlist_id,
            color_primary: row.color_primary,
            color_secondary: row.color_secondary,
            color_tertiary: row.color_tertiary,
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
        })
    }
}

#[derive(FromRow)]
pub(super) struct Summary {
    id: i64,
    session_id: Uuid,
    mood_prompt: String,
    status: String,
    track_count: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    name: Option<String>,
    spotify_url: Option<String>,
    spotify_uri: Option<String>,
    spotify_playlist_id: Option<String>,
    mood_analysis_data: Json<Value>,
    color_primary: Option<String>,
    color_secondary: Option<String>,
    color_tertiary: Option<String>,
}

impl TryFrom<Summary> for PlaylistSummary {
    type Error = StoreError;

    fn try_from(row: Summary) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            session_id: row.session_id,
            mood_prompt: row.mood_prompt,
            status: status(&row.status)?,
            track_count: row.track_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
            name: row.name,
            spotify_url: row.spotify_url,
            spotify_uri: row.spotify_uri,
            spotify_playlist_id: row.spotify_playlist_id,
            mood_analysis_data: row.mood_analysis_data.0,
            color_primary: row.color_primary,
            color_secondary: row.color_secondary,
            color_tertiary: row.color_tertiary,
        })
    }
}

pub(super) fn status(name: &str) -> Result<Status, StoreError> {
    Status::named(name).ok_or_else(|| StoreError::Row(format!("unknown status {name:?}")))
}

pub(super) fn all<R, T>(rows: Vec<R>) -> Result<Vec<T>, StoreError>
where
    T: TryFrom<R, Error = StoreError>,
{
    rows.into_iter().map(T::try_from).collect()
}
