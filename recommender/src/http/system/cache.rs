use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use tokio::join;
use utoipa::ToSchema;

use super::registry::IdRegistry;
use super::status::{Switches, up_or_not};
use crate::cache::CacheStats;
use crate::http::App;
use crate::http::caller::Operator;
use crate::jobs::Coverage;

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct CacheDocument {
    /// Of this service.
    cache: CacheStats,
    /// Of the proxy; null when it does not answer.
    id_registry: Option<IdRegistry>,
    popular_moods: Coverage,
    features: Switches,
    /// What the proxy tells of its caches.
    #[schema(value_type = Object)]
    proxy: Value,
}

/// Hits and misses
///
/// Of this service's caches, and of the proxy's through its listener for operators.
#[utoipa::path(
    get,
    path = "/system/cache/stats",
    operation_id = "cache_stats",
    tag = "system",
    responses((status = OK, body = CacheDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn stats(State(app): State<App>, _: Operator) -> Json<CacheDocument> {
    let (cache, coverage, told, proxy) =
        join!(app.cache.stats(), app.moods.coverage(), app.proxy.registry(), app.proxy.stats());
    Json(CacheDocument {
        cache,
        id_registry: told.ok().map(Into::into),
        popular_moods: coverage,
        features: Switches::of(&app),
        proxy: up_or_not(proxy),
    })
}
