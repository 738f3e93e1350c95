use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::Operator;
use crate::http::error::ApiError;

/// What the proxy knows of ids.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct IdRegistry {
    /// Ids known to be absent upstream, held in memory.
    missing: u64,
    /// Spotify ids whose UUID is known, held in memory.
    validated: u64,
    /// Rows by UUID, which lead back to their Spotify id.
    reverse: u64,
    /// Since the proxy started.
    lookups: u64,
    /// Of these, known to exist.
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
    Ok(Json(RegistryDocument {
        id_registry: registry(&told),
        description: "which Spotify ids RecoBeat knows and which it lacks, kept by the proxy for all its clients",
        ttls: Ttls {
            missing_ids: days(&told["ttl_seconds"]["missing"]),
            validated_ids: days(&told["ttl_seconds"]["mapping"]),
        },
    }))
}

/// The proxy's figures under the names of this interface.
pub(super) fn registry(told: &Value) -> IdRegistry {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let kinds = |sort: &str| told["memory"][sort].as_object().into_iter().flat_map(|kinds| kinds.values());
    let entries = |sort: &str| kinds(sort).map(|kind| number(&kind["entries"])).sum();
    let (ids, avoided) = (&told["ids"], &told["ids"]["avoided_upstream"]);
    IdRegistry {
        missing: entries("missing"),
        validated: entries("mapping"),
        reverse: entries("row"),
        lookups: number(&ids["looked_up"]),
        hits: number(&avoided["held"]),
        calls_avoided: number(&avoided["held"]) + number(&avoided["known_missing"]),
        oldest: ["missing", "mapping", "row"]
            .into_iter()
            .flat_map(kinds)
            .filter_map(|kind| kind["oldest_seconds"].as_u64())
            .max(),
    }
}

fn days(seconds: &Value) -> String {
    let seconds = Duration::from_secs(seconds.as_u64().unwrap_or(0));
    format!("{:.1} days", seconds.as_secs_f64() / 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_proxys_figures_get_the_names_of_this_interface() {
        let told = json!({
            "ids": { "looked_up": 10, "avoided_upstream": { "held": 6, "known_missing": 1 }, "asked_upstream": 3 },
            "memory": {
                "mapping": { "track": { "entries": 4, "stale": 0, "oldest_seconds": 50 } },
                "missing": { "track": { "entries": 1, "oldest_seconds": 70 }, "features": { "entries": 2 } },
                "row": { "track": { "entries": 5, "oldest_seconds": 60 } },
            },
            "ttl_seconds": { "mapping": 15_552_000, "missing": 1_209_600 },
        });
        let expected = IdRegistry {
            missing: 3,
            validated: 4,
            reverse: 5,
            lookups: 10,
            hits: 6,
            calls_avoided: 7,
            oldest: Some(70),
        };
        assert_eq!(registry(&told), expected);
        assert_eq!(days(&told["ttl_seconds"]["missing"]), "14.0 days");
    }
}
