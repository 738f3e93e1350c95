//! Each fault, as a client meets it.

use super::client::{Client, get};
use super::{CATALOGUE, first_tracks, started};
use crate::{Endpoint, Fault, RetryStyle, Rule, Shape, Simulator};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::time::Duration;

/// The first answer under a fault, and after it one that shows the fault is spent.
async fn once(fault: Fault) -> (Simulator, super::client::Answer) {
    let sim = started().await;
    let name = fault.name();
    sim.add_fault(Rule::any(fault).times(1));
    let answer = get(sim.addr(), &first_tracks(3)).await;
    assert_eq!(sim.log()[0].faults, [name]);
    assert_eq!(get(sim.addr(), &first_tracks(3)).await.rows(), 3);
    (sim, answer)
}

#[tokio::test]
async fn an_internal_error_is_500_and_5001() {
    let (_, answer) = once(Fault::InternalError).await;
    assert_eq!((answer.status, answer.json()["status"].as_u64()), (500, Some(5001)));
}

#[tokio::test]
async fn unavailable_may_say_when_to_come_back() {
    let (_, answer) = once(Fault::Unavailable { retry_after: Some(7) }).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("7")));
    let (_, answer) = once(Fault::Unavailable { retry_after: None }).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, None));
}

#[tokio::test]
async fn a_storm_of_429_carries_the_given_value() {
    let (_, answer) = once(Fault::TooMany { retry_after: 12, style: RetryStyle::Seconds }).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("12")));
    assert_eq!(answer.json()["status"], 4291);
}

#[tokio::test]
async fn a_refusal_says_what_it_is_told_to_say() {
    let message = "too many negative seeds".to_owned();
    let (_, answer) = once(Fault::Refuse { status: 400, code: 4002, message }).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "too many negative seeds");
}

#[tokio::test]
async fn a_hanging_call_stays_in_flight_until_the_client_leaves() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::Hang).times(1));
    let mut client = Client::to(sim.addr()).await;
    client.send("GET /v1/track?ids=a HTTP/1.1\r\n\r\n").await;
    let silence = tokio::time::timeout(Duration::from_millis(100), client.answer(false)).await;
    assert!(silence.is_err(), "an answer came");
    assert_eq!(sim.log()[0].took_ms, None);
    drop(client);
    while sim.log()[0].took_ms.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sim.log()[0].status, None);
    assert_eq!(sim.stats().unanswered, 1);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::Reset { after_bytes: 0 }).times(1));
    let error = Client::to(sim.addr()).await.get(&first_tracks(1)).await.expect_err("a reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(sim.log()[0].status, None);
}

#[tokio::test]
async fn a_reset_can_come_in_the_middle_of_an_answer() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::Reset { after_bytes: 300 }).times(1));
    let error = Client::to(sim.addr()).await.get(&first_tracks(5)).await.expect_err("a reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(sim.log()[0].status, Some(200));
}

#[tokio::test]
async fn a_close_ends_the_connection_without_an_answer() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::Close).times(1));
    let error = Client::to(sim.addr()).await.get(&first_tracks(1)).await.expect_err("no answer");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_promised() {
    let (_, answer) = once(Fault::Truncated).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() < answer.promised, "{} of {}", answer.body.len(), answer.promised);
    assert!(!answer.body.is_empty());
}

#[tokio::test]
async fn garbage_is_called_json_but_is_none() {
    let (_, answer) = once(Fault::Garbage).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
}

#[tokio::test]
async fn wrong_shapes_are_valid_json() {
    let (_, answer) = once(Fault::WrongShape { shape: Shape::Data }).await;
    assert_eq!(answer.text(), r#"{"data":[]}"#);
    let (_, answer) = once(Fault::WrongShape { shape: Shape::List }).await;
    assert_eq!(answer.json().as_array().map(Vec::len), Some(3));
    let (_, answer) = once(Fault::WrongShape { shape: Shape::NoIds }).await;
    assert_eq!(answer.rows(), 3);
    assert!(answer.json()["content"][0].get("id").is_none());
    let (_, answer) = once(Fault::WrongShape { shape: Shape::NullRows }).await;
    assert_eq!(answer.text(), r#"{"content":[null]}"#);
    let (_, answer) = once(Fault::WrongShape { shape: Shape::Error }).await;
    assert_eq!((answer.status, answer.json()["status"].as_u64()), (200, Some(5001)));
}

#[tokio::test]
async fn the_edge_refuses_in_html() {
    let (_, answer) = once(Fault::Html403).await;
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("text/html")));
    assert_eq!(answer.text(), "error code: 1010");
}

