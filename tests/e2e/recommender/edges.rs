//! What apps, browsers and people find at the door.

use crate::harness::recommender::{Scene, Terms};
use crate::harness::{Ask, Setup};
use http::Method;
use serde_json::{Value, json};

const APP: &str = "https://app.example.org";

async fn opened() -> Scene {
    Scene::with(&Setup::lifted(), &Terms::lifted().set("cors.allowed_origins", &format!("[\"{APP}\"]"))).await
}

fn preflight(origin: &str) -> Ask {
    Ask::new(Method::OPTIONS, "/api/agents/recommendations/start")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_may_ask_from_a_browser_and_others_may_not() {
    let scene = opened().await;
    let nobody = scene.recommender.nobody();
    let allowed = nobody.ask(preflight(APP)).await;
    assert!(allowed.status.is_success(), "{}", allowed.brief());
    assert_eq!(allowed.header("access-control-allow-origin"), APP);
    assert!(allowed.header("access-control-allow-methods").contains("POST"), "{:?}", allowed.headers);
    let headers = allowed.header("access-control-allow-headers").to_lowercase();
    assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
    assert_eq!(nobody.ask(preflight("https://evil.example")).await.header("access-control-allow-origin"), "");
    let read = scene.caller("ann").ask(Ask::get("/api/playlists").header("origin", APP)).await;
    assert_eq!((read.code(), read.header("access-control-allow-origin").as_str()), (200, APP));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_describes_itself() {
    let scene = Scene::lifted().await;
    let nobody = scene.recommender.nobody();
    assert_eq!(nobody.get("/health").await.json()["status"], "healthy");
    let mut found = None;
    for target in ["/openapi.json", "/api/openapi.json", "/api-docs/openapi.json"] {
        let answer = nobody.get(target).await;
        if answer.is_ok() {
            found = Some(answer.json());
        }
    }
    let document: Value = found.expect("a description");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    for (path, method) in [
        ("/api/agents/recommendations/start", "post"),
        ("/api/agents/recommendations/remix", "post"),
        ("/api/agents/recommendations/prefetch-cache", "post"),
        ("/api/agents/recommendations/{session_id}", "delete"),
        ("/api/agents/recommendations/{session_id}/status", "get"),
        ("/api/agents/recommendations/{session_id}/stream", "get"),
        ("/api/agents/recommendations/{session_id}/results", "get"),
        ("/api/agents/recommendations/{session_id}/playlist", "get"),
        ("/api/agents/system/status", "get"),
        ("/api/agents/system/cache/stats", "get"),
        ("/api/agents/system/cache/invalidate", "post"),
        ("/api/agents/system/cache/warm-popular-moods", "post"),
        ("/api/agents/system/id-registry/stats", "get"),
        ("/api/agents/system/profiling/metrics", "get"),
        ("/api/agents/system/profiling/samples/{metric_name}", "get"),
        ("/api/playlists", "get"),
        ("/api/playlists/{id}", "delete"),
        ("/api/playlists/{session_id}/edit", "post"),
        ("/api/playlists/stats/summary", "get"),
        ("/api/stats/public", "get"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    let page = nobody.get("/").await;
    assert!(page.is_ok() && page.header("content-type").starts_with("text/html"), "{}", page.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let long = "a".repeat(501);
    for (body, field) in [
        (json!({}), "mood_prompt"),
        (json!({"mood_prompt": "   "}), "mood_prompt"),
        (json!({"mood_prompt": long}), "mood_prompt"),
        (json!({"mood_prompt": "calm", "target_count": 31}), "target_count"),
        (json!({"mood_prompt": "calm", "target_features": {"enrgy": [0, 1]}}), "target_features"),
        (json!({"mood_prompt": "calm", "target_features": {"energy": [0.9, 0.1]}}), "target_features.energy"),
        (json!({"mood_prompt": "calm", "top_tracks": [{"id": "x"}]}), "top_tracks[0].id"),
        (json!({"mood_prompt": "calm", "genre_strictness": 2}), "genre_strictness"),
        (json!({"mood_prompt": "calm", "moood": 2}), "moood"),
    ] {
        let answer = ann.ask_start(&body).await;
        assert_eq!(answer.code(), 422, "{body}: {}", answer.brief());
        assert!(answer.text().contains(field), "{field}: {}", answer.brief());
    }
    assert_eq!(ann.get("/api/playlists").await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_so() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    for target in [
        "/api/nothing",
        "/api/playlists/9999",
        "/api/playlists/session/7c1f0a52-3f0e-4b7e-9a43-0123456789ab",
        "/api/agents/recommendations/7c1f0a52-3f0e-4b7e-9a43-0123456789ab/status",
        "/api/agents/recommendations/7c1f0a52-3f0e-4b7e-9a43-0123456789ab/stream",
    ] {
        let answer = ann.get(target).await;
        assert_eq!(answer.code(), 404, "{target}: {}", answer.brief());
        assert!(answer.json()["detail"].is_string(), "{target}: {}", answer.brief());
    }
}
