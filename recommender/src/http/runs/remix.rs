use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::start::{StartedDocument, kept, wants_fresh};
use crate::http::App;
use crate::http::body::Body;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_PLAYLIST, NO_SESSION};
use crate::http::owned;
use crate::jobs::Start;
use crate::limits::Class;
use crate::model::{StartBody, TrackBody};

/// Tracks of a list that are used.
const USED: usize = 30;

/// What to make another list of: an own playlist, or tracks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RemixBody {
    /// Of a completed one of the caller's.
    playlist_id: Option<i64>,
    /// Instead of a playlist.
    #[serde(default)]
    #[schema(max_items = 50)]
    remix_tracks: Vec<TrackBody>,
    /// Else that of the playlist.
    #[schema(min_length = 1, max_length = 500)]
    mood_prompt: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RemixDocument {
    #[serde(flatten)]
    started: StartedDocument,
    /// In the list that was given, of which 30 are used.
    source_tracks_count: usize,
}

/// Make another list of a list
///
/// Of a playlist that is kept, or of tracks.
#[utoipa::path(
    post,
    path = "/recommendations/remix",
    operation_id = "remix",
    tag = "runs",
    request_body = RemixBody,
    responses((status = OK, description = "It has begun", body = RemixDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn remix(
    State(app): State<App>,
    User(user): User,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    app.limiter.admit(Class::Remix, &user).await?;
    let body: RemixBody = body.read()?;
    let (start, source_tracks_count) = match (body.playlist_id, body.remix_tracks.is_empty()) {
        (Some(_), false) => return Err(ApiError::field("remix_tracks", "not together with playlist_id")),
        (None, true) => {
            return Err(ApiError::field("playlist_id", "one of playlist_id and remix_tracks is needed"));
        }
        (Some(id), true) => of_playlist(&app, &user, id, body.mood_prompt).await?,
        (None, false) => {
            let mood_prompt = body.mood_prompt.or_else(|| Some("more like this".to_owned()));
            let count = body.remix_tracks.len();
            (StartBody { mood_prompt, remix_tracks: body.remix_tracks, ..StartBody::default() }, count)
        }
    };
    let mut request = start.clone().check()?;
    request.fresh = wants_fresh(&headers);
    app.limiter.admit(Class::StartOfDay, &user).await?;
    let started = app.runs.start(Start { user, body: kept(&start)?, request }).await;
    let started = started.map_err(|error| ApiError::run(error, NO_SESSION))?;
    let document = RemixDocument { started: StartedDocument::new(started), source_tracks_count };
    Ok(Json(document).into_response())
}

async fn of_playlist(
    app: &App,
    user: &str,
    id: i64,
    mood_prompt: Option<String>,
) -> Result<(StartBody, usize), ApiError> {
    let tracks = app.runs.remix_tracks(user, id).await.map_err(|error| ApiError::run(error, NO_PLAYLIST))?;
    let mood_prompt = match mood_prompt {
        Some(prompt) => prompt,
        None => owned(app.store.by_id(id).await, user, NO_PLAYLIST)?.mood_prompt,
    };
    let count = tracks.len();
    let remix_tracks = tracks.into_iter().take(USED).map(|track| TrackBody::from(track).fitting()).collect();
    Ok((StartBody { mood_prompt: Some(mood_prompt), remix_tracks, ..StartBody::default() }, count))
}
