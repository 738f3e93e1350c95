use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower::ServiceExt;

use super::Admin;
use crate::api::{ParsedRow, RowKind, SpotifyId, Uuid};
use crate::budget::Permit;
use crate::cache::{Category, Key};
use crate::clock::Clock;
use crate::engine::{Engine, Settings};
use crate::reload::Running;
use crate::upstream::{CallError, Reply, Request as UpstreamRequest, Upstream};

const UUID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";
const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const SEARCH: &str = "=/v1/artist/search?searchText=nova&page=0&size=10";

/// Nothing here may call upstream.
struct Forbidden;

#[async_trait]
impl Upstream for Forbidden {
    async fn call(&self, _: Permit, request: UpstreamRequest) -> Result<Reply, CallError> {
        panic!("called upstream: {request:?}");
    }
}

/// An engine that knows a track, its features, and a search.
fn engine() -> Arc<Engine> {
    let engine = Engine::new(&Settings::default(), Arc::new(Forbidden), Clock::tokio(), &Handle::current());
    let spotify = SpotifyId::parse(SPOTIFY);
    let uuid = Uuid::parse(UUID).unwrap();
    let track = json!({ "id": UUID, "trackTitle": "x", "artists": [],
        "href": format!("https://open.spotify.com/track/{SPOTIFY}") });
    for (kind, row) in [(RowKind::Track, track), (RowKind::Features, json!({}))] {
        let bytes = Bytes::from(row.to_string());
        engine.store().learn(&ParsedRow { kind, uuid, spotify, bytes });
    }
    engine.store().put(Key::Body(SEARCH.into()), Category::Search, 200, Bytes::from("{}"));
    engine
}

