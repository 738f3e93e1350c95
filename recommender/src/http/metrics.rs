//! What Prometheus scrapes.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use super::App;
use super::caller::Operator;
use crate::telemetry::Gauges;

/// Not in the document of the interface: it is no JSON, and no app asks for it.
pub(super) const ROUTE: &str = "/metrics";

/// For operators, like everything that tells about all users together.
pub(super) async fn metrics(State(app): State<App>, _: Operator) -> impl IntoResponse {
    let gauges = Gauges {
        active: app.runs.counters().active,
        refusals: app.limiter.refusals(),
        cache: app.cache.counts(),
        cache_up: !app.cache.is_away(),
        moods: app.moods.coverage().await,
        connections: app.store.connections(),
    };
    let text = app.profiler.metrics().render(&gauges);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
