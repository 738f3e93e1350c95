use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::body::Body;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_PLAYLIST};
use crate::http::owned;
use crate::http::path::Session;
use crate::jobs::Edit;
use crate::model::{Features, Status, Track, TrackId};
use crate::recobeat::CallError;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum EditType {
    Reorder,
    Remove,
    Add,
}

/// One change of a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EditBody {
    edit_type: EditType,
    /// A Spotify id or a UUID; of a track of the list, or of the one to add.
    track_id: Option<String>,
    /// From 0; needed to reorder, else the end.
    new_position: Option<usize>,
    /// To add: `spotify:track:…`.
    track_uri: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct EditDocument {
    session_id: Uuid,
    status: Status,
    edit_type: EditType,
    /// Tracks in the list now.
    recommendation_count: usize,
    message: &'static str,
}

/// Change a list by hand
///
/// One change at a time; the list of a completed run only.
#[utoipa::path(
    post,
    path = "/playlists/{session_id}/edit",
    operation_id = "edit_playlist",
    tag = "playlists",
    params(("session_id" = uuid::Uuid, Path)),
    request_body = EditBody,
    responses(
        (status = OK, body = EditDocument),
        (status = CONFLICT, description = "The run is not completed", body = super::super::error::Detail),
    ),
    security(("user" = [])),
)]
pub(in crate::http) async fn edit(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
    body: Body,
) -> Result<Json<EditDocument>, ApiError> {
    let body: EditBody = body.read()?;
    let edit_type = body.edit_type;
    // Before anything is asked for it.
    owned(app.store.by_session(session).await, &user, NO_PLAYLIST)?;
    let edit = match edit_type {
        EditType::Reorder => {
            let new_position =
                body.new_position.ok_or_else(|| ApiError::field("new_position", "is needed to reorder"))?;
            Edit::Reorder { track_id: named(body.track_id)?, new_position }
        }
        EditType::Remove => Edit::Remove { track_id: named(body.track_id)? },
        EditType::Add => {
            let (field, id) = wanted(&body)?;
            let (track, features) = found(&app, field, &id).await?;
            Edit::add(track, &features, body.new_position)
        }
    };
    let row = app.runs.edit(&user, session, edit).await.map_err(|error| ApiError::run(error, NO_PLAYLIST))?;
    Ok(Json(EditDocument {
        session_id: row.session_id,
        status: row.status,
        edit_type,
        recommendation_count: row.recommendations_data.len(),
        message: match edit_type {
            EditType::Reorder => "the track was moved",
            EditType::Remove => "the track was removed",
            EditType::Add => "the track was added",
        },
    }))
}

fn named(track_id: Option<String>) -> Result<TrackId, ApiError> {
    let id = track_id.ok_or_else(|| ApiError::field("track_id", "is needed"))?;
    id.parse().map_err(|error| ApiError::field("track_id", format!("{error}")))
}

/// The track to add, and the field that names it.
fn wanted(body: &EditBody) -> Result<(&'static str, TrackId), ApiError> {
    let (field, text) = match (&body.track_uri, &body.track_id) {
        (Some(uri), None) => ("track_uri", uri.strip_prefix("spotify:track:").unwrap_or(uri)),
        (None, Some(id)) => ("track_id", id.as_str()),
        (Some(_), Some(_)) => return Err(ApiError::field("track_uri", "not together with track_id")),
        (None, None) => return Err(ApiError::field("track_uri", "one of track_uri and track_id is needed")),
    };
    let id = text.parse().map_err(|error| ApiError::field(field, format!("{error}")))?;
    Ok((field, id))
}

/// The track as RecoBeat knows it, and what it knows of its features.
async fn found(app: &App, field: &str, id: &TrackId) -> Result<(Track, Features), ApiError> {
    let ids = std::slice::from_ref(id);
    let away = |error: CallError| ApiError::Proxy(error.to_string());
    let track = app.catalogue.tracks(ids).await.map_err(away)?.into_iter().next();
    let track = track.ok_or_else(|| ApiError::field(field, "RecoBeat does not know this track"))?;
    let row = app.catalogue.features(ids).await.unwrap_or_default().into_iter().next();
    Ok((track, row.map_or_else(Features::default, |row| row.features)))
}
