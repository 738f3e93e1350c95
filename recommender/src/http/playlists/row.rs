use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_PLAYLIST};
use crate::http::path::{PlaylistId, Session};
use crate::http::{owned, shown};
use crate::model::Playlist;

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeletedDocument {
    message: &'static str,
    playlist_id: i64,
}

/// One playlist
#[utoipa::path(
    get,
    path = "/playlists/{id}",
    operation_id = "playlist",
    tag = "playlists",
    params(("id" = i64, Path)),
    responses((status = OK, body = Playlist)),
    security(("user" = [])),
)]
pub(in crate::http) async fn by_id(
    State(app): State<App>,
    User(user): User,
    PlaylistId(id): PlaylistId,
) -> Result<Json<Playlist>, ApiError> {
    owned(app.store.by_id(id).await, &user, NO_PLAYLIST).map(shown).map(Json)
}

/// The playlist of a run
#[utoipa::path(
    get,
    path = "/playlists/session/{session_id}",
    operation_id = "playlist_of_run",
    tag = "playlists",
    params(("session_id" = uuid::Uuid, Path)),
    responses((status = OK, body = Playlist)),
    security(("user" = [])),
)]
pub(in crate::http) async fn by_session(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
) -> Result<Json<Playlist>, ApiError> {
    let row = app.runs.playlist(&user, session).await.map_err(|error| ApiError::run(error, NO_PLAYLIST))?;
    Ok(Json(shown(row)))
}

/// Delete a playlist
///
/// A run that is still under way is cancelled.
#[utoipa::path(
    delete,
    path = "/playlists/{id}",
    operation_id = "delete_playlist",
    tag = "playlists",
    params(("id" = i64, Path)),
    responses((status = OK, body = DeletedDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn delete(
    State(app): State<App>,
    User(user): User,
    PlaylistId(id): PlaylistId,
) -> Result<Json<DeletedDocument>, ApiError> {
    app.runs.delete(&user, id).await.map_err(|error| ApiError::run(error, NO_PLAYLIST))?;
    Ok(Json(DeletedDocument { message: "the playlist was deleted", playlist_id: id }))
}
