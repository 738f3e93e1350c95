use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::{Anyone, User};
use crate::http::error::{ApiError, NO_PLAYLIST, TooMany};
use crate::model::{PublicStats, UserStats};

/// Of one user.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SummaryDocument {
    #[serde(flatten)]
    stats: UserStats,
    /// The most frequent first, at most five.
    favourite_emotions: Vec<FavouriteEmotion>,
    user_id: String,
}

/// A primary emotion of the caller's moods.
#[derive(Debug, Serialize, ToSchema)]
struct FavouriteEmotion {
    emotion: String,
    /// Playlists.
    count: i64,
}

/// The caller's figures
///
/// Counts are kept for 5 minutes, forgotten when a list of theirs changes.
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
    let failed = |error| ApiError::store(error, NO_PLAYLIST);
    let stats = app.runs.statistics().user(&user).await.map_err(failed)?;
    let emotions = app.store.frequent_emotions(&user).await.map_err(failed)?.into_iter();
    let favourite_emotions = emotions.map(|(emotion, count)| FavouriteEmotion { emotion, count }).collect();
    Ok(Json(SummaryDocument { stats, favourite_emotions, user_id: user }))
}

/// Everybody's figures
#[utoipa::path(
    get,
    path = "/stats/public",
    operation_id = "public_stats",
    tag = "playlists",
    responses(
        (status = OK, body = PublicStats),
        (status = TOO_MANY_REQUESTS, description = "Too many requests", body = TooMany),
    ),
)]
pub(in crate::http) async fn public(
    State(app): State<App>,
    _: Anyone,
) -> Result<Json<PublicStats>, ApiError> {
    let stats = app.runs.statistics().public().await;
    stats.map(Json).map_err(|error| ApiError::store(error, NO_PLAYLIST))
}
