//! The HTTP interface.
//!
//! One table of handlers under `/api/agents` and `/api`; the same handlers answer under the short
//! paths that older clients know. Who may call what is in each handler's arguments, what it answers
//! in its types, and the document is made from both.

#![allow(unused_qualifications, reason = "the macros of utoipa write their paths out")]

mod app;
mod body;
mod caller;
mod desk;
mod error;
mod health;
mod layers;
mod metrics;
mod openapi;
mod page;
mod path;
mod playlists;
mod runs;
mod streams;
mod system;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

pub use app::{App, Parts};
pub use desk::ProxyDesk;

use crate::model::Playlist;
use crate::store::StoreError;
use error::ApiError;

const AGENTS: &str = "/api/agents";
const EVENTS: &str = "/recommendations/{session_id}/events";
const STREAM: &str = "/recommendations/{session_id}/stream";

/// All routes.
pub fn router(app: App) -> Router {
    let (router, document) = documented();
    let cors = layers::cors(&app.config.cors);
    let profiler = app.profiler.clone();
    let router = router
        .merge(openapi::router(&document))
        .merge(page::router())
        .route(metrics::ROUTE, get(metrics::metrics))
        .fallback(async || ApiError::Absent("no such path"))
        .method_not_allowed_fallback(async || ApiError::Method)
        .with_state(app);
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.layer(from_fn_with_state(profiler, layers::observed))
}

/// The document of the interface, as it is served.
pub fn document() -> String {
    openapi::written(&documented().1)
}

/// The handlers and what is told of them.
fn documented() -> (Router<App>, utoipa::openapi::OpenApi) {
    let agents = || OpenApiRouter::new().merge(runs::router()).merge(system::router());
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::head())
        .nest(AGENTS, agents())
        .nest("/api", playlists::router())
        .merge(health::router())
        .split_for_parts();
    let (short, shortly) = agents().split_for_parts();
    let events = || Router::new().route(EVENTS, get(runs::stream));
    let router = router
        .merge(short)
        .merge(events())
        .nest(AGENTS, events())
        .route("/api/cache/stats", get(system::cache_stats));

    openapi::add_refusals(&mut document);
    let stream = format!("{AGENTS}{STREAM}");
    for path in shortly.paths.paths.keys() {
        openapi::alias(&mut document, path, &format!("{AGENTS}{path}"));
    }
    openapi::alias(&mut document, &format!("{AGENTS}{EVENTS}"), &stream);
    openapi::alias(&mut document, EVENTS, &stream);
    openapi::alias(&mut document, "/api/cache/stats", &format!("{AGENTS}/system/cache/stats"));
    (router, document)
}

/// The row as users see it: without what only the service needs to know of its runs.
fn shown(mut row: Playlist) -> Playlist {
    if let Some(metadata) = row.metadata.as_object_mut() {
        metadata.retain(|name, _| !matches!(name.as_str(), "owner" | "fresh"));
    }
    row
}

/// The row, if it is the caller's; another's is as absent as none.
fn owned(row: Result<Playlist, StoreError>, user: &str, absent: &'static str) -> Result<Playlist, ApiError> {
    match row {
        Ok(row) if row.user_id == user => Ok(row),
        Ok(_) => Err(ApiError::Absent(absent)),
        Err(error) => Err(ApiError::store(error, absent)),
    }
}
