//! `/history`: the last 15 minutes, hour or day as columns, for plots.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;

use super::wrong::{Query, Wrong};
use crate::clock::{Clock, Timestamp};
use crate::engine::Engine;
use crate::telemetry::{Frame, History, Window};

/// Samples the engine from now on, until the router is dropped.
pub(super) fn router<S: Clone + Send + Sync + 'static>(engine: &Arc<Engine>) -> Router<S> {
    let watched = Arc::downgrade(engine);
    let read = move |now| watched.upgrade().map(|engine| frame(now, &engine));
    // Not the store's time: that follows the server which replicas share, and jumps with it.
    let first = frame(Clock::System.now(), engine);
    let history = History::keep(first, read, &Handle::current());
    Router::new().route("/history", get(columns)).with_state(history)
}

fn frame(now: Timestamp, engine: &Engine) -> Frame {
    Frame::of(now, engine.metrics(), &engine.gauges())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    window: Option<String>,
}

async fn columns(
    State(history): State<Arc<History>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Wrong> {
    let name = asked.window.as_deref().unwrap_or(Window::Quarter.name());
    let window = Window::named(name).ok_or_else(|| {
        let names = Window::ALL.map(Window::name).join(", ");
        Wrong::new(format!("window={name:?}: the windows are {names}"))
    })?;
    Ok(Json(history.columns(window)))
}
