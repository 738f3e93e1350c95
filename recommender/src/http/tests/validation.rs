use axum::body::Body;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{Method, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{START, Service, ask, with_body};

#[rstest]
#[case::too_long(json!({ "mood_prompt": "a".repeat(501) }), "mood_prompt")]
#[case::empty(json!({ "mood_prompt": "  " }), "mood_prompt")]
#[case::none(json!({}), "mood_prompt")]
#[case::count(json!({ "mood_prompt": "calm", "target_count": 31 }), "target_count")]
#[case::id(json!({ "mood_prompt": "calm", "top_tracks": [{ "id": "'; DROP TABLE playlists; --" }] }), "top_tracks[0].id")]
#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_is_stored(#[case] body: Value, #[case] field: &str) {
    let service = Service::open().await;
    assert_eq!(service.post("ann", START, &body).await.fields(), [field]);
    assert_eq!(service.stored().await, 0);
}

#[tokio::test]
async fn five_hundred_characters_are_not_too_many() {
    let service = Service::open().await;
    let started = service.post("ann", START, &json!({ "mood_prompt": "ä".repeat(500) })).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text);
}

#[rstest]
#[case::told(true)]
#[case::in_pieces(false)]
#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_nothing_is_stored(#[case] told: bool) {
    let service = Service::open().await;
    let body = json!({ "mood_prompt": "a".repeat(1 << 20) }).to_string();
    let mut request = with_body(ask(Method::POST, "ann", START), body.clone());
    if told {
        request.headers_mut().insert("content-length", body.len().into());
    }
    let refused = service.send(request).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.json()["detail"].is_string());
    assert_eq!(service.stored().await, 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let service = Service::open().await;
    tokio::time::pause();
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (parts, _) = with_body(ask(Method::POST, "ann", START), String::new()).into_parts();
    let refused = service.send(Request::from_parts(parts, never)).await;
    assert_eq!(refused.status, StatusCode::REQUEST_TIMEOUT);
    assert!(refused.json()["detail"].is_string());
}

#[tokio::test]
async fn what_is_not_json_is_told_with_its_place() {
    let service = Service::open().await;
    let refused =
        service.send(with_body(ask(Method::POST, "ann", START), "{\"mood_prompt\":\n  calm}".into())).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("line 2 column"), "{}", refused.text);
    let edit = "/api/agents/recommendations/remix";
    let refused = service.send(with_body(ask(Method::POST, "ann", edit), "{".into())).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[rstest]
#[case::text(Some("text/plain"))]
#[case::form(Some("application/x-www-form-urlencoded"))]
#[case::none(None)]
#[tokio::test]
async fn a_body_is_sent_as_json(#[case] media: Option<&str>) {
    let service = Service::open().await;
    let mut request = Request::post(START).body(Body::from(r#"{"mood_prompt":"calm"}"#)).expect("a request");
    if let Some(media) = media {
        request.headers_mut().insert(CONTENT_TYPE, media.parse().expect("a value"));
    }
    assert_eq!(service.send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(service.stored().await, 0);
}

/// Whatever is typed comes back as the same text, in JSON; the page writes text only.
#[rstest]
#[case::html("<script>alert(1)</script><img src=x onerror=alert(1)>")]
#[case::sql("'; DROP TABLE playlists; --")]
#[case::wildcards("100% _like_ \\ \"this\"")]
#[case::newlines("calm\\ndata: {}")]
#[tokio::test]
async fn texts_come_back_as_they_were_typed(#[case] text: &str) {
    let service = Service::open().await;
    let session = service.ended("ann", text).await;
    let results = service.get("ann", &format!("/api/agents/recommendations/{session}/results")).await;
    assert_eq!(results.json()["mood_prompt"], text);
    assert_eq!(results.headers[CONTENT_TYPE], "application/json");
    assert_eq!(results.headers["x-content-type-options"], "nosniff");
    let query = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let list = service.get("ann", &format!("/api/playlists?search={query}")).await.json();
    assert_eq!(list["total"], 1, "{list}");
    let wrong = service.get("ann", &format!("/api/playlists?sort_by={query}")).await;
    assert_eq!(
        (wrong.fields(), &wrong.headers[CONTENT_TYPE]),
        (vec!["sort_by".to_owned()], &"application/json".parse().expect("a value"))
    );
    let stream = service.get("ann", &format!("/api/agents/recommendations/{session}/stream")).await.text;
    let known = |line: &str| {
        ["", "id:", "event:", "data:", ":"]
            .iter()
            .any(|start| line.starts_with(start) && (!start.is_empty() || line.is_empty()))
    };
    assert!(stream.lines().all(known), "{stream}");
}

#[rstest]
#[case::path(Method::GET, "/api/nothing", StatusCode::NOT_FOUND)]
#[case::method(Method::PUT, START, StatusCode::METHOD_NOT_ALLOWED)]
#[case::method_of_an_alias(Method::GET, "/system/cache/invalidate", StatusCode::METHOD_NOT_ALLOWED)]
#[tokio::test]
async fn unknown_paths_and_methods_are_told_as_json(
    #[case] method: Method,
    #[case] path: &str,
    #[case] status: StatusCode,
) {
    let service = Service::open().await;
    let reply = service.send(ask(method, "ann", path)).await;
    assert_eq!(reply.status, status);
    assert!(reply.json()["detail"].is_string());
    assert_eq!(reply.headers.contains_key("allow"), status == StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let service = Service::open().await;
    let reply = service.send(ask(Method::HEAD, "ann", "/health")).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let service = Service::open().await;
    let mut request = ask(Method::GET, "ann", "/health");
    request.headers_mut().insert("x-request-id", "mine-1".parse().expect("a value"));
    assert_eq!(service.send(request).await.headers["x-request-id"], "mine-1");
    let mut request = ask(Method::GET, "ann", "/health");
    request.headers_mut().insert("x-request-id", "not plain".parse().expect("a value"));
    let made = service.send(request).await.headers["x-request-id"].clone();
    assert_eq!(made.len(), 32);
}

#[tokio::test]
async fn pages_of_configured_origins_may_read_answers() {
    let service =
        Service::with(|config| config.cors.allowed_origins = vec!["https://app.example".into()]).await;
    let from = async |origin: &str, method: Method| {
        let mut request = ask(method, "ann", "/api/playlists");
        request.headers_mut().insert(ORIGIN, origin.parse().expect("a value"));
        request.headers_mut().insert("access-control-request-method", "GET".parse().expect("a value"));
        service.send(request).await
    };
    let reply = from("https://app.example", Method::GET).await;
    assert_eq!(reply.headers["access-control-allow-origin"], "https://app.example");
    let exposed = reply.headers["access-control-expose-headers"].to_str().expect("text");
    assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
    assert_eq!(from("https://app.example", Method::OPTIONS).await.status, StatusCode::OK);
    let other = from("https://evil.example", Method::GET).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
    assert_eq!(other.status, StatusCode::FORBIDDEN);
}
