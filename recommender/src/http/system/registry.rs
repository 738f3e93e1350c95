use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::Operator;
use crate::http::error::ApiError;
use crate::recobeat::RegistryStats;

/// What the proxy knows of ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IdRegistry {
    /// Ids known to be absent upstream, held in memory.
    missing: u64,
    /// Spotify ids whose UUID is known, held in memory.
    validated: u64,
    /// Rows by UUID, which lead back to their Spotify id.
    reverse: u64,
    /// Since the proxy started.
    lookups: u64,
    /// Of these, known to exist, or to be absent.
    hits: u64,
    /// Ids that were not asked upstream: known rows and known absences.
    calls_avoided: u64,
    /// Age of the oldest entry in seconds; null when there is none.
    oldest: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RegistryDocument {
    id_registry: IdRegistry,
    description: &'static str,
    ttls: Ttls,
}

#[derive(Debug, Serialize, ToSchema)]
struct Ttls {
    #[schema(example = "14.0 days")]
    missing_ids: String,
    #[schema(example = "180.0 days")]
    validated_ids: String,
}

/// What is known of ids
#[utoipa::path(
    get,
    path = "/system/id-registry/stats",
    operation_id = "id_registry_stats",
    tag = "system",
    responses(
        (status = OK, body = RegistryDocument),
        (status = BAD_GATEWAY, description = "The proxy does not tell", body = super::super::error::Detail),
    ),
    security(("operator" = [])),
)]
pub(in crate::http) async fn stats(
    State(app): State<App>,
    _: Operator,
) -> Result<Json<RegistryDocument>, ApiError> {
    let told = app.proxy.registry().await.map_err(ApiError::Proxy)?;
    let ttls = Ttls { missing_ids: days(told.missing_ttl), validated_ids: days(told.validated_ttl) };
    Ok(Json(RegistryDocument {
        id_registry: told.into(),
        description: "which Spotify ids RecoBeat knows and which it lacks, kept by the proxy for all its clients",
        ttls,
    }))
}

impl From<RegistryStats> for IdRegistry {
    fn from(told: RegistryStats) -> Self {
        Self {
            missing: told.missing,
            validated: told.validated,
            reverse: told.reverse,
            lookups: told.lookups,
            hits: told.hits,
            calls_avoided: told.calls_avoided,
            oldest: told.oldest.map(|age| age.as_secs()),
        }
    }
}

fn days(span: Duration) -> String {
    format!("{:.1} days", span.as_secs_f64() / 86_400.0)
}
