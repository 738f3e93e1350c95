//! When a part is away: fewer sources and the reason, or a clear end.

use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms, list, listed};
use recobeat_sim::{Endpoint, Fault, Rule};
use serde_json::Value;

/// The proxy shows failures at once and keeps asking: each test is about one of them.
fn frank() -> Setup {
    Setup::lifted()
        .without_retries()
        .set("upstream.breaker.consecutive_failures", "1000000")
        .set("upstream.breaker.ratio", "1.0")
}

async fn scene() -> Scene {
    Scene::with(&frank(), &Terms::lifted().without_mood_cache()).await
}

fn sources(results: &Value) -> Vec<String> {
    let rows = list(results, "recommendations").iter();
    let mut sources: Vec<String> =
        rows.map(|row| row["source"].as_str().unwrap_or_default().to_owned()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failing_strategy_leaves_the_others() {
    for (endpoint, source) in
        [(Endpoint::Recommendation, "reccobeat"), (Endpoint::ArtistTracks, "artist_discovery")]
    {
        let scene = scene().await;
        scene.sim.add_fault(Rule::on(endpoint, Fault::InternalError));
        let results = scene.caller("ann").make(&crate::taste(&scene, 0)).await;
        let sources = sources(&results);
        assert!(!sources.is_empty() && !sources.contains(&source.to_owned()), "{endpoint:?}: {sources:?}");
        assert!(results["metadata"].to_string().contains("500"), "no reason: {}", results["metadata"]);
        assert_eq!(listed::wrong(&results), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_failing_strategies_leave_something() {
    let scene = scene().await;
    scene.sim.add_fault(Rule::on(Endpoint::Recommendation, Fault::InternalError));
    scene.sim.add_fault(Rule::on(Endpoint::ArtistTracks, Fault::InternalError));
    let results = scene.caller("ann").make(&crate::taste(&scene, 0)).await;
    assert_eq!(listed::wrong(&results), Vec::<String>::new());
    assert!(!list(&results, "recommendations").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_features_never_fail_a_run() {
    let scene = scene().await;
    scene.sim.add_fault(Rule::on(Endpoint::Features, Fault::InternalError));
    let results = scene.caller("ann").make(&crate::taste(&scene, 0)).await;
    let rows = list(&results, "recommendations");
    assert!(rows.len() >= 16, "{} rows", rows.len());
    assert!(rows.iter().all(|row| row["features_source"] == "default"));
    assert_eq!(listed::wrong(&results), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_cache_outlives_the_upstream() {
    let scene = scene().await;
    let ann = scene.caller("ann");
    let before = ann.make_mood("calm and relaxing").await;
    scene.sim.stop().await;
    let after = ann.make_mood("calm and relaxing").await;
    assert_eq!(before["recommendations"], after["recommendations"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_away_is_a_clear_failure() {
    let scene = scene().await;
    scene.sim.stop().await;
    let ann = scene.caller("ann");
    let session = ann.start_mood("calm and relaxing").await;
    let status = ann.ended(&session).await;
    assert_eq!(status["status"], "failed", "{status}");
    assert!(status["error"].as_str().is_some_and(|error| error.len() > 10), "{status}");
    let results = ann.results(&session).await;
    assert!(results.is_ok() && list(&results.json(), "recommendations").is_empty(), "{}", results.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_away_is_a_clear_failure_and_no_end() {
    let mut scene = scene().await;
    let ann = scene.caller("ann");
    scene.proxy.kill();
    let session = ann.start_mood("calm and relaxing").await;
    let status = ann.ended(&session).await;
    assert_eq!(status["status"], "failed", "{status}");
    assert!(status["error"].as_str().is_some_and(|error| error.contains("proxy")), "{}", status["error"]);
    assert_eq!(ann.get("/health").await.code(), 200);
    let operators = ann.get("/api/agents/system/status").await;
    assert!(operators.is_ok(), "{}", operators.brief());
    assert!(ann.get("/api/agents/system/cache/stats").await.is_ok());
    scene.proxy.start_again().await;
    ann.make_mood("calm and relaxing").await;
}
