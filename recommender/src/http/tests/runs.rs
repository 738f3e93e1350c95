use futures_util::StreamExt;
use http::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use super::{START, Service, ask};

const RUNS: &str = "/api/agents/recommendations";

#[tokio::test]
async fn a_start_is_accepted_and_its_run_ends_with_results() {
    let service = Service::open().await;
    let started = service.post("ann", START, &json!({ "mood_prompt": "calm" })).await;
    assert_eq!(started.status, StatusCode::OK);
    let (body, session) = (started.json(), started.session());
    assert_eq!((&body["status"], &body["mood_prompt"]), (&json!("started"), &json!("calm")));

    let events = service.get("ann", &format!("{RUNS}/{session}/stream")).await;
    assert_eq!(events.headers["content-type"], "text/event-stream");
    assert!(events.text.contains("event: complete"), "{}", events.text);

    let status = service.get("ann", &format!("{RUNS}/{session}/status")).await.json();
    assert_eq!((&status["status"], &status["recommendation_count"]), (&json!("completed"), &json!(16)));
    let results = service.get("ann", &format!("{RUNS}/{session}/results")).await.json();
    assert_eq!(results["recommendations"].as_array().map(Vec::len), Some(16));
    let playlist = service.get("ann", &format!("{RUNS}/{session}/playlist")).await.json();
    assert_eq!(playlist["total_tracks"], 16);
    assert!(playlist["playlist"]["name"].is_string());
}

#[tokio::test]
async fn a_wait_answers_with_the_results_or_with_the_start() {
    let service = Service::open().await;
    let done = service.post("ann", &format!("{START}?wait=30s"), &json!({ "mood_prompt": "calm" })).await;
    assert_eq!((done.status, &done.json()["status"]), (StatusCode::OK, &json!("completed")));
    let begun = service.post("ann", &format!("{START}?wait=0"), &json!({ "mood_prompt": "hang" })).await;
    assert_eq!((begun.status, &begun.json()["status"]), (StatusCode::OK, &json!("started")));
}

#[tokio::test]
async fn the_prompt_may_stand_in_the_query_and_the_body_is_stronger() {
    let service = Service::open().await;
    let alone = service.send(ask(Method::POST, "ann", &format!("{START}?mood_prompt=calm%20rain"))).await;
    assert_eq!(alone.json()["mood_prompt"], "calm rain");
    let both =
        service.post("ann", &format!("{START}?mood_prompt=one"), &json!({ "mood_prompt": "two" })).await;
    assert_eq!(both.json()["mood_prompt"], "two");
}

#[tokio::test]
async fn a_run_under_way_has_neither_results_nor_a_list_and_can_be_cancelled() {
    let service = Service::open().await;
    let session = service.hanging("ann").await;
    let results = service.get("ann", &format!("{RUNS}/{session}/results")).await;
    assert_eq!(results.status, StatusCode::CONFLICT);
    let playlist = service.get("ann", &format!("{RUNS}/{session}/playlist")).await;
    assert_eq!(playlist.status, StatusCode::BAD_REQUEST);
    let active = service.get("ann", "/api/agents/workflows/active").await.json();
    assert_eq!(active["total_count"], 1);

    let cancelled = service.delete("ann", &format!("{RUNS}/{session}")).await;
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (StatusCode::OK, &json!("cancelled")));
    let results = service.get("ann", &format!("{RUNS}/{session}/results")).await.json();
    assert_eq!(results["status"], "cancelled");
}

