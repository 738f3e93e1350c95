use axum::body::Body;
use axum::extract::ConnectInfo;
use chrono::Utc;
use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};
use std::net::SocketAddr;
use uuid::Uuid;

use super::{Reply, START, Service, ask, with_body};
use crate::config::{AuthMode, Config};

const PRIVATE: &str = include_str!("../../auth/keys/rs256.pem");
const PUBLIC: &str = include_str!("../../auth/keys/rs256.pub.pem");
const ADMIN: &str = "an operators' token of the tests";
const SERVICE: &str = "a service token of the tests";

fn jwt(config: &mut Config) {
    config.auth.mode = AuthMode::Jwt;
    config.auth.jwt.key = Some(PUBLIC.into());
    config.auth.jwt.issuer = Some("https://id.example".into());
    config.auth.jwt.audience = Some("recobeat".into());
    config.auth.admin_token = Some(ADMIN.into());
}

fn claims(name: &str, value: Value) -> Value {
    let mut claims = json!({ "sub": "ann", "exp": Utc::now().timestamp() + 600, "iss": "https://id.example", "aud": "recobeat" });
    claims[name] = value;
    claims
}

fn rs256(claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).expect("a key");
    encode(&Header::new(Algorithm::RS256), claims, &key).expect("a token")
}

fn good(user: &str) -> String {
    rs256(&claims("sub", json!(user)))
}

fn hs256_from_the_public_key() -> String {
    let key = EncodingKey::from_secret(PUBLIC.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims("sub", json!("ann")), &key).expect("a token")
}

fn unsigned() -> String {
    let token = good("ann");
    // {"alg":"none","typ":"JWT"}
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", token.split('.').nth(1).expect("claims"))
}

fn forged() -> String {
    let (mine, theirs) = (good("eve"), good("ann"));
    let parts: Vec<_> = mine.split('.').collect();
    format!("{}.{}.{}", parts[0], theirs.split('.').nth(1).expect("claims"), parts[2])
}

fn without(claim: &str) -> String {
    let mut claims = claims("sub", json!("ann"));
    claims.as_object_mut().expect("an object").remove(claim);
    rs256(&claims)
}

fn bearing(method: Method, path: &str, token: &str) -> Request<Body> {
    let mut request = ask(method, "eve", path);
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().expect("a value"));
    request
}

async fn start(service: &Service, token: &str) -> Reply {
    let body = json!({ "mood_prompt": "calm" }).to_string();
    service.send(with_body(bearing(Method::POST, START, token), body)).await
}

#[rstest]
#[case::expired(rs256(&claims("exp", json!(Utc::now().timestamp() - 60))))]
#[case::no_expiry(without("exp"))]
#[case::no_subject(without("sub"))]
#[case::no_issuer(without("iss"))]
#[case::no_audience(without("aud"))]
#[case::other_issuer(rs256(&claims("iss", json!("https://evil.example"))))]
#[case::other_audience(rs256(&claims("aud", json!("other"))))]
#[case::not_yet(rs256(&claims("nbf", json!(Utc::now().timestamp() + 120))))]
#[case::hs256_from_the_public_key(hs256_from_the_public_key())]
#[case::unsigned(unsigned())]
#[case::forged(forged())]
#[case::garbage("garbage".to_owned())]
#[case::operators_token(ADMIN.to_owned())]
#[tokio::test]
async fn a_bad_token_starts_nothing_and_leaves_nothing(#[case] token: String) {
    let service = Service::with(jwt).await;
    let refused = start(&service, &token).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.text);
    assert!(refused.headers["www-authenticate"].to_str().expect("text").starts_with("Bearer "));
    assert_eq!(service.stored().await, 0);
}

