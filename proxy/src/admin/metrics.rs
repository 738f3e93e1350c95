use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use super::Admin;

/// The Prometheus text format.
pub(super) async fn get(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let text = admin.engine.metrics().render(&admin.engine.gauges());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