#[tokio::test]
async fn a_slow_body_arrives_whole_but_late() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::SlowBody { chunk: 400, every_ms: 20 }).times(1));
    let answer = get(sim.addr(), &first_tracks(3)).await;
    assert_eq!(answer.rows(), 3);
    let steps = u32::try_from(answer.promised.div_ceil(400)).expect("few steps");
    assert!(sim.log()[0].took_ms.is_some_and(|took| took >= 20.0 * f64::from(steps)));
}

#[tokio::test]
async fn no_store_is_a_good_answer_with_a_header() {
    let (_, answer) = once(Fault::NoStore).await;
    assert_eq!((answer.rows(), answer.header("cache-control")), (3, Some("no-store")));
}

#[tokio::test]
async fn gzip_is_sent_to_those_who_ask_for_it() {
    let sim = started().await;
    sim.add_fault(Rule::any(Fault::Gzip));
    let mut client = Client::to(sim.addr()).await;
    let plain = client.get(&first_tracks(3)).await.expect("an answer");
    assert_eq!((plain.rows(), plain.header("content-encoding")), (3, None));
    let asked = client.ask("GET", &first_tracks(1), "Accept-Encoding: br, gzip\r\n", b"").await;
    let packed = asked.expect("an answer");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, format!(r#"{{"content":[{}]}}"#, CATALOGUE.tracks()[0].row));
}

#[tokio::test]
async fn a_relinked_id_is_answered_under_another() {
    let sim = started().await;
    let [asked, other] = [&CATALOGUE.tracks()[0], &CATALOGUE.tracks()[9]];
    sim.add_fault(Rule::on(
        Endpoint::Tracks,
        Fault::Relink { asked: asked.spotify.clone(), answers_as: other.spotify.clone() },
    ));
    let answer = get(sim.addr(), &format!("/v1/track?ids={}", asked.spotify)).await;
    assert_eq!(answer.text(), format!(r#"{{"content":[{}]}}"#, other.row));
    let direct = get(sim.addr(), &format!("/v1/track?ids={}", asked.id)).await;
    assert_eq!(direct.json()["content"][0]["id"], asked.id.as_str());
}

#[tokio::test]
async fn dropped_rows_are_absent_by_either_id() {
    let sim = started().await;
    let lost = &CATALOGUE.tracks()[0];
    let ids = BTreeSet::from([lost.spotify.clone()]);
    sim.add_fault(Rule::any(Fault::DropRows { ids }));
    assert_eq!(get(sim.addr(), &first_tracks(3)).await.rows(), 2);
    assert_eq!(get(sim.addr(), &format!("/v1/track?ids={}", lost.id)).await.rows(), 0);
    sim.clear_faults();
    assert_eq!(get(sim.addr(), &first_tracks(3)).await.rows(), 3);
}

#[tokio::test]
async fn endless_makes_up_the_tracks_it_does_not_know() {
    let sim = started().await;
    let known = &CATALOGUE.tracks()[0];
    let ids = format!("{},00000000-0000-4000-8000-000000000001,2ZyXwVuTsRqPoNmLkJiHgF", known.id);
    assert_eq!(get(sim.addr(), &format!("/v1/track?ids={ids}")).await.rows(), 1);
    sim.add_fault(Rule::any(Fault::Endless));
    for path in ["/v1/track", "/v1/audio-features"] {
        let answer = get(sim.addr(), &format!("{path}?ids={ids}")).await;
        assert_eq!(answer.rows(), 2);
        assert!(answer.text().contains(&known.row) || answer.text().contains("acousticness"));
        let alone = format!("{path}?ids=00000000-0000-4000-8000-000000000001");
        let again = get(sim.addr(), &alone).await.json();
        let made_up = &again["content"][0];
        assert_eq!(made_up["id"], "00000000-0000-4000-8000-000000000001");
        assert!(answer.json()["content"].as_array().expect("rows").contains(made_up));
    }
}

#[tokio::test]
async fn padded_answers_are_good_and_long() {
    let sim = started().await;
    let plain = get(sim.addr(), &first_tracks(3)).await;
    sim.add_fault(Rule::any(Fault::Padded { bytes: 10_000 }));
    let padded = get(sim.addr(), &first_tracks(3)).await;
    assert_eq!(padded.rows(), 3);
    assert!(padded.body.len() >= plain.body.len() + 10_000);
}

#[tokio::test]
async fn a_call_refused_by_the_limit_does_not_use_a_fault_up() {
    let sim = started().await;
    sim.settings(|s| s.rate_limit = "0/60s".parse().ok());
    sim.add_fault(Rule::any(Fault::InternalError).times(1));
    assert_eq!(get(sim.addr(), &first_tracks(1)).await.status, 429);
    sim.settings(|s| s.rate_limit = None);
    assert_eq!(get(sim.addr(), &first_tracks(1)).await.status, 500);
}
