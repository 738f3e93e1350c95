use std::sync::atomic::Ordering;
use std::time::Duration;

use super::upstream::{Act, StubUpstream, ok};
use super::{Running, eventually};

const PATH: &str = "/v1/analysis/audio-features";

fn post(length: usize) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: proxy\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn an_upload_arrives_whole_and_without_credentials() {
    let upstream = StubUpstream::saying(ok(b"{\"tempo\":1.0}")).await;
    let front = Running::before(&upstream, |_| {});
    let body: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 249) as u8).collect();
    let mut client = front.client().await;
    let head = post(body.len()).replace("\r\n\r\n", "\r\nAuthorization: s\r\nCookie: s\r\n\r\n");
    client.send(head).await;
    client.send(&body).await;
    let response = client.response(true).await;
    assert_eq!((response.status, response.text()), (200, "{\"tempo\":1.0}"));
    assert_eq!(response.header("connection"), Some("keep-alive"));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    let seen = upstream.seen();
    assert_eq!(seen[0].line(), format!("POST {PATH} HTTP/1.1"));
    assert_eq!(seen[0].field("content-type"), ["multipart/form-data; boundary=b"]);
    assert!(seen[0].field("authorization").is_empty() && seen[0].field("cookie").is_empty());
    assert!(seen[0].body == body);
    assert_eq!(front.stub.held(), 0);
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn a_chunked_upload_gets_a_length() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    client
        .send(format!(
            "POST {PATH} HTTP/1.1\r\nHost: proxy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        ))
        .await;
    assert_eq!(client.response(true).await.status, 200);
    let seen = upstream.seen();
    assert_eq!(seen[0].field("content-length"), ["5"]);
    assert!(seen[0].field("transfer-encoding").is_empty());
    assert_eq!(seen[0].body, b"abcde");
}

#[tokio::test]
async fn a_slow_uploader_holds_no_slot() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |_| {});
    let mut slow = front.client().await;
    slow.send(post(10)).await;
    slow.send("12345").await;
    // The other half has not come; meanwhile others get through.
    let mut quick = front.client().await;
    assert_eq!(quick.get("/v1/other", "").await.status, 200);
    eventually("both reached the service", || front.stub.callers.lock().unwrap().len() == 2).await;
    assert_eq!(front.stub.passes.load(Ordering::SeqCst), 1);
    slow.send("67890").await;
    assert_eq!(slow.response(true).await.status, 200);
    assert_eq!(front.stub.passes.load(Ordering::SeqCst), 2);
    assert_eq!(upstream.seen()[1].body, b"1234567890");
}

#[tokio::test]
async fn an_upload_that_never_ends_is_given_up() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| {
        settings.limits.upload_deadline = Duration::from_millis(200);
    });
    let mut client = front.client().await;
    client.send(post(10)).await;
    assert_eq!(client.response(true).await.status, 408);
    assert!(client.closed().await);
    assert_eq!(front.stub.passes.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_declared_excess_is_413_before_it_is_sent() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| settings.limits.upload = 1000);
    let mut client = front.client().await;
    client.send(post(1001)).await;
    let response = client.response(true).await;
    assert_eq!((response.status, response.json()["status"].as_u64()), (413, Some(4002)));
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn an_undeclared_excess_is_413_too() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| settings.limits.upload = 1000);
    let mut client = front.client().await;
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    client
        .send(format!(
            "POST {PATH} HTTP/1.1\r\nHost: proxy\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            chunk.repeat(3)
        ))
        .await;
    assert_eq!(client.response(true).await.status, 413);
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn the_largest_allowed_upload_goes_through() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| settings.limits.upload = 1000);
    let mut client = front.client().await;
    client.send(post(1000)).await;
    client.send(vec![b'x'; 1000]).await;
    assert_eq!(client.response(true).await.status, 200);
}

#[tokio::test]
async fn a_client_that_waits_for_permission_gets_it() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    client.send(post(3).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")).await;
    assert_eq!(client.response(true).await.status, 100);
    client.send("abc").await;
    assert_eq!(client.response(true).await.status, 200);
    assert_eq!(upstream.seen()[0].body, b"abc");
    assert!(upstream.seen()[0].field("expect").is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_slot() {
    let upstream = StubUpstream::new(Act::Hold).await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    client.send(post(3) + "abc").await;
    eventually("permit taken", || front.stub.held() == 1).await;
    drop(client);
    eventually("slot free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn a_failed_upload_is_an_error_that_keeps_the_connection() {
    let upstream = StubUpstream::new(Act::Close).await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    client.send(post(3) + "abc").await;
    let response = client.response(true).await;
    assert_eq!((response.status, response.json()["status"].as_u64()), (502, Some(5001)));
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(front.stub.held(), 0);
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn a_refused_upload_keeps_the_connection() {
    let front = Running::start(|_| {});
    let mut client = front.client().await;
    client.send(post(3) + "abc").await;
    let response = client.response(true).await;
    assert_eq!((response.status, response.header("retry-after")), (503, Some("3")));
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn room_for_uploads_is_bounded() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| settings.limits.uploads = 1);
    let mut first = front.client().await;
    first.send(post(10)).await;
    eventually("first has room", || front.stub.callers.lock().unwrap().len() == 1).await;
    let mut second = front.client().await;
    second.send(post(3) + "abc").await;
    let response = second.response(true).await;
    assert_eq!((response.status, response.header("retry-after")), (503, Some("5")));
}
