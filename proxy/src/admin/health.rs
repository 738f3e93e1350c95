use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Admin;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// Requests can be served: always, once this answers at all.
///
/// The upstream's state is a field, never the status: a proxy must not be taken out of service
/// just when its stale answers are needed.
pub(super) async fn ready(State(admin): State<Arc<Admin>>) -> Json<Value> {
    let gauges = admin.engine.gauges();
    let (reachable, reason) = match &*admin.upstream.borrow() {
        None => (Value::Null, Value::Null),
        Some(Ok(())) => (json!(true), Value::Null),
        Some(Err(reason)) => (json!(false), json!(reason)),
    };
    Json(json!({
        "status": "ready",
        "upstream": {
            "reachable": reachable,
            "reason": reason,
            "suspended": gauges.suspended,
            "hold_seconds": gauges.budget.hold.map(|hold| hold.as_secs_f64()),
        },
    }))
}
