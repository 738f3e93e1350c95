use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::Operator;
use crate::http::error::{ApiError, NO_SESSION};
use crate::jobs::ActiveRun;
use crate::model::{Playlist, Status};

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ActiveDocument {
    /// Of this process, oldest first.
    workflows: Vec<ActiveRun>,
    total_count: usize,
}

/// Runs under way
#[utoipa::path(
    get,
    path = "/workflows/active",
    operation_id = "active_runs",
    tag = "system",
    responses((status = OK, body = ActiveDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn active(State(app): State<App>, _: Operator) -> Json<ActiveDocument> {
    let workflows = app.runs.active();
    Json(ActiveDocument { total_count: workflows.len(), workflows })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct RecentParams {
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: u32,
}

const fn twenty() -> u32 {
    20
}

/// A run, without its tracks.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RecentRun {
    session_id: Uuid,
    user_id: String,
    mood_prompt: String,
    status: Status,
    current_step: Option<String>,
    error: Option<String>,
    track_count: i32,
    created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RecentDocument {
    /// Of everybody, newest first.
    workflows: Vec<RecentRun>,
    total_count: usize,
}

/// The last runs
#[utoipa::path(
    get,
    path = "/workflows/recent",
    operation_id = "recent_runs",
    tag = "system",
    params(RecentParams),
    responses((status = OK, body = RecentDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn recent(
    State(app): State<App>,
    _: Operator,
    Params(params): Params<RecentParams>,
) -> Result<Json<RecentDocument>, ApiError> {
    if !(1..=50).contains(&params.limit) {
        return Err(ApiError::field("limit", "must be 1 to 50"));
    }
    let rows = app.store.recent(params.limit).await.map_err(|error| ApiError::store(error, NO_SESSION))?;
    let workflows: Vec<_> = rows.into_iter().map(told).collect();
    Ok(Json(RecentDocument { total_count: workflows.len(), workflows }))
}

fn told(row: Playlist) -> RecentRun {
    RecentRun {
        session_id: row.session_id,
        user_id: row.user_id,
        mood_prompt: row.mood_prompt,
        status: row.status,
        current_step: row.current_step,
        error: row.error_message,
        track_count: row.track_count,
        created_at: row.created_at,
        completed_at: row.completed_at,
    }
}
