use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::join;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::caller::Operator;
use crate::http::health::database;
use crate::jobs::Counters;

/// How the service does.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StatusDocument {
    /// `healthy`, or `degraded` when the database or the proxy does not answer.
    status: &'static str,
    version: &'static str,
    uptime_seconds: f64,
    tiers: Tiers,
    runs: Counters,
    features: Switches,
    auth_mode: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct Tiers {
    /// `engine` and `up`.
    #[schema(value_type = Object)]
    database: Value,
    /// `cache_type` and `state`.
    #[schema(value_type = Object)]
    cache: Value,
    /// What the proxy tells operators of its caches, its budget and its upstream; `up` false with
    /// `reason` when it does not.
    #[schema(value_type = Object)]
    proxy: Value,
}

/// What is switched on.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "switches of the configuration, as they are")]
pub(super) struct Switches {
    popular_moods_cache: bool,
    mood_promotion: bool,
    scheduled_warming: bool,
    parallel_strategies: bool,
    reuse_of_steps: bool,
    improvement_rounds: u32,
    llm: bool,
    spotify: bool,
    redis: bool,
    daily_quota: bool,
}

impl Switches {
    pub(super) fn of(app: &App) -> Self {
        let config = &app.config;
        Self {
            popular_moods_cache: config.moods.cache,
            mood_promotion: config.moods.promote_after > 0,
            scheduled_warming: config.schedule.warm_at.is_some(),
            parallel_strategies: config.run.parallel_strategies,
            reuse_of_steps: config.run.reuse,
            improvement_rounds: config.run.rounds,
            llm: config.llm.url.is_some(),
            spotify: config.spotify.enabled,
            redis: config.redis_url.is_some(),
            daily_quota: config.limits.start_per_day > 0,
        }
    }
}

/// How the service does
#[utoipa::path(
    get,
    path = "/system/status",
    operation_id = "system_status",
    tag = "system",
    responses((status = OK, body = StatusDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn status(State(app): State<App>, _: Operator) -> Json<StatusDocument> {
    let (database, cache, proxy) = join!(database(&app), app.cache.stats(), app.proxy.stats());
    let up = database.is_ok() && proxy.is_ok();
    Json(StatusDocument {
        status: if up { "healthy" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: app.uptime(),
        tiers: Tiers {
            database: json!({ "engine": app.store.engine(), "up": database.is_ok() }),
            cache: json!({ "cache_type": cache.cache_type, "state": cache.state }),
            proxy: up_or_not(proxy),
        },
        runs: app.runs.counters(),
        features: Switches::of(&app),
        auth_mode: app.gate.mode(),
    })
}

/// The proxy's own words, marked.
pub(super) fn up_or_not(told: Result<Value, String>) -> Value {
    match told {
        Ok(mut told) => {
            if let Some(told) = told.as_object_mut() {
                told.insert("up".to_owned(), json!(true));
            }
            told
        }
        Err(reason) => json!({ "up": false, "reason": reason }),
    }
}
