//! Whether the process runs, and whether it can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::join;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

/// For the database to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// For the proxy, which only adds a word.
const PROXY_PATIENCE: Duration = Duration::from_millis(300);
/// How long an answer holds: everybody may ask, and asking must not load the database.
const HELD: Duration = Duration::from_secs(1);

/// The last answer. Who asks while it is being made waits for it.
pub(super) type Readiness = Mutex<Option<(Instant, Ready)>>;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready))
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[schema(example = "healthy")]
    status: &'static str,
}

/// The process runs
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "health", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "healthy" })
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready` or `unready`.
    status: &'static str,
    /// `up`, `away`, or `memory`, which forgets with the process.
    database: &'static str,
    proxy: ProxyState,
}

/// Never decides whether this service is ready: held moods and kept playlists are served without it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ProxyState {
    reachable: bool,
    /// Whether it reaches `RecoBeat`; null when it does not know.
    upstream_reachable: Option<bool>,
}

/// Requests can be served
///
/// An answer holds for a second.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "health",
    responses(
        (status = OK, body = Ready),
        (status = SERVICE_UNAVAILABLE, description = "The database does not answer", body = Ready),
    ),
)]
async fn ready(State(app): State<App>) -> Response {
    let mut held = app.readiness().lock().await;
    let ready = match &*held {
        Some((at, ready)) if at.elapsed() < HELD => ready.clone(),
        _ => {
            let ready = looked(&app).await;
            *held = Some((Instant::now(), ready.clone()));
            ready
        }
    };
    let code = if ready.status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(ready)).into_response()
}

async fn looked(app: &App) -> Ready {
    let (database, proxy) = join!(database(app), timeout(PROXY_PATIENCE, app.proxy.ready()));
    let (status, database) = match database {
        Ok(()) if app.store.engine() == "memory" => ("ready", "memory"),
        Ok(()) => ("ready", "up"),
        Err(()) => ("unready", "away"),
    };
    let proxy = proxy.ok().and_then(Result::ok);
    let reachable = proxy.is_some();
    // Its other fields are for operators.
    let upstream_reachable = proxy.and_then(|told| told.upstream.reachable);
    Ready { status, database, proxy: ProxyState { reachable, upstream_reachable } }
}

pub(super) async fn database(app: &App) -> Result<(), ()> {
    match timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            Err(())
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            Err(())
        }
    }
}
