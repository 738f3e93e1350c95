//! Whether the process runs, and whether it can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::join;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

/// For the database to answer.
const PATIENCE: Duration = Duration::from_secs(2);

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

#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// `ready` or `unready`.
    status: &'static str,
    /// `up` or `away`.
    database: &'static str,
    proxy: ProxyState,
}

/// Never decides whether this service is ready: held moods and kept playlists are served without it.
#[derive(Debug, Serialize, ToSchema)]
struct ProxyState {
    reachable: bool,
    /// Whether it reaches `RecoBeat`; null when it does not know.
    upstream_reachable: Option<bool>,
}

/// Requests can be served
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
    let (database, proxy) = join!(database(&app), app.proxy.ready());
    let (code, status, database) = match database {
        Ok(()) => (StatusCode::OK, "ready", "up"),
        Err(()) => (StatusCode::SERVICE_UNAVAILABLE, "unready", "away"),
    };
    let reachable = proxy.is_ok();
    // Its other fields are for operators.
    let upstream_reachable = proxy.ok().and_then(|told| told.upstream.reachable);
    let proxy = ProxyState { reachable, upstream_reachable };
    (code, Json(Ready { status, database, proxy })).into_response()
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
