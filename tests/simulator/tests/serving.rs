//! Ordinary service: keep-alive, limits, latency, log, stop and restart, many connections.

use super::client::{Client, get};
use super::{CATALOGUE, first_tracks, started};
use crate::{Endpoint, Latency, RateLimit, RetryStyle, Settings, Simulator};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test]
async fn one_connection_serves_many_calls_in_sequence() {
    let sim = started().await;
    let mut client = Client::to(sim.addr()).await;
    for _ in 0..50 {
        assert_eq!(client.get(&first_tracks(3)).await.expect("an answer").rows(), 3);
    }
    assert_eq!(sim.stats().calls, 50);
    assert_eq!(sim.stats().max_in_flight, 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let sim = started().await;
    let mut client = Client::to(sim.addr()).await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: sim\r\n\r\n");
    client.send(&(request("/v1/nowhere") + &request(&first_tracks(1)))).await;
    assert_eq!(client.answer(false).await.expect("first").status, 404);
    assert_eq!(client.answer(false).await.expect("second").status, 200);
}

#[tokio::test]
async fn head_sends_the_length_without_the_body() {
    let sim = started().await;
    let mut client = Client::to(sim.addr()).await;
    let answer = client.ask("HEAD", &first_tracks(2), "", b"").await.expect("an answer");
    assert!(answer.promised > 100);
    assert!(answer.body.is_empty());
    assert_eq!(client.get(&first_tracks(2)).await.expect("an answer").rows(), 2);
}

#[tokio::test]
async fn an_upload_is_read_whole_or_chunked() {
    let sim = started().await;
    let form = b"--b\r\nContent-Disposition: form-data; name=\"audioFile\"\r\n\r\nabc\r\n--b--\r\n";
    let kind = "Content-Type: multipart/form-data; boundary=b\r\n";
    let path = "/v1/analysis/audio-features";
    let mut client = Client::to(sim.addr()).await;
    let whole = client.ask("POST", path, kind, form).await.expect("an answer");
    assert_eq!(whole.status, 200, "{}", whole.text());
    let text = String::from_utf8_lossy(form);
    let chunks = format!("10\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &text[..16], text.len() - 16, &text[16..]);
    client.send(&format!("POST {path} HTTP/1.1\r\n{kind}Transfer-Encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!(client.answer(false).await.expect("an answer").text(), whole.text());
}

#[tokio::test]
async fn the_log_tells_what_arrived() {
    let sim = started().await;
    let mut client = Client::to(sim.addr()).await;
    let headers = "User-Agent: MoodList-Agent/1.0\r\nX-Twice: a\r\nx-twice: b\r\n";
    client.ask("GET", "/v1/track?ids=a%2Cb&x=1", headers, b"").await.expect("an answer");
    client.get(&format!("/v1/track/{}", CATALOGUE.tracks()[0].id)).await.expect("an answer");
    let log = sim.log();
    assert_eq!((log[0].seq, log[1].seq), (1, 2));
    assert!(log[0].at <= log[1].at);
    assert_eq!((log[0].method.as_str(), log[0].path.as_str()), ("GET", "/v1/track"));
    assert_eq!(log[0].query, "ids=a%2Cb&x=1");
    assert_eq!((log[0].ids, log[1].ids), (2, 1));
    assert_eq!(log[0].endpoint, Endpoint::Tracks);
    assert_eq!((log[0].status, log[0].in_flight), (Some(200), 1));
    assert!(log[0].took_ms.is_some());
    assert_eq!(log[0].headers["user-agent"], "MoodList-Agent/1.0");
    assert_eq!(log[0].headers["x-twice"], "a, b");
    sim.clear_log();
    assert!(sim.log().is_empty());
}

#[tokio::test]
async fn calls_past_the_limit_get_429_with_whole_seconds() {
    let sim = started().await;
    sim.settings(|s| s.rate_limit = "2/60s".parse().ok());
    for _ in 0..2 {
        assert_eq!(get(sim.addr(), &first_tracks(1)).await.status, 200);
    }
    let refused = get(sim.addr(), &first_tracks(1)).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["status"], 4291);
    let seconds: u64 = refused.header("retry-after").expect("a header").parse().expect("seconds");
    assert!((1..=60).contains(&seconds));
    assert_eq!(sim.stats().by_status[&429], 1);
}

#[tokio::test]
async fn retry_after_can_be_a_date_or_absent() {
    let sim = started().await;
    let limit = |style| {
        move |s: &mut crate::Behaviour| {
            let windows = vec!["0/60s".parse().expect("a window")];
            s.rate_limit = Some(RateLimit { windows, max_in_flight: None, retry_after: style });
        }
    };
    sim.settings(limit(RetryStyle::Date));
    let date = get(sim.addr(), "/v1/track").await;
    assert!(date.header("retry-after").is_some_and(|value| value.ends_with("GMT")));
    sim.settings(limit(RetryStyle::None));
    assert_eq!(get(sim.addr(), "/v1/track").await.header("retry-after"), None);
}

#[tokio::test]
async fn clients_without_a_name_are_turned_away_when_that_is_checked() {
    let sim = started().await;
    sim.settings(|s| s.user_agent_check = true);
    let mut client = Client::to(sim.addr()).await;
    for headers in ["", "User-Agent: \r\n", "User-Agent: Python-urllib/3.11\r\n"] {
        let answer = client.ask("GET", &first_tracks(1), headers, b"").await.expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (403, "error code: 1010"));
    }
    assert_eq!(client.get(&first_tracks(1)).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn latency_is_waited_for_and_can_differ_by_endpoint() {
    let sim = started().await;
    sim.settings(|s| {
        s.latency = Latency::Fixed(Duration::from_millis(80));
        s.endpoint_latency.insert(Endpoint::Artists, Latency::None);
    });
    get(sim.addr(), &first_tracks(1)).await;
    get(sim.addr(), "/v1/artist?ids=a").await;
    let took: Vec<f64> = sim.log().iter().map(|call| call.took_ms.expect("answered")).collect();
    assert!(took[0] >= 80.0, "{took:?}");
    assert!(took[1] < took[0], "{took:?}");
}

#[tokio::test]
async fn concurrent_calls_are_counted_as_in_flight() {
    let sim = started().await;
    sim.settings(|s| s.latency = Latency::Fixed(Duration::from_millis(300)));
    let mut calls = JoinSet::new();
    for _ in 0..5 {
        let addr = sim.addr();
        calls.spawn(async move { get(addr, &first_tracks(1)).await.status });
    }
    assert_eq!(calls.join_all().await, [200; 5]);
    assert_eq!(sim.stats().max_in_flight, 5);
}

#[tokio::test]
async fn a_stopped_upstream_refuses_resets_and_comes_back() {
    let sim = started().await;
    sim.settings(|s| s.latency = Latency::Fixed(Duration::from_mins(1)));
    let mut waiting = Client::to(sim.addr()).await;
    waiting.send("GET /v1/track?ids=a HTTP/1.1\r\n\r\n").await;
    while sim.log().is_empty() {
        tokio::task::yield_now().await;
    }
    sim.stop().await;
    let error = waiting.answer(false).await.expect_err("no answer");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let refused = tokio::net::TcpStream::connect(sim.addr()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    sim.restart().await.expect("the address is free");
    sim.settings(|s| s.latency = Latency::None);
    assert_eq!(get(sim.addr(), &first_tracks(1)).await.status, 200);
    assert_eq!(sim.log().len(), 2);
    assert_eq!(sim.log()[0].status, None);
}

#[tokio::test]
async fn a_taken_address_is_an_error() {
    let sim = started().await;
    let settings = Settings { listen: sim.addr(), ..Settings::default() };
    let error = Simulator::start_with(Arc::clone(&CATALOGUE), settings).await;
    assert_eq!(error.expect_err("taken").kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn malformed_requests_are_refused_and_not_logged() {
    let sim = started().await;
    let mut client = Client::to(sim.addr()).await;
    client.send("NONSENSE\r\n\r\n").await;
    assert_eq!(client.answer(false).await.expect("an answer").status, 400);
    assert!(client.ended().await.expect("a polite end"));
    assert!(sim.log().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_connections_are_served_at_once() {
    let sim = started().await;
    sim.settings(|s| s.latency = Latency::Fixed(Duration::from_secs(2)));
    let mut calls = JoinSet::new();
    for _ in 0..2_000 {
        let addr = sim.addr();
        calls.spawn(async move { get(addr, &first_tracks(1)).await.status });
    }
    assert!(calls.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(sim.stats().calls, 2_000);
}
