use std::net::{IpAddr, Ipv4Addr};

use rstest::rstest;

use super::Running;
use super::service::rows;
use crate::budget::Lane;

#[tokio::test]
async fn an_answer_carries_everything_a_client_can_use() {
    let front = Running::start(|_| {});
    let response = front.client().await.get("/own/small", "X-Request-Id: abc\r\n").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), rows(2));
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("content-length"), Some(rows(2).len().to_string().as_str()));
    assert_eq!(response.header("etag"), Some("\"0123abcd\""));
    assert_eq!(response.header("age"), Some("7"));
    assert_eq!(response.header("cache-status"), Some("recobeat; hit; ttl=60"));
    assert_eq!(response.header("x-request-id"), Some("abc"));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        response.header("access-control-expose-headers"),
        Some("Age, Cache-Status, ETag, Retry-After, X-Request-Id")
    );
    assert_eq!(response.header("vary"), None);
    assert_eq!(response.header("connection"), Some("keep-alive"));
}

#[tokio::test]
async fn the_query_reaches_the_service_as_sent() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    assert_eq!(client.get("/own/echo?ids=a%2Cb+c", "").await.text(), "{\"query\":\"ids=a%2Cb+c\"}");
    assert_eq!(client.get("/own/echo", "").await.text(), "{\"query\":\"-\"}");
    assert_eq!(client.get("http://proxy/own/echo?a", "").await.text(), "{\"query\":\"a\"}");
}

#[tokio::test]
async fn the_caller_is_who_the_socket_says() {
    let front = Running::start(|_| {});
    let lines =
        "Priority: u=5\r\nCache-Control: no-cache\r\nX-Forwarded-For: 9.9.9.9\r\nX-Request-Id: me\r\n";
    front.client().await.get("/own/small", lines).await;
    let caller = front.stub.caller();
    assert_eq!(caller.client, IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(caller.lane, Lane::Refresh);
    assert!(caller.no_cache);
    assert_eq!(caller.request_id, "me");
}

#[tokio::test]
async fn a_connection_outlives_answers_and_errors() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    assert_eq!(client.get("/own/bad", "").await.status, 400);
    let busy = client.get("/own/busy", "").await;
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("17")));
    assert_eq!(busy.header("connection"), Some("keep-alive"));
    let refused = client.get("/elsewhere", "").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("3")));
    assert_eq!(client.get("/own/small", "").await.status, 200);
    assert_eq!(client.ask("HEAD", "/own/small", "").await.status, 200);
    assert_eq!(client.ask("OPTIONS", "/own/small", "").await.status, 204);
    assert_eq!(client.get("/own/small", "If-None-Match: *\r\n").await.status, 304);
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    let one = |n: u8| format!("GET /own/echo?{n} HTTP/1.1\r\nHost: proxy\r\n\r\n");
    client.send([one(1), one(2), one(3)].concat()).await;
    for n in 1..=3 {
        assert_eq!(client.response(true).await.text(), format!("{{\"query\":\"{n}\"}}"));
    }
}