#[tokio::test]
async fn a_good_token_names_the_user_and_the_header_does_not() {
    let service = Service::with(jwt).await;
    let started = start(&service, &good("ann")).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text);
    let row = service.app.store.by_session(started.session()).await.expect("a row");
    assert_eq!(row.user_id, "ann");
    assert_eq!(service.get("ann", "/api/playlists").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn anothers_session_is_as_absent_as_none() {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    let id = service.get("ann", "/api/playlists").await.json()["playlists"][0]["id"].clone();
    let none = Uuid::new_v4();
    let runs = "/api/agents/recommendations";
    for (method, theirs, absent) in [
        (Method::GET, format!("{runs}/{session}/status"), format!("{runs}/{none}/status")),
        (Method::GET, format!("{runs}/{session}/stream"), format!("{runs}/{none}/stream")),
        (Method::GET, format!("{runs}/{session}/results"), format!("{runs}/{none}/results")),
        (Method::GET, format!("{runs}/{session}/playlist"), format!("{runs}/{none}/playlist")),
        (Method::GET, format!("{runs}/{session}/results"), format!("{runs}/not-an-id/results")),
        (Method::DELETE, format!("{runs}/{session}"), format!("{runs}/{none}")),
        (Method::GET, format!("/api/playlists/{id}"), "/api/playlists/999999".to_owned()),
        (Method::GET, format!("/api/playlists/{id}"), "/api/playlists/x".to_owned()),
        (Method::DELETE, format!("/api/playlists/{id}"), "/api/playlists/999999".to_owned()),
        (Method::GET, format!("/api/playlists/session/{session}"), format!("/api/playlists/session/{none}")),
    ] {
        let theirs = service.send(ask(method.clone(), "eve", &theirs)).await;
        let absent = service.send(ask(method, "eve", &absent)).await;
        assert_eq!((theirs.status, &theirs.text), (StatusCode::NOT_FOUND, &absent.text));
        assert_eq!(absent.status, StatusCode::NOT_FOUND);
    }
    let edit = json!({ "edit_type": "remove", "track_id": format!("{:022}", 1) });
    let edited = service.post("eve", &format!("/api/playlists/{session}/edit"), &edit).await;
    assert_eq!(edited.status, StatusCode::NOT_FOUND);
    let row = service.get("ann", &format!("/api/playlists/{id}")).await.json();
    assert_eq!((&row["status"], &row["track_count"]), (&json!("completed"), &json!(16)));
}

#[rstest]
#[case::forwarded("forwarded", "for=192.0.2.1")]
#[case::forwarded_for("x-forwarded-for", "192.0.2.1")]
#[case::forwarded_host("x-forwarded-host", "app.example")]
#[case::via("via", "1.1 proxy")]
#[case::real_ip("x-real-ip", "192.0.2.1")]
#[tokio::test]
async fn open_mode_serves_nobody_behind_a_forwarding_proxy(#[case] name: &'static str, #[case] value: &str) {
    let service = Service::open().await;
    for path in [START, "/api/agents/system/cache/invalidate"] {
        let mut request =
            with_body(ask(Method::POST, "ann", path), json!({ "mood_prompt": "calm" }).to_string());
        request.headers_mut().insert(name, value.parse().expect("a value"));
        assert_eq!(service.send(request).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(service.stored().await, 0);
}

#[tokio::test]
async fn open_mode_serves_nobody_elsewhere() {
    let service = Service::open().await;
    let mut request =
        with_body(ask(Method::POST, "ann", START), json!({ "mood_prompt": "calm" }).to_string());
    let peer: SocketAddr = "192.0.2.7:4000".parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    let refused = service.send(request).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("auth.mode"), "{}", refused.text);
    assert_eq!(service.stored().await, 0);
}

#[tokio::test]
async fn operators_endpoints_want_the_operators_token() {
    let service = Service::with(jwt).await;
    for (method, path) in [
        (Method::GET, "/api/agents/system/status"),
        (Method::GET, "/api/agents/system/cache/stats"),
        (Method::GET, "/api/cache/stats"),
        (Method::POST, "/system/cache/invalidate"),
        (Method::GET, "/system/id-registry/stats"),
        (Method::GET, "/system/profiling/metrics"),
        (Method::GET, "/system/profiling/samples/persistence"),
        (Method::GET, "/workflows/active"),
        (Method::GET, "/api/agents/workflows/recent"),
        (Method::PUT, "/system/popular-moods/rain"),
        (Method::DELETE, "/system/popular-moods/rain"),
    ] {
        let users = service.send(bearing(method.clone(), path, &good("ann"))).await;
        assert_eq!(users.status, StatusCode::FORBIDDEN, "{path}");
        let nobodys = service.send(ask(method, "ann", path)).await;
        assert_eq!(nobodys.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let operators = service.send(bearing(Method::GET, "/api/agents/system/status", ADMIN)).await;
    assert_eq!(operators.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_service_token_leaves_nothing() {
    let service = Service::with(|config| {
        config.auth.mode = AuthMode::Service;
        config.auth.service_token = Some(SERVICE.into());
    })
    .await;
    assert_eq!(start(&service, "a service token of the testz").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(service.stored().await, 0);
    let right = start(&service, SERVICE).await;
    let row = service.app.store.by_session(right.session()).await.expect("a row");
    assert_eq!(row.user_id, "eve");
}

#[tokio::test]
async fn a_services_address_counts_only_while_it_shows_no_good_token() {
    let service = Service::with(|config| {
        config.auth.mode = AuthMode::Service;
        config.auth.service_token = Some(SERVICE.into());
        config.limits.address_per_minute = 1;
    })
    .await;
    for _ in 0..3 {
        assert_eq!(start(&service, SERVICE).await.status, StatusCode::OK);
    }
    assert_eq!(start(&service, "a guess of the tests").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(start(&service, "a guess of the tests").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(start(&service, SERVICE).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_a_stream_takes_its_token_from_the_query() {
    let service = Service::with(jwt).await;
    let (token, runs) = (good("ann"), "/api/agents/recommendations");
    let session = start(&service, &token).await.session();
    let query = |what: &str| format!("{runs}/{session}/{what}?access_token={token}");
    assert_eq!(service.get("x", &query("stream")).await.status, StatusCode::OK);
    assert_eq!(service.get("x", &query("events")).await.status, StatusCode::OK);
    assert_eq!(service.get("x", &query("status")).await.status, StatusCode::UNAUTHORIZED);
}
