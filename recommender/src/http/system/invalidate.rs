use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::cache::Category;
use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::Operator;
use crate::http::error::ApiError;

/// Categories of the proxy, which keeps what RecoBeat told.
const OF_PROXY: [&str; 10] = [
    "track",
    "features",
    "artist",
    "album",
    "mapping",
    "missing",
    "denied",
    "recommendation",
    "search",
    "page",
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct InvalidateParams {
    /// Of this service or of the proxy; else everything in both.
    category: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct InvalidatedDocument {
    /// `invalidated`, or `partial` when the proxy did not answer.
    status: &'static str,
    /// `all` without a choice.
    category: String,
    /// Entries of this service that are gone.
    removed: u64,
    /// What the proxy made stale; null when it was not asked.
    #[schema(value_type = Option<Object>)]
    proxy: Option<Value>,
    /// Why the proxy made nothing stale.
    proxy_error: Option<String>,
}

/// Forget
///
/// This service's entries are removed; the proxy's are made stale, so that they still help when
/// the upstream is down.
#[utoipa::path(
    post,
    path = "/system/cache/invalidate",
    operation_id = "invalidate_cache",
    tag = "system",
    params(InvalidateParams),
    responses((status = OK, body = InvalidatedDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn invalidate(
    State(app): State<App>,
    _: Operator,
    Params(InvalidateParams { category }): Params<InvalidateParams>,
) -> Result<Json<InvalidatedDocument>, ApiError> {
    let (own, proxys) = match category.as_deref() {
        None => (Some(None), Some(None)),
        Some(name) => match (Category::named(name), OF_PROXY.into_iter().find(|known| *known == name)) {
            (Some(own), _) => (Some(Some(own)), None),
            (None, Some(proxys)) => (None, Some(Some(proxys))),
            (None, None) => return Err(ApiError::field("category", unknown())),
        },
    };
    let removed = match own {
        Some(own) => app.cache.clear(own).await,
        None => 0,
    };
    let (proxy, proxy_error) = match proxys {
        None => (None, None),
        Some(proxys) => match app.proxy.purge(proxys).await {
            Ok(purged) => (Some(purged), None),
            Err(reason) if own.is_none() => return Err(ApiError::Proxy(reason)),
            Err(reason) => (None, Some(reason)),
        },
    };
    Ok(Json(InvalidatedDocument {
        status: if proxy_error.is_some() { "partial" } else { "invalidated" },
        category: category.unwrap_or_else(|| "all".to_owned()),
        removed,
        proxy,
        proxy_error,
    }))
}

fn unknown() -> String {
    let own = Category::ALL.map(Category::name).join(", ");
    format!("no such category; of this service: {own}; of the proxy: {}", OF_PROXY.join(", "))
}
