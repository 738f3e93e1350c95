//! The HTTP interface.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// All routes.
pub fn router() -> Router {
    Router::new().route("/health", get(health)).route("/health/ready", get(ready))
}

/// The process runs.
async fn health() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// Requests can be served.
async fn ready() -> Json<Value> {
    Json(json!({ "status": "ready" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::{Request, StatusCode};
    use axum::body::Body;
    use tower::ServiceExt;

    async fn status(path: &str) -> StatusCode {
        let request = Request::get(path).body(Body::empty()).expect("a valid request");
        router().oneshot(request).await.expect("infallible").status()
    }

    #[tokio::test]
    async fn health_and_readiness_are_served_and_nothing_else() {
        assert_eq!(status("/health").await, StatusCode::OK);
        assert_eq!(status("/health/ready").await, StatusCode::OK);
        assert_eq!(status("/").await, StatusCode::NOT_FOUND);
    }
}