#[tokio::test]
async fn a_completed_run_is_not_cancelled() {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    assert_eq!(service.delete("ann", &format!("{RUNS}/{session}")).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_failed_run_says_why() {
    let service = Service::open().await;
    let session = service.ended("ann", "fail please").await;
    let results = service.get("ann", &format!("{RUNS}/{session}/results")).await.json();
    assert_eq!(results["status"], "failed");
    assert_eq!(results["metadata"]["error"], "no strategy has found a track");
    let events = service.get("ann", &format!("{RUNS}/{session}/events")).await;
    assert!(events.text.contains("event: error"), "{}", events.text);
}

#[rstest]
#[case::header(Some("1"), "")]
#[case::query(None, "?last_event_id=1")]
#[tokio::test]
async fn a_listener_comes_back_after_the_last_event_it_has_seen(
    #[case] header: Option<&str>,
    #[case] query: &str,
) {
    let service = Service::open().await;
    let session = service.ended("ann", "calm").await;
    let whole = service.get("ann", &format!("{RUNS}/{session}/stream")).await.text;
    assert!(whole.contains("id: 1\n"), "{whole}");
    let mut request = ask(Method::GET, "ann", &format!("{RUNS}/{session}/stream{query}"));
    if let Some(id) = header {
        request.headers_mut().insert("last-event-id", id.parse().expect("a value"));
    }
    let rest = service.send(request).await.text;
    assert!(!rest.contains("id: 1\n") && rest.contains("event: complete"), "{rest}");
}

#[tokio::test]
async fn streams_end_when_the_service_stops() {
    let service = Service::open().await;
    let session = service.hanging("ann").await;
    let answer = service.begin(ask(Method::GET, "ann", &format!("{RUNS}/{session}/stream"))).await;
    let mut body = answer.into_body().into_data_stream();
    body.next().await.expect("an event").expect("bytes");
    service.app.stopping.cancel();
    while body.next().await.is_some() {}
}

#[tokio::test]
async fn a_remix_takes_an_own_playlist_or_tracks() {
    let service = Service::open().await;
    service.ended("ann", "calm").await;
    let id = service.get("ann", "/api/playlists").await.json()["playlists"][0]["id"].clone();
    let remix = service.post("ann", &format!("{RUNS}/remix"), &json!({ "playlist_id": id })).await;
    assert_eq!(remix.status, StatusCode::OK, "{}", remix.text);
    assert_eq!(
        (&remix.json()["source_tracks_count"], &remix.json()["mood_prompt"]),
        (&json!(16), &json!("calm"))
    );
    let tracks = json!({ "remix_tracks": [{ "id": Uuid::from_u128(7).to_string() }], "mood_prompt": "calm" });
    assert_eq!(service.post("bob", &format!("{RUNS}/remix"), &tracks).await.status, StatusCode::OK);
    let others = service.post("bob", &format!("{RUNS}/remix"), &json!({ "playlist_id": id })).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    let nothing = service.post("bob", &format!("{RUNS}/remix"), &json!({})).await;
    assert_eq!(nothing.fields(), ["playlist_id"]);
}

#[tokio::test]
async fn a_prefetch_begins_or_says_why_not() {
    let service = Service::open().await;
    let path = format!("{RUNS}/prefetch-cache");
    let body = json!({ "top_tracks": [{ "id": Uuid::from_u128(7).to_string() }] });
    let begun = service.post("ann", &path, &body).await;
    assert_eq!((begun.status, &begun.json()["status"]), (StatusCode::OK, &json!("prefetch_started")));
    assert_eq!(service.post("bob", &path, &json!({})).await.json()["status"], "prefetch_failed");
    let wrong = service.post("bob", &path, &json!({ "top_tracks": [{ "id": "x" }] })).await;
    assert_eq!(wrong.fields(), ["top_tracks[0].id"]);
}

#[tokio::test]
async fn starts_are_limited_and_say_when_to_come_back() {
    let service = Service::with(|config| config.limits.start_per_minute = 1).await;
    let body = json!({ "mood_prompt": "calm" });
    assert_eq!(service.post("ann", START, &body).await.status, StatusCode::OK);
    let refused = service.post("ann", START, &body).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let told = refused.json();
    assert_eq!((&told["error"], &told["limit"]), (&json!("rate_limit_exceeded"), &json!(1)));
    let seconds: u64 = refused.headers["retry-after"].to_str().expect("text").parse().expect("an integer");
    assert_eq!(told["retry_after"], seconds);
    assert!((1..=60).contains(&seconds));
    assert_eq!(service.post("bob", START, &body).await.status, StatusCode::OK);
    assert_eq!(service.stored().await, 2);
}

#[tokio::test]
async fn addresses_are_limited_whoever_asks_from_them() {
    let service = Service::with(|config| config.limits.address_per_minute = 2).await;
    for user in ["ann", "bob"] {
        assert_eq!(service.get(user, "/api/playlists").await.status, StatusCode::OK);
    }
    assert_eq!(service.get("eve", "/api/playlists").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(service.get("eve", "/health").await.status, StatusCode::OK);
    assert_eq!(service.get("eve", "/health/ready").await.status, StatusCode::OK);
    for open in ["/api/stats/public", "/openapi.json", "/"] {
        assert_eq!(service.get("eve", open).await.status, StatusCode::TOO_MANY_REQUESTS, "{open}");
    }
}

#[tokio::test]
async fn an_eleventh_stream_of_a_user_is_refused() {
    let service = Service::open().await;
    let session = service.hanging("ann").await;
    let path = format!("{RUNS}/{session}/stream");
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(service.begin(ask(Method::GET, "ann", &path)).await);
    }
    let refused = service.get("ann", &path).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key("retry-after"));
    open.pop();
    assert_eq!(service.begin(ask(Method::GET, "ann", &path)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_list_with_texts_longer_than_a_request_may_carry_can_be_remixed() {
    let service = Service::open().await;
    service.ended("ann", &"calm ".repeat(99)).await;
    let id = service.get("ann", "/api/playlists").await.json()["playlists"][0]["id"].clone();
    let remix = service.post("ann", &format!("{RUNS}/remix"), &json!({ "playlist_id": id })).await;
    assert_eq!((remix.status, &remix.json()["source_tracks_count"]), (StatusCode::OK, &json!(16)));
}

#[tokio::test]
async fn what_the_service_notes_of_a_run_is_not_told() {
    let service = Service::open().await;
    let session = service.hanging("ann").await;
    let row = service.get("ann", &format!("/api/playlists/session/{session}")).await.json();
    assert_eq!(row["metadata"], json!({}));
}

#[tokio::test]
async fn a_daily_quota_counts_starts() {
    let service = Service::with(|config| config.limits.start_per_day = 1).await;
    service.ended("ann", "calm").await;
    let refused = service.post("ann", START, &json!({ "mood_prompt": "calm" })).await;
    assert_eq!((refused.status, &refused.json()["limit"]), (StatusCode::TOO_MANY_REQUESTS, &json!(1)));
}
