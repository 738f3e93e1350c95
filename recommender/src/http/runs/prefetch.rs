use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::body::Body;
use crate::http::caller::User;
use crate::http::error::ApiError;
use crate::limits::Class;
use crate::model::{ArtistBody, StartBody, TrackBody};

/// What the caller's next run will be about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(in crate::http) struct PrefetchBody {
    /// 20 are used.
    #[schema(max_items = 100)]
    top_tracks: Vec<TrackBody>,
    /// 15 are used.
    #[schema(max_items = 100)]
    top_artists: Vec<ArtistBody>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct PrefetchDocument {
    /// `prefetch_started`, or `prefetch_failed` when there was nothing to begin.
    status: &'static str,
    message: &'static str,
    user_id: String,
}

/// Read ahead for the next run
///
/// In the background and at the lowest priority; best effort.
#[utoipa::path(
    post,
    path = "/recommendations/prefetch-cache",
    operation_id = "prefetch",
    tag = "runs",
    request_body = PrefetchBody,
    responses((status = OK, body = PrefetchDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn prefetch(
    State(app): State<App>,
    User(user): User,
    body: Body,
) -> Result<Json<PrefetchDocument>, ApiError> {
    app.limiter.admit(Class::Prefetch, &user).await?;
    let PrefetchBody { top_tracks, top_artists } = body.read()?;
    // The same checks as for a run; the prompt is a stand-in.
    let start = StartBody {
        mood_prompt: Some("prefetch".to_owned()),
        top_tracks,
        top_artists,
        ..StartBody::default()
    };
    let request = start.check()?;
    let (status, message) = if request.top_tracks.is_empty() && request.top_artists.is_empty() {
        ("prefetch_failed", "neither tracks nor artists were given")
    } else if app.prefetch.begin(&user, request.top_tracks, request.top_artists) {
        ("prefetch_started", "reading ahead in the background")
    } else {
        ("prefetch_failed", "another one of this user is under way")
    };
    Ok(Json(PrefetchDocument { status, message, user_id: user }))
}
