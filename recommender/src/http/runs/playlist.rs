use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_SESSION};
use crate::http::path::Session;
use crate::model::{Playlist, Recommendation, Status};

/// The list of a completed run.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PlaylistDocument {
    session_id: Uuid,
    mood_prompt: String,
    /// In order of position.
    tracks: Vec<Recommendation>,
    total_tracks: usize,
    mood_analysis: Value,
    /// Its name at least, and what a saver has added.
    #[schema(value_type = Object)]
    playlist: Value,
    created_at: DateTime<Utc>,
}

/// The list of a run
///
/// 400 while there is none.
#[utoipa::path(
    get,
    path = "/recommendations/{session_id}/playlist",
    operation_id = "run_playlist",
    tag = "runs",
    params(("session_id" = uuid::Uuid, Path)),
    responses(
        (status = OK, body = PlaylistDocument),
        (status = BAD_REQUEST, description = "There is no list yet", body = super::super::error::Detail),
    ),
    security(("user" = [])),
)]
pub(in crate::http) async fn playlist(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
) -> Result<Json<PlaylistDocument>, ApiError> {
    let row = app.runs.playlist(&user, session).await.map_err(|error| ApiError::run(error, NO_SESSION))?;
    if row.status != Status::Completed {
        return Err(ApiError::NotReady(format!("the run is {}; there is no list", row.status.name())));
    }
    let playlist = described(&row);
    Ok(Json(PlaylistDocument {
        session_id: row.session_id,
        mood_prompt: row.mood_prompt,
        total_tracks: row.recommendations_data.len(),
        tracks: row.recommendations_data,
        mood_analysis: row.mood_analysis_data,
        playlist,
        created_at: row.created_at,
    }))
}

/// What was kept of the list, with a name in any case: "Calm and relaxing – 2026-01-02".
fn described(row: &Playlist) -> Value {
    let mut kept = row.playlist_data.as_object().cloned().unwrap_or_default();
    if !kept.get("name").is_some_and(Value::is_string) {
        let mut letters = row.mood_prompt.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        let name = format!("{first}{} – {}", letters.as_str(), row.created_at.format("%Y-%m-%d"));
        kept.insert("name".to_owned(), json!(name));
    }
    Value::Object(kept)
}
