use http::{Method, StatusCode};
use serde_json::json;

use super::{Service, ask, with_body};
use crate::profile::names;
use std::time::Duration;

const SYSTEM: &str = "/api/agents/system";

#[tokio::test]
async fn health_and_readiness_do_not_depend_on_the_proxy() {
    for up in [true, false] {
        let service = Service::behind(up, |_| {}).await;
        assert_eq!(service.get("ann", "/health").await.json(), json!({ "status": "healthy" }));
        let ready = service.get("ann", "/health/ready").await;
        assert_eq!((ready.status, &ready.json()["proxy"]["reachable"]), (StatusCode::OK, &json!(up)));
        assert_eq!(ready.json()["database"], "memory");
    }
}

#[tokio::test]
async fn the_status_tells_of_tiers_runs_and_switches() {
    let service = Service::open().await;
    service.ended("ann", "calm").await;
    let status = service.get("ann", &format!("{SYSTEM}/status")).await.json();
    assert_eq!((&status["status"], &status["runs"]["completed"]), (&json!("healthy"), &json!(1)));
    assert_eq!(status["tiers"]["proxy"]["budget"]["rate_per_minute"], 80);
    assert_eq!(status["tiers"]["database"], json!({ "engine": "memory", "up": true }));
    assert_eq!(status["features"]["llm"], false);
    let down = Service::behind(false, |_| {}).await;
    assert_eq!(down.get("ann", &format!("{SYSTEM}/status")).await.json()["status"], "degraded");
}

#[tokio::test]
async fn caches_and_ids_are_told_under_all_their_paths() {
    let service = Service::open().await;
    for path in ["/api/agents/system/cache/stats", "/system/cache/stats", "/api/cache/stats"] {
        let stats = service.get("ann", path).await.json();
        assert_eq!(
            (&stats["cache"]["cache_type"], &stats["popular_moods"]["total"]),
            (&json!("memory"), &json!(10)),
            "{path}"
        );
        assert_eq!(stats["id_registry"]["lookups"], 7);
    }
    let ids = service.get("ann", "/system/id-registry/stats").await.json();
    assert_eq!(ids["ttls"], json!({ "missing_ids": "14.0 days", "validated_ids": "180.0 days" }));
    let down = Service::behind(false, |_| {}).await;
    assert_eq!(down.get("ann", "/system/id-registry/stats").await.status, StatusCode::BAD_GATEWAY);
    assert!(down.get("ann", "/system/cache/stats").await.json()["id_registry"].is_null());
}

#[tokio::test]
async fn invalidating_says_what_went_where() {
    let service = Service::open().await;
    let invalidate = async |query: &str| {
        service.send(ask(Method::POST, "ann", &format!("{SYSTEM}/cache/invalidate{query}"))).await
    };
    service.get("ann", "/api/stats/public").await;
    let own = invalidate("?category=public_playlist_stats").await.json();
    assert_eq!((&own["removed"], &own["proxy"]), (&json!(1), &json!(null)));
    let proxys = invalidate("?category=features").await.json();
    assert_eq!((&proxys["removed"], &proxys["proxy"]["purged"]), (&json!(0), &json!(["features"])));
    let all = invalidate("").await.json();
    assert_eq!(
        (&all["category"], &all["status"], &all["proxy"]["purged"]),
        (&json!("all"), &json!("invalidated"), &json!(["all"]))
    );
    let unknown = invalidate("?category=everything").await;
    assert_eq!(unknown.fields(), ["category"]);
    assert!(unknown.text.contains("top_tracks") && unknown.text.contains("recommendation"));
}

#[tokio::test]
async fn invalidating_goes_on_without_the_proxy_where_it_can() {
    let service = Service::behind(false, |_| {}).await;
    let invalidate = async |query: &str| {
        service.send(ask(Method::POST, "ann", &format!("{SYSTEM}/cache/invalidate{query}"))).await
    };
    let all = invalidate("").await;
    assert_eq!((all.status, &all.json()["status"]), (StatusCode::OK, &json!("partial")));
    assert_eq!(invalidate("?category=features").await.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn samples_and_their_figures_are_told() {
    let service = Service::open().await;
    let (metrics, samples) = (format!("{SYSTEM}/profiling/metrics"), format!("{SYSTEM}/profiling/samples"));
    let name = names::PERSISTENCE;
    for millis in [10, 20, 30] {
        service.app.profiler.record(name, Duration::from_millis(millis), json!({}));
    }
    let all = service.get("ann", &metrics).await.json();
    assert_eq!((&all["total_metrics"], &all["stats"][name]["count"]), (&json!(1), &json!(3)));
    let one = service.get("ann", &format!("{metrics}?metric_name={name}")).await.json();
    assert_eq!((&one["metric"], &one["stats"]["p50"]), (&json!(name), &json!(0.02)));
    let two = service.get("ann", &format!("{samples}/{name}?limit=2")).await.json();
    assert_eq!((&two["count"], two["samples"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    assert_eq!(service.get("ann", &format!("{samples}/{name}?limit=101")).await.fields(), ["limit"]);
    assert_eq!(service.get("ann", &format!("{samples}/nothing")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        service.get("ann", &format!("{metrics}?metric_name=nothing")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn recent_runs_are_told_without_their_tracks() {
    let service = Service::open().await;
    service.ended("ann", "calm").await;
    service.ended("bob", "fail").await;
    let recent = service.get("ann", "/api/agents/workflows/recent?limit=1").await.json();
    assert_eq!((&recent["total_count"], &recent["workflows"][0]["user_id"]), (&json!(1), &json!("bob")));
    assert_eq!(service.get("ann", "/api/agents/workflows/recent?limit=51").await.fields(), ["limit"]);
}

#[tokio::test]
async fn popular_moods_are_listed_kept_read_and_forgotten() {
    let service = Service::open().await;
    let path = format!("{SYSTEM}/popular-moods");
    let list = service.get("ann", &path).await.json();
    assert_eq!((list["moods"].as_array().map(Vec::len), &list["held"]), (Some(10), &json!(0)));
    let mood = format!("{path}/late%20rain");
    assert_eq!(service.get("ann", &mood).await.status, StatusCode::NOT_FOUND);
    let session = service.ended("ann", "rain").await;
    let put = async |body: serde_json::Value| {
        service.send(with_body(ask(Method::PUT, "ann", &mood), body.to_string())).await
    };
    let kept = put(json!({ "session_id": session })).await;
    assert_eq!((kept.status, &kept.json()["mood"]), (StatusCode::OK, &json!("late rain")), "{}", kept.text);
    assert_eq!(service.get("ann", &mood).await.json()["recommendations"].as_array().map(Vec::len), Some(16));
    assert_eq!(service.delete("ann", &mood).await.status, StatusCode::OK);
    assert_eq!(service.delete("ann", &mood).await.status, StatusCode::NOT_FOUND);
    let hanging = service.hanging("ann").await;
    assert_eq!(put(json!({ "session_id": hanging })).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn warming_is_for_users_of_popular_moods_once_a_minute() {
    let service = Service::open().await;
    let path = format!("{SYSTEM}/cache/warm-popular-moods");
    let begun = service.post("ann", &path, &json!({ "moods": ["Chill  Evening"] })).await;
    assert_eq!(
        (begun.status, &begun.json()["status"]),
        (StatusCode::OK, &json!("warming_started")),
        "{}",
        begun.text
    );
    assert_eq!(service.post("ann", &path, &json!({})).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        service.post("bob", &path, &json!({ "moods": ["party vibes", "mine"] })).await.fields(),
        ["moods[1]"]
    );
}
