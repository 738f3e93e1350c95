use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_PLAYLIST};
use crate::model::{PublicStats, UserStats};

/// Of one user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SummaryDocument {
    #[serde(flatten)]
    stats: UserStats,
    user_id: String,
}

/// The caller's figures
///
/// Kept for 5 minutes, forgotten when a list of theirs changes.
#[utoipa::path(
    get,
    path = "/playlists/stats/summary",
    operation_id = "user_stats",
    tag = "playlists",
    responses((status = OK, body = SummaryDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn summary(
    State(app): State<App>,
    User(user): User,
) -> Result<Json<SummaryDocument>, ApiError> {
    let stats = app.runs.statistics().user(&user).await;
    let stats = stats.map_err(|error| ApiError::store(error, NO_PLAYLIST))?;
    Ok(Json(SummaryDocument { stats, user_id: user }))
}

/// Everybody's figures
#[utoipa::path(
    get,
    path = "/stats/public",
    operation_id = "public_stats",
    tag = "playlists",
    responses((status = OK, body = PublicStats)),
)]
pub(in crate::http) async fn public(State(app): State<App>) -> Result<Json<PublicStats>, ApiError> {
    let stats = app.runs.statistics().public().await;
    stats.map(Json).map_err(|error| ApiError::store(error, NO_PLAYLIST))
}
