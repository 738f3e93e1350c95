//! The control API, as a test in another process uses it.

use super::client::{Client, get};
use super::{CATALOGUE, first_tracks, started};
use crate::{Call, Latency, Simulator, Stats};
use std::time::Duration;

async fn control(sim: &Simulator, method: &str, path: &str, body: &str) -> super::client::Answer {
    let mut client = Client::to(sim.addr()).await;
    client.ask(method, path, "", body.as_bytes()).await.expect("an answer")
}

#[tokio::test]
async fn log_and_figures_read_back_as_the_library_types() {
    let sim = started().await;
    get(sim.addr(), &first_tracks(2)).await;
    let calls: Vec<Call> = serde_json::from_slice(&get(sim.addr(), "/_sim/log").await.body).expect("calls");
    assert_eq!(calls, sim.log());
    let stats: Stats = serde_json::from_slice(&get(sim.addr(), "/_sim/stats").await.body).expect("stats");
    assert_eq!(stats, sim.stats());
    assert_eq!((stats.calls, stats.ids_asked), (1, 2));
    control(&sim, "DELETE", "/_sim/log", "").await;
    assert!(sim.log().is_empty());
}

#[tokio::test]
async fn control_is_never_limited_delayed_or_broken() {
    let sim = started().await;
    sim.settings(|s| {
        s.rate_limit = "0/60s".parse().ok();
        s.latency = Latency::Fixed(Duration::from_mins(1));
        s.user_agent_check = true;
    });
    control(&sim, "POST", "/_sim/faults", r#"{"fault":"hang"}"#).await;
    assert_eq!(control(&sim, "GET", "/_sim/stats", "").await.status, 200);
    assert!(sim.log().is_empty());
}

#[tokio::test]
async fn settings_are_changed_key_by_key() {
    let sim = started().await;
    let put = |body: &'static str| control(&sim, "PUT", "/_sim/settings", body);
    assert_eq!(put(r#"{"latency":"5ms","rate_limit":"90/60s,1/100ms"}"#).await.status, 200);
    let now = put(r#"{"user_agent_check":true,"endpoint_latency":{"artists":"1s"}}"#).await.json();
    assert_eq!(now["latency"], "5ms");
    assert_eq!(now["rate_limit"]["windows"][1], "1/100ms");
    assert_eq!(now["endpoint_latency"]["artists"], "1s");
    assert!(put(r#"{"rate_limit":"off"}"#).await.json()["rate_limit"].is_null());
}

#[tokio::test]
async fn wrong_settings_change_nothing_and_say_why() {
    let sim = started().await;
    for (body, word) in [
        (r#"{"latencey":"5ms"}"#, "latencey"),
        (r#"{"latency":"fast"}"#, "lognormal:480ms,0.5"),
        (r#"{"rate_limit":"many"}"#, "90/60s"),
        ("[]", "expected"),
    ] {
        let answer = control(&sim, "PUT", "/_sim/settings", body).await;
        assert_eq!(answer.status, 400);
        let complaint = answer.json();
        assert!(complaint["error"].as_str().is_some_and(|text| text.contains(word)), "{complaint}");
        assert_eq!(complaint["where"], "PUT /_sim/settings");
        assert!(complaint["hint"].as_str().is_some_and(|hint| hint.contains("latency")));
    }
    assert_eq!(get(sim.addr(), "/_sim/settings").await.json()["latency"], "none");
}

#[tokio::test]
async fn faults_are_added_listed_and_removed() {
    let sim = started().await;
    let rules = r#"[{"match":{"endpoint":"tracks"},"fault":"internal_error","times":1},{"match":{"query":"zzz"},"fault":{"reset":{"after_bytes":9}}}]"#;
    assert_eq!(control(&sim, "POST", "/_sim/faults", rules).await.json()["ids"][1], 2);
    assert_eq!(get(sim.addr(), &first_tracks(1)).await.status, 500);
    let list = get(sim.addr(), "/_sim/faults").await.json();
    assert_eq!((list[0]["hit"].as_u64(), list[1]["seen"].as_u64()), (Some(1), Some(0)));
    assert_eq!(control(&sim, "DELETE", "/_sim/faults?id=2", "").await.status, 200);
    assert_eq!(control(&sim, "DELETE", "/_sim/faults?id=2", "").await.status, 404);
    control(&sim, "DELETE", "/_sim/faults", "").await;
    assert_eq!(get(sim.addr(), "/_sim/faults").await.text(), "[]");
}

#[tokio::test]
async fn one_bad_rule_in_a_list_adds_none() {
    let sim = started().await;
    let answer = control(&sim, "POST", "/_sim/faults", r#"[{"fault":"hang"},{"fault":"flood"}]"#).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("flood"));
    assert_eq!(get(sim.addr(), "/_sim/faults").await.text(), "[]");
}

#[tokio::test]
async fn the_catalogue_can_be_looked_through() {
    let sim = started().await;
    let body = get(sim.addr(), "/_sim/catalogue?offset=5&limit=2").await.json();
    assert_eq!(body["total"], CATALOGUE.tracks().len());
    assert_eq!(body["tracks"].as_array().map(Vec::len), Some(2));
    let track = &CATALOGUE.tracks()[5];
    let shown = &body["tracks"][0];
    assert_eq!(shown["spotify"], track.spotify.as_str());
    assert_eq!(shown["artist"]["id"], CATALOGUE.artists()[track.artists[0]].id.as_str());
    assert_eq!(shown["album_id"], CATALOGUE.albums()[track.album].id.as_str());
    let unknown = get(sim.addr(), "/_sim/catalogue/unknown?limit=3").await.json();
    assert_eq!(unknown["unknown"][2], CATALOGUE.unknown()[2].as_str());
    let artists = get(sim.addr(), "/_sim/catalogue/artists?limit=1").await.json();
    assert_eq!(artists["artists"][0]["id"], CATALOGUE.artists()[0].id.as_str());
    assert_eq!(get(sim.addr(), "/_sim/catalogue?limit=x").await.status, 400);
    assert_eq!(get(sim.addr(), "/_sim/catalog").await.status, 404);
}
