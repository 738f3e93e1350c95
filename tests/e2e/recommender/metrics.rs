//! What Prometheus scrapes of the recommender.

use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms};

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_shows_in_the_metrics() {
    let scene = Scene::lifted().await;
    let caller = scene.caller("ada");
    caller.make_mood("calm and relaxing").await;
    let text = caller.get("/metrics").await.text();
    for (series, expected) in [
        (r#"recommender_runs_total{outcome="completed"}"#, 1.0),
        (r#"recommender_run_seconds_count{outcome="completed"}"#, 1.0),
        ("recommender_run_proxy_requests_count", 1.0),
        (r#"recommender_step_seconds_count{step="mood_analysis"}"#, 1.0),
        (r#"recommender_requests_total{route="/api/agents/recommendations/start",status="200"}"#, 1.0),
        ("recommender_cache_up", 1.0),
        ("recommender_runs_active", 0.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series} in\n{text}");
    }
    let asked = value(&text, r#"recommender_proxy_calls_total{result="miss"}"#).expect("calls were made");
    assert!(asked > 1.0);
    let stored = value(&text, r#"recommender_store_seconds_count{query="complete"}"#);
    assert_eq!(stored, Some(1.0));
    assert!(text.contains(r#"recommender_tracks_total{features="api"}"#), "{text}");
    assert!(value(&text, "process_resident_memory_bytes").is_some_and(|bytes| bytes > 1e6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_guards_the_metrics_and_leaves_health_open() {
    let scene = Scene::with(
        &Setup::lifted(),
        &Terms::lifted().set("auth.admin_token", "of-the-operators-0123456789"),
    )
    .await;
    let nobody = scene.recommender.nobody();
    assert_eq!(nobody.get("/metrics").await.code(), 401);
    assert_eq!(nobody.get("/health").await.code(), 200);
    let operator = scene.recommender.bearer("of-the-operators-0123456789");
    assert!(operator.get("/metrics").await.text().contains("recommender_build_info{version="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_too_many_is_counted_by_its_class() {
    let scene = Scene::with(&Setup::lifted(), &Terms::lifted().set("limits.status_per_minute", "1")).await;
    let caller = scene.caller("ada");
    let missing = "6f6cb5cc-b1a4-4c69-b2ae-64f1f2a3a5d0";
    let codes = [caller.status(missing).await.code(), caller.status(missing).await.code()];
    assert_eq!(codes, [404, 429]);
    let text = caller.get("/metrics").await.text();
    assert_eq!(value(&text, r#"recommender_limiter_refusals_total{class="status"}"#), Some(1.0));
}
