use rstest::rstest;

use super::{Running, SOON};

/// Sends `request` and returns the status of the refusal; the connection must end after it.
async fn refused(front: &Running, request: impl AsRef<[u8]>) -> (u16, serde_json::Value) {
    let mut client = front.client().await;
    client.send(request).await;
    let response = client.response(true).await;
    assert_eq!(response.header("connection"), Some("close"));
    assert!(client.closed().await);
    (response.status, response.json())
}

#[rstest]
#[case::no_host("GET /own/small HTTP/1.1\r\n\r\n", 400)]
#[case::two_hosts("GET /own/small HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
#[case::body_on_get("GET /own/small HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd", 400)]
#[case::chunked_body_on_get(
    "GET /own/small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400
)]
#[case::length_and_chunked(
    "POST /v1/analysis/audio-features HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400
)]
#[case::two_lengths("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400)]
#[case::nul("GET /own/\0small HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
#[case::raw_unicode("GET /own/ü HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
#[case::other_host_in_target("GET http://b/own/small HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
#[case::userinfo("GET /own/small HTTP/1.1\r\nHost: a@b\r\n\r\n", 400)]
#[case::not_http("\x16\x03\x01\x02\x00\x01\r\n\r\n", 400)]
#[case::expectation("GET /own/small HTTP/1.1\r\nHost: a\r\nExpect: gold\r\n\r\n", 417)]
#[case::connect("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405)]
#[case::trace("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405)]
#[case::version("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505)]
#[tokio::test]
async fn a_malformed_request_is_refused_with_a_reason(#[case] request: &str, #[case] status: u16) {
    let front = Running::start(|_| {});
    let (refused, body) = refused(&front, request).await;
    assert_eq!(refused, status);
    assert_eq!(body["status"], if status < 500 { 4002 } else { 5001 });
    assert!(body["path"].as_str().unwrap().starts_with("uri=/"), "{body}");
    assert!(!body["error"].as_str().unwrap().is_empty());
    assert!(front.stub.callers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_long_target_is_414() {
    let front = Running::start(|_| {});
    let longest = format!("/own/echo?{}", "a".repeat(32 * 1024 - 10));
    assert_eq!(front.client().await.get(&longest, "").await.status, 200);
    let (status, body) = refused(&front, format!("GET {longest}b HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert_eq!(status, 414);
    assert_eq!(body["path"], "uri=/own/echo");
}

#[tokio::test]
async fn a_request_line_of_a_megabyte_is_refused_and_read_to_its_end() {
    let front = Running::start(|_| {});
    let (status, _) = refused(&front, vec![b'a'; 1024 * 1024]).await;
    assert_eq!(status, 414);
}

#[tokio::test]
async fn too_many_and_too_large_headers_are_431() {
    let front = Running::start(|_| {});
    let many = "X: y\r\n".repeat(100);
    let request = format!("GET /own/small HTTP/1.1\r\nHost: a\r\n{many}\r\n");
    assert_eq!(refused(&front, request).await.0, 431);
    let large = format!("X: {}\r\n", "y".repeat(80 * 1024));
    let request = format!("GET /own/small HTTP/1.1\r\nHost: a\r\n{large}\r\n");
    assert_eq!(refused(&front, request).await.0, 431);
}

#[tokio::test]
async fn a_refused_head_request_gets_no_body() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    client.send("HEAD / HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.response(false).await.status, 400);
    assert!(client.closed().await);
}

#[tokio::test]
async fn an_upgrade_is_ignored() {
    let front = Running::start(|_| {});
    let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    assert_eq!(front.client().await.get("/own/small", lines).await.status, 200);
}

#[tokio::test]
async fn empty_lines_before_a_request_are_skipped() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    client.send("\r\n\r\nGET /own/small HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response(true).await.status, 200);
}

#[tokio::test]
async fn garbage_without_an_end_does_not_hang() {
    let front = Running::start(|settings| {
        settings.limits.header_deadline = std::time::Duration::from_millis(200);
    });
    let mut client = front.client().await;
    client.send([0xff; 100]).await;
    let response = tokio::time::timeout(SOON, client.response(true)).await.unwrap();
    assert_eq!(response.status, 408);
    assert!(client.closed().await);
}