async fn ask(engine: &Arc<Engine>, method: Method, target: &str) -> (StatusCode, Value) {
    let upstream = watch::channel(None).1;
    let running = Running::defaults(engine.metrics(), None);
    let admin = Admin { engine: Arc::clone(engine), upstream, running };
    let request = Request::builder().method(method).uri(target).body(Body::empty()).unwrap();
    let response = admin.router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Key and state of everything that is held.
async fn states(engine: &Arc<Engine>) -> Vec<(String, String)> {
    let mut states = Vec::new();
    for target in [format!("/cache?id={UUID}"), format!("/cache?key={}", encoded(SEARCH))] {
        let (_, body) = ask(engine, Method::GET, &target).await;
        for entry in body["entries"].as_array().unwrap() {
            let word = |name: &str| entry[name].as_str().unwrap().to_owned();
            states.push((word("category"), word("state")));
        }
    }
    states.sort();
    states
}

fn encoded(text: &str) -> String {
    text.replace('&', "%26").replace('=', "%3D").replace('?', "%3F")
}

#[rstest]
#[case("all=true", &["features", "mapping", "search", "track"])]
#[case("category=track", &["track"])]
#[case("endpoint=/v1/track/{id}", &["track"])]
#[case("endpoint=/v1/artist/search", &["search"])]
#[case("id=2ZyXwVuTsRqPoNmLkJiHgF", &["features", "mapping", "track"])]
#[case("id=7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d", &["features", "mapping", "track"])]
#[case("key=/v1/track?ids%3D2ZyXwVuTsRqPoNmLkJiHgF", &["track"])]
#[case("key=/v1/track/2ZyXwVuTsRqPoNmLkJiHgF/audio-features", &["features"])]
#[case("key=http://proxy:8080/v1/artist/search?size%3D10%26searchText%3Dnova", &["search"])]
#[case("key=%3D/v1/artist/search?searchText%3Dnova%26page%3D0%26size%3D10", &["search"])]
#[case("key=features:7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d", &["features"])]
#[tokio::test]
async fn what_is_named_is_purged_and_nothing_else(#[case] what: &str, #[case] purged: &[&str]) {
    for (hard, left) in [("false", "stale"), ("true", "gone")] {
        let engine = engine();
        let target = format!("/cache?{}&hard={hard}", what.replace('{', "%7B").replace('}', "%7D"));
        let (status, body) = ask(&engine, Method::DELETE, &target).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(body["mode"], json!(if hard == "true" { "hard" } else { "soft" }));
        assert!(
            !body["purged"].as_array().unwrap().is_empty() && body["at"].as_str().unwrap().ends_with('Z')
        );
        for (category, state) in states(&engine).await {
            let expected = if purged.contains(&&*category) { left } else { "fresh" };
            assert_eq!(state, expected, "{category} after {target}");
        }
    }
}

#[tokio::test]
async fn an_entry_tells_how_long_it_holds() {
    let engine = engine();
    let (status, body) = ask(&engine, Method::GET, &format!("/cache?key=/v1/track/{SPOTIFY}")).await;
    assert_eq!(status, StatusCode::OK);
    let [entry] = body["entries"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!((&entry["key"], &entry["tier"]), (&json!(format!("track:{UUID}")), &json!("memory")));
    assert_eq!((&entry["status"], &entry["age_seconds"]), (&json!(200), &json!(0)));
    let (ttl, stale) =
        (entry["ttl_seconds"].as_i64().unwrap(), entry["stale_left_seconds"].as_i64().unwrap());
    assert!((28 * 86_400..=30 * 86_400).contains(&ttl) && stale - ttl == 30 * 86_400, "{entry}");
}

#[tokio::test]
async fn a_category_tells_how_it_is_kept_and_when_it_was_purged() {
    let engine = engine();
    ask(&engine, Method::DELETE, "/cache?category=search").await;
    let (_, body) = ask(&engine, Method::GET, "/cache?category=search").await;
    assert_eq!((&body["ttl_seconds"], &body["stale_seconds"]), (&json!(86_400), &json!(86_400)));
    assert!(body["purged_soft_at"].is_string() && body["purged_hard_at"].is_null());
    let (_, other) = ask(&engine, Method::GET, "/cache?category=page").await;
    assert!(other["purged_soft_at"].is_null());
}

#[rstest]
#[case(Method::DELETE, "", "category, endpoint, id, key or all=true")]
#[case(Method::DELETE, "?hard=true", "category, endpoint, id, key or all=true")]
#[case(Method::DELETE, "?category=track&id=2ZyXwVuTsRqPoNmLkJiHgF", "by one of")]
#[case(Method::DELETE, "?category=tracks", "no category \"tracks\"; there are track, features")]
#[case(Method::DELETE, "?endpoint=/v1/tracks", "there are /v1/track, /v1/track/recommendation")]
#[case(Method::DELETE, "?id=a%20b", "neither a UUID nor a Spotify id")]
#[case(Method::DELETE, "?key=/v1/analysis/audio-features", "not kept")]
#[case(Method::DELETE, "?key=nonsense", "neither a URL")]
#[case(Method::DELETE, "?key==nonsense", "no endpoint whose answers are kept")]
#[case(Method::GET, "?key==nonsense", "no endpoint whose answers are kept")]
#[case(Method::DELETE, "?key==/v1/artist/search?size%3D10%26searchText%3Dx", "no canonical text")]
#[case(Method::DELETE, "?key=/v1/artist/search?searchText=x&size=10", "percent-encoded")]
#[case(Method::DELETE, "?all=yes", "true")]
#[case(Method::DELETE, "?all=true&hard=maybe", "true and, for hard, false")]
#[case(Method::GET, "", "category, id or key")]
#[case(Method::GET, "?endpoint=/v1/track", "GET one of category, id or key")]
#[tokio::test]
async fn a_wrong_question_is_told_what_is_right(
    #[case] method: Method,
    #[case] query: &str,
    #[case] says: &str,
) {
    let engine = engine();
    let (status, body) = ask(&engine, method, &format!("/cache{query}")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["errors"][0].as_str().unwrap().contains(says), "{body}");
    assert!(states(&engine).await.iter().all(|(_, state)| state == "fresh"), "nothing was purged");
}

#[tokio::test]
async fn too_many_single_purges_are_refused_with_what_to_do_instead() {
    let engine = engine();
    let ids: Vec<String> = (0..400_u32).map(|n| Uuid::from_bits(u128::from(n)).to_string()).collect();
    let mut last = (StatusCode::OK, Value::Null);
    for chunk in 0..40_u32 {
        let ids = ids.iter().map(|id| format!("{chunk:08x}{}", &id[8..])).collect::<Vec<_>>().join(",");
        last = ask(&engine, Method::DELETE, &format!("/cache?key=/v1/track?ids%3D{ids}")).await;
        if last.0 != StatusCode::OK {
            break;
        }
    }
    assert_eq!(last.0, StatusCode::CONFLICT);
    assert!(last.1["errors"][0].as_str().unwrap().contains("purge their category"), "{}", last.1);
}
