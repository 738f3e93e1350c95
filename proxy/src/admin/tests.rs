mod denials;
mod explaining;
mod ids;

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower::ServiceExt;

use super::*;
use crate::budget::Permit;
use crate::clock::Clock;
use crate::engine::Settings;
use crate::telemetry::GROUPS;
use crate::upstream::{CallError, Reply, Request as Call, Upstream};

struct Unreachable;

#[async_trait]
impl Upstream for Unreachable {
    async fn call(&self, _: Permit, _: Call) -> Result<Reply, CallError> {
        Err(CallError::Connect("refused".to_owned()))
    }
}

fn router(token: Option<&str>, upstream: Option<Result<(), String>>) -> Router {
    let engine = Engine::new(&Settings::default(), Arc::new(Unreachable), Clock::tokio(), &Handle::current());
    let upstream = watch::channel(upstream).1;
    let running = Running::defaults(engine.metrics(), token);
    Admin { engine, upstream, running }.router()
}

async fn get(router: Router, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    send(router, request.body(Body::empty()).unwrap()).await
}

async fn send(router: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// An operator's listener over an engine of its own.
struct Console {
    engine: Arc<Engine>,
    router: Router,
}

impl Console {
    fn new(upstream: Arc<dyn Upstream>) -> Self {
        let engine = Engine::new(&Settings::default(), upstream, Clock::tokio(), &Handle::current());
        let (upstream, running) = (watch::channel(None).1, Running::defaults(engine.metrics(), None));
        let router = Admin { engine: Arc::clone(&engine), upstream, running }.router();
        Self { engine, router }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        let (status, body) = send(self.router.clone(), request).await;
        (status.as_u16(), serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// What a request answered well says.
    async fn told(&self, method: Method, path: &str, body: &str) -> Value {
        let (status, told) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    /// What a request that cannot be done says.
    async fn wrong(&self, method: Method, path: &str, body: &str) -> String {
        let (status, told) = self.ask(method, path, body).await;
        assert_eq!(status, 400, "{path}: {told}");
        let errors = told["errors"].as_array().unwrap_or_else(|| panic!("{path}: {told}"));
        errors.iter().map(|error| error.as_str().unwrap()).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test]
async fn an_unreachable_upstream_is_told_but_does_not_end_readiness() {
    let (status, body) = get(router(None, Some(Err("no route".into()))), "/health/ready", None).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["upstream"]["reachable"], json!(false));
    assert_eq!(body["upstream"]["reason"], json!("no route"));
}

#[tokio::test]
async fn a_token_guards_everything_but_health() {
    for (path, token, expected) in [
        ("/stats", None, StatusCode::UNAUTHORIZED),
        ("/stats", Some("wrong"), StatusCode::UNAUTHORIZED),
        ("/metrics", Some("secre"), StatusCode::UNAUTHORIZED),
        ("/config", None, StatusCode::UNAUTHORIZED),
        ("/stats", Some("secret"), StatusCode::OK),
        ("/health/live", None, StatusCode::OK),
        ("/health/ready", None, StatusCode::OK),
    ] {
        let (status, _) = get(router(Some("secret"), None), path, token).await;
        assert_eq!(status, expected, "{path} {token:?}");
    }
}

/// What a page of another site can send without being asked back.
#[tokio::test]
async fn without_a_token_no_other_site_gets_anything_done() {
    for (host, origin, expected) in [
        ("127.0.0.1:9090", "https://evil.example", StatusCode::FORBIDDEN),
        ("evil.example:9090", "http://evil.example:9090", StatusCode::FORBIDDEN),
        ("127.0.0.1:9090", "http://127.0.0.1:9090", StatusCode::OK),
    ] {
        for path in ["/deny", "/warm"] {
            let body = if path == "/deny" {
                r#"{"denied":[]}"#
            } else {
                r#"{"urls":["/v1/track?ids=2ZyXwVuTsRqPoNmLkJiHgF"],"dry_run":true}"#
            };
            let request = Request::post(path).header(header::HOST, host).header(header::ORIGIN, origin);
            let (status, told) = send(router(None, None), request.body(Body::from(body)).unwrap()).await;
            assert_eq!(status, expected, "{path} of {origin}: {told}");
        }
    }
}

#[tokio::test]
async fn statistics_start_at_zero_and_name_every_cause() {
    let (_, body) = get(router(None, None), "/stats", None).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["upstream"]["calls"], json!(0));
    assert_eq!(body["upstream"]["calls_avoided"].as_object().unwrap().len(), 6);
    assert_eq!(body["budget"]["rate_per_minute"], json!(80.0));
}

#[tokio::test]
async fn every_unlabelled_metric_of_the_table_is_printed() {
    let (_, body) = get(router(None, None), "/metrics", None).await;
    let metrics = GROUPS.iter().flat_map(|group| group.metrics);
    for metric in metrics.filter(|metric| metric.labels.is_empty()) {
        assert!(body.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{}", metric.name);
    }
}
