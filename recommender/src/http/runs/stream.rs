use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::Listener;
use crate::http::error::{ApiError, NO_SESSION};
use crate::http::path::Session;
use crate::http::streams::Streams;
use crate::jobs;

/// Between two comments that keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Where a listener was.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StreamParams {
    /// Number of the last event seen; the header `Last-Event-ID` says the same.
    last_event_id: Option<u64>,
    /// The bearer token, for browsers' `EventSource`, which sends no headers.
    #[allow(dead_code, reason = "read by the caller's extractor; named here for the document")]
    access_token: Option<String>,
}

/// Follow a run
///
/// Server-sent events: `status` for each step, then `complete` or `error`, which is the last.
/// Numbered from 1; a listener that comes back gets what it has missed. At most ten of a user at once.
#[utoipa::path(
    get,
    path = "/recommendations/{session_id}/stream",
    operation_id = "run_stream",
    tag = "runs",
    params(
        ("session_id" = uuid::Uuid, Path),
        ("last-event-id" = Option<u64>, Header, description = "Number of the last event seen"),
        StreamParams,
    ),
    responses((status = OK, description = "Events", body = String, content_type = "text/event-stream")),
    security(("user" = [])),
)]
pub(in crate::http) async fn stream(
    State(app): State<App>,
    Listener(user): Listener,
    Session(session): Session,
    Params(params): Params<StreamParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
    let place = app.streams().enter(&user).ok_or(ApiError::Streams(Streams::OF_ONE_USER))?;
    let events = app.runs.events(&user, session, seen.or(params.last_event_id)).await;
    let events = events.map_err(|error| ApiError::run(error, NO_SESSION))?;
    let stopping = app.stopping.clone();
    let events = events.take_until(async move { stopping.cancelled().await }).map(move |event| {
        // The stream holds its place until it is dropped.
        let _ = &place;
        Ok::<_, Infallible>(written(&event))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT).text("still here");
    // Proxies of the nginx kind would hold the events back.
    Ok(([("x-accel-buffering", "no")], Sse::new(events).keep_alive(heartbeat)).into_response())
}

fn written(event: &jobs::Event) -> Event {
    // JSON has no bare line ends, so the text is one line.
    Event::default().id(event.id.to_string()).event(event.kind.name()).data(event.data.to_string())
}
