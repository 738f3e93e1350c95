//! What operators are told: real numbers.

use crate::harness::recommender::{Scene, list};
use serde_json::{Value, json};

async fn told(scene: &Scene, target: &str) -> Value {
    let answer = scene.caller("op").get(target).await;
    assert!(answer.is_ok(), "{target}: {}", answer.brief());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_the_service_is_told() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    ann.make_mood("party vibes").await;
    let status = told(&scene, "/api/agents/system/status").await;
    for number in ["total", "completed"] {
        assert!(find(&status, number).and_then(Value::as_u64) >= Some(1), "{number} in {status}");
    }
    let recent = told(&scene, "/api/agents/workflows/recent?limit=5").await;
    assert_eq!(recent["total_count"], 1, "{recent}");
    let active = told(&scene, "/api/agents/workflows/active").await;
    assert_eq!(active["total_count"], 0, "{active}");
}

/// The first member of this name (or `…_runs`, `…_workflows`), however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    let direct = members
        .iter()
        .find(|(key, _)| *key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('_')));
    direct.map(|(_, value)| value).or_else(|| members.values().find_map(|inner| find(inner, name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_tell_hits_and_misses_and_can_be_emptied() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    ann.make_mood("party vibes").await;
    ann.make_mood("party vibes").await;
    let stats = told(&scene, "/api/agents/system/cache/stats").await;
    let counts = &stats["cache"]["cache_stats"];
    let number = |name: &str| counts[name].as_u64().unwrap_or_else(|| panic!("{name} in {stats}"));
    assert!(number("hit_count") >= 1 && number("miss_count") >= 1, "{counts}");
    assert_eq!(number("total_requests"), number("hit_count") + number("miss_count"));
    assert!(counts["hit_rate"].is_number());
    assert!(stats["cache"]["categories"]["popular_mood_cache"].is_object(), "{stats}");
    assert!(stats["id_registry"].is_object() && stats["features"].is_object(), "{stats}");
    for alias in ["/api/cache/stats", "/system/cache/stats"] {
        assert!(told(&scene, alias).await["cache"].is_object(), "{alias}");
    }

    let emptied = ann.post("/api/agents/system/cache/invalidate", &json!({})).await;
    assert!(emptied.is_ok() && emptied.json()["removed"].as_u64() >= Some(1), "{}", emptied.brief());
    scene.sim.clear_log();
    ann.make_mood("party vibes").await;
    assert!(!scene.calls().is_empty(), "the proxy's caches were emptied as well");
    let unknown = ann.post("/api/agents/system/cache/invalidate?category=nonsense", &json!({})).await;
    assert!((400..500).contains(&unknown.code()), "{}", unknown.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_of_ids_has_numbers() {
    let scene = Scene::lifted().await;
    scene.caller("ann").make(&crate::taste(&scene, 0)).await;
    let stats = told(&scene, "/api/agents/system/id-registry/stats").await;
    assert!(stats["id_registry"]["validated"].as_u64() >= Some(12), "{stats}");
    assert!(stats["description"].is_string());
    assert_eq!(stats["ttls"], json!({"missing_ids": "14.0 days", "validated_ids": "180.0 days"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profiler_has_samples() {
    let scene = Scene::lifted().await;
    scene.caller("ann").make(&crate::taste(&scene, 0)).await;
    let metrics = told(&scene, "/api/agents/system/profiling/metrics").await;
    let names: Vec<&str> = list(&metrics, "metrics").iter().filter_map(Value::as_str).collect();
    for name in [
        "intent_analysis",
        "mood_analysis",
        "seed_gathering",
        "strategy_artist_discovery",
        "strategy_seed_based",
        "feature_enrichment",
        "quality_evaluation",
        "playlist_ordering",
        "persistence",
        "workflow_total",
        "recobeat_call",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
        let stats = &metrics["stats"][name];
        assert!(stats["count"].as_u64() >= Some(1), "{name}: {stats}");
        let at =
            |figure: &str| stats[figure].as_f64().unwrap_or_else(|| panic!("{figure} of {name}: {stats}"));
        assert!(
            at("min") <= at("p50") && at("p50") <= at("p95") && at("p99") <= at("max"),
            "{name}: {stats}"
        );
    }
    assert_eq!(metrics["total_metrics"], names.len());
    let one = told(&scene, "/api/agents/system/profiling/metrics?metric_name=recobeat_call").await;
    assert_eq!(one["metric"], "recobeat_call");
    let samples = told(&scene, "/api/agents/system/profiling/samples/recobeat_call?limit=2").await;
    assert_eq!((&samples["count"], list(&samples, "samples").len()), (&2.into(), 2));
    let sample = &samples["samples"][0];
    assert!(sample["duration_seconds"].as_f64() > Some(0.0) && sample["timestamp"].is_string(), "{sample}");
}
