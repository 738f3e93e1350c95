use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_SESSION};
use crate::http::path::Session;
use crate::http::shown;
use crate::model::{Outcome, Playlist};

/// The results of a run
///
/// Of one that has ended, however it ended; 409 before.
#[utoipa::path(
    get,
    path = "/recommendations/{session_id}/results",
    operation_id = "run_results",
    tag = "runs",
    params(("session_id" = uuid::Uuid, Path)),
    responses(
        (status = OK, body = Outcome),
        (status = CONFLICT, description = "It is still under way", body = super::super::error::Detail),
    ),
    security(("user" = [])),
)]
pub(in crate::http) async fn results(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
) -> Result<Json<Outcome>, ApiError> {
    let row = app.runs.playlist(&user, session).await.map_err(|error| ApiError::run(error, NO_SESSION))?;
    if !row.status.is_end() {
        return Err(ApiError::Conflict(format!("the run is {}, not ended yet", row.status.name())));
    }
    Ok(Json(outcome(row)))
}

/// A row as results; why a run failed stands in its metadata.
pub(super) fn outcome(row: Playlist) -> Outcome {
    let row = shown(row);
    let mut metadata = row.metadata;
    if let (Some(error), Some(metadata)) = (row.error_message, metadata.as_object_mut()) {
        metadata.insert("error".to_owned(), json!(error));
    }
    Outcome {
        session_id: row.session_id,
        status: row.status,
        mood_prompt: row.mood_prompt,
        mood_analysis: row.mood_analysis_data,
        recommendations: row.recommendations_data,
        playlist: Some(row.playlist_data)
            .filter(|data| data.as_object().is_some_and(|data| !data.is_empty())),
        metadata: if metadata.is_null() { Value::Object(serde_json::Map::new()) } else { metadata },
        created_at: row.created_at,
        completed_at: row.completed_at,
    }
}
