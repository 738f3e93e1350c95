use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use crate::reload::{Outcome, Report, Standing};

/// The configuration that runs, secrets hidden, and beside its keys what waits for a restart.
pub(super) async fn config(State(admin): State<Arc<Admin>>) -> Json<Value> {
    let mut shown = admin.running.shown();
    shown["restart_needed"] = json!(admin.running.standing().restart);
    Json(shown)
}

/// Whether what was read last is in force, and what waits for a restart.
pub(super) async fn standing(State(admin): State<Arc<Admin>>) -> Json<Standing> {
    Json(admin.running.standing())
}

/// Reads the configuration anew. 422 when it is refused: the report says why.
pub(super) async fn reload(State(admin): State<Arc<Admin>>) -> (StatusCode, Json<Report>) {
    let report = admin.running.reload("POST /reload").await;
    let refused = report.outcome == Outcome::Refused;
    (if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, Json(report))
}
