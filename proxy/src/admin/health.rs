use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::Admin;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// Requests can be served: from the moment the tier behind memory is open or given up for now,
/// which a file that needs a repair may put off.
///
/// The upstream's state is a field, never the status: a proxy must not be taken out of service
/// just when its stale answers are needed.
pub(super) async fn ready(State(admin): State<Arc<Admin>>) -> (StatusCode, Json<Value>) {
    let gauges = admin.engine.gauges();
    let (reachable, reason) = match &*admin.upstream.borrow() {
        None => (Value::Null, Value::Null),
        Some(Ok(())) => (json!(true), Value::Null),
        Some(Err(reason)) => (json!(false), json!(reason)),
    };
    let disk = gauges.disk.as_ref();
    let redis = gauges.shared.as_ref().map(|shared| &shared.link);
    let settled = disk.is_none_or(|disk| disk.settled)
        && redis.is_none_or(|link| link.up || link.away_because.is_some());
    let (code, status) =
        if settled { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "starting") };
    let body = Json(json!({
        "status": status,
        "upstream": {
            "reachable": reachable,
            "reason": reason,
            "suspended": gauges.suspended,
            "hold_seconds": gauges.budget.hold.map(|hold| hold.as_secs_f64()),
        },
        "disk": disk.map(|disk| json!({ "up": disk.up, "away_because": disk.away })),
        "redis": redis.map(|link| json!({ "up": link.up, "away_because": link.away_because })),
    }));
    (code, body)
}