#[tokio::test]
async fn a_client_that_asks_for_the_end_gets_it() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    let response = client.get("/own/small", "Connection: close\r\n").await;
    assert_eq!(response.header("connection"), Some("close"));
    assert!(client.closed().await);

    let mut old = front.client().await;
    old.send("GET /own/small HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.response(true).await.status, 200);
    assert!(old.closed().await);
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    let lines = "Accept-Encoding: gzip\r\n";
    let get = client.get("/own/large", lines).await;
    let head = client.ask("HEAD", "/own/large", lines).await;
    for name in ["content-length", "content-type", "content-encoding", "etag", "vary"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    // Nothing of a body is left on the connection.
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[rstest]
#[case::gzip("gzip, deflate", Some("gzip"), "\"0123abcd-gzip\"")]
#[case::brotli("br", Some("br"), "\"0123abcd-br\"")]
#[case::zstd("zstd, gzip;q=0.5", Some("zstd"), "\"0123abcd-zstd\"")]
#[case::nothing("identity", None, "\"0123abcd\"")]
#[tokio::test]
async fn a_large_answer_comes_in_the_clients_coding(
    #[case] accepted: &str,
    #[case] coding: Option<&str>,
    #[case] etag: &str,
) {
    let front = Running::start(|_| {});
    let lines = format!("Accept-Encoding: {accepted}\r\n");
    let response = front.client().await.get("/own/large", &lines).await;
    assert_eq!(response.header("content-encoding"), coding);
    assert_eq!(response.header("etag"), Some(etag));
    assert_eq!(response.header("vary"), Some("Accept-Encoding"));
    let plain = match coding {
        Some("gzip") => std::io::read_to_string(flate2::read::GzDecoder::new(&response.body[..])).unwrap(),
        Some("br") => std::io::read_to_string(brotli::Decompressor::new(&response.body[..], 4096)).unwrap(),
        Some("zstd") => String::from_utf8(zstd::stream::decode_all(&response.body[..]).unwrap()).unwrap(),
        _ => response.text().to_owned(),
    };
    assert_eq!(plain, rows(100));
    assert_eq!(coding.is_some(), response.body.len() < plain.len() / 2);
}

#[tokio::test]
async fn a_small_answer_is_not_compressed() {
    let front = Running::start(|_| {});
    let response = front.client().await.get("/own/small", "Accept-Encoding: gzip\r\n").await;
    assert_eq!(response.header("content-encoding"), None);
    assert_eq!(response.header("etag"), Some("\"0123abcd\""));
}

#[rstest]
#[case::own_coding("gzip", "W/\"other\", \"0123abcd-gzip\"", 304)]
#[case::weak("gzip", "W/\"0123abcd-gzip\"", 304)]
#[case::any("gzip", "*", 304)]
#[case::other_coding("gzip", "\"0123abcd\"", 200)]
#[case::plain("identity", "\"0123abcd\"", 304)]
#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again(
    #[case] accepted: &str,
    #[case] condition: &str,
    #[case] status: u16,
) {
    let front = Running::start(|_| {});
    let lines = format!("Accept-Encoding: {accepted}\r\nIf-None-Match: {condition}\r\n");
    let response = front.client().await.get("/own/large", &lines).await;
    assert_eq!(response.status, status);
    assert!(response.header("etag").is_some());
    for name in ["age", "cache-status", "vary", "x-request-id", "access-control-allow-origin"] {
        assert!(response.header(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_here() {
    let front = Running::start(|_| {});
    let lines = "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\
                 Access-Control-Request-Headers: x-request-id, priority\r\n";
    let response = front.client().await.ask("OPTIONS", "/v1/track", lines).await;
    assert_eq!(response.status, 204);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, HEAD, POST, OPTIONS"));
    assert_eq!(response.header("access-control-allow-headers"), Some("x-request-id, priority"));
    assert_eq!(response.header("access-control-max-age"), Some("86400"));
    assert!(front.stub.callers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn listed_origins_may_read_and_others_may_not() {
    let front = Running::start(|settings| {
        settings.cors_origins = vec!["https://a.example".to_owned(), "https://b.example".to_owned()];
    });
    let mut client = front.client().await;
    let listed = client.get("/own/small", "Origin: https://b.example\r\n").await;
    assert_eq!(listed.header("access-control-allow-origin"), Some("https://b.example"));
    assert_eq!(listed.header("vary"), Some("Origin"));
    let other = client.get("/own/small", "Origin: https://c.example\r\n").await;
    assert_eq!(other.header("access-control-allow-origin"), None);
    assert_eq!(other.header("vary"), Some("Origin"));
    let preflight = client
        .ask("OPTIONS", "/", "Origin: https://c.example\r\nAccess-Control-Request-Method: GET\r\n")
        .await;
    assert_eq!(preflight.header("access-control-allow-methods"), None);
}
