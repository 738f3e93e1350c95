use std::time::Duration;

use http::StatusCode;

use super::service::Stub;
use super::upstream::{Act, StubUpstream, ok};
use super::{Running, eventually};
use crate::front::Outcome;

#[tokio::test]
async fn what_is_not_ours_is_streamed_through() {
    let upstream = StubUpstream::saying(ok(b"{\"a\":1}")).await;
    let front = Running::before(&upstream, |settings| {
        settings.upstream.authority = "api.example:8443".to_owned();
        settings.upstream.path_prefix = "/base".to_owned();
        settings.upstream.user_agent = "ours/1".to_owned();
    });
    let mut client = front.client().await;
    let response = client.get("/v1/other?x=%2C&y", "X-Request-Id: abc\r\n").await;
    assert_eq!((response.status, response.text()), (200, "{\"a\":1}"));
    assert_eq!(response.header("cache-status"), Some("recobeat; fwd=bypass"));
    assert_eq!(response.header("x-request-id"), Some("abc"));
    let seen = upstream.seen();
    assert_eq!(seen[0].line(), "GET /base/v1/other?x=%2C&y HTTP/1.1");
    assert_eq!(seen[0].field("host"), ["api.example:8443"]);
    assert_eq!(seen[0].field("user-agent"), ["ours/1"]);
    assert_eq!(seen[0].field("x-request-id"), ["abc"]);
    eventually("slot free", || front.stub.held() == 0).await;
    // The connection goes on.
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn nothing_that_names_the_client_goes_upstream() {
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |_| {});
    let lines = "Authorization: Bearer s\r\nX-Api-Key: s\r\nCookie: s=1\r\nX-Forwarded-For: 1.2.3.4\r\n\
                 Forwarded: for=1.2.3.4\r\nVia: 1.1 a\r\nX-Real-Ip: 1.2.3.4\r\nReferer: http://s\r\n\
                 Origin: http://s\r\nUser-Agent: python-requests/2\r\nProxy-Authorization: s\r\n\
                 TE: trailers\r\nX-Mine: s\r\nConnection: keep-alive, X-Mine\r\nUpgrade: h2c\r\n\
                 Accept: application/json\r\n";
    assert_eq!(front.client().await.get("/v1/other", lines).await.status, 200);
    let seen = upstream.seen();
    let mut names: Vec<_> = seen[0]
        .head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "host", "user-agent", "x-request-id"]);
}

#[tokio::test]
async fn the_upstreams_cookies_and_origins_stop_here() {
    let upstream = StubUpstream::saying(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nAccess-Control-Allow-Origin: https://x\r\n\
         Access-Control-Allow-Credentials: true\r\nStrict-Transport-Security: max-age=1\r\nX-Other: kept\r\n\r\n{}",
    )
    .await;
    let front = Running::before(&upstream, |_| {});
    let response = front.client().await.get("/v1/other", "").await;
    assert_eq!(response.header("set-cookie"), None);
    assert_eq!(response.header("access-control-allow-credentials"), None);
    assert_eq!(response.header("strict-transport-security"), None);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("x-other"), Some("kept"));
}

#[tokio::test]
async fn a_big_answer_arrives_whole() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let upstream = StubUpstream::saying(ok(&body)).await;
    let front = Running::before(&upstream, |_| {});
    let response = front.client().await.get("/v1/big", "").await;
    assert!(response.body == body);
    eventually("slot free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn a_chunked_answer_arrives_whole() {
    let upstream = StubUpstream::saying(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
    )
    .await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    assert_eq!(client.get("/v1/other", "").await.text(), "abcdefg");
    assert_eq!(client.get("/v1/other", "").await.text(), "abcdefg");
}

#[tokio::test]
async fn a_client_that_stops_reading_a_big_answer_is_cut_off() {
    let upstream = StubUpstream::saying(ok(&vec![b'x'; 30_000_000])).await;
    let front = Running::before(&upstream, |settings| {
        settings.limits.write = Duration::from_millis(300);
    });
    let mut client = front.client().await;
    client.send("GET /v1/other HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
    eventually("permit taken", || front.stub.held() == 1).await;
    eventually("slot free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_frees_the_slot() {
    let upstream = StubUpstream::new(Act::Hold).await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    client.send("GET /v1/other HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
    eventually("permit taken", || front.stub.held() == 1).await;
    drop(client);
    eventually("slot free", || front.stub.held() == 0).await;
    assert!(front.stub.outcomes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_permit_is_one_attempt() {
    let upstream = StubUpstream::new(Act::Close).await;
    let front = Running::before(&upstream, |_| {});
    let response = front.client().await.get("/v1/other", "").await;
    assert_eq!(response.status, 502);
    assert_eq!(response.json()["status"], 5001);
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(*front.stub.outcomes.lock().unwrap(), [Outcome::Failed]);
    eventually("slot free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn an_upstream_that_is_away_is_a_502() {
    let nobody = Stub::new(Some(super::free_port()));
    let front = Running::with(nobody, |_| {});
    let response = front.client().await.get("/v1/other", "").await;
    assert_eq!((response.status, response.json()["status"].as_u64()), (502, Some(5001)));
    assert_eq!(response.json()["path"], "uri=/v1/other");
}

#[tokio::test]
async fn a_429_is_reported_and_its_wait_is_made_readable() {
    let upstream = StubUpstream::saying(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\nRetry-After: 900\r\n\r\n{}",
    )
    .await;
    let front = Running::before(&upstream, |_| {});
    let response = front.client().await.get("/v1/other", "").await;
    assert_eq!((response.status, response.header("retry-after")), (429, Some("300")));
    assert_eq!(
        *front.stub.outcomes.lock().unwrap(),
        [Outcome::Replied {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(Duration::from_mins(15)),
        }]
    );
}

#[tokio::test]
async fn a_429_without_a_wait_gets_one() {
    let upstream = StubUpstream::saying("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n").await;
    let front = Running::before(&upstream, |_| {});
    let response = front.client().await.get("/v1/other", "").await;
    assert_eq!(response.header("retry-after"), Some("4"));
}

#[tokio::test]
async fn methods_without_a_body_go_through() {
    let upstream = StubUpstream::saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    let front = Running::before(&upstream, |_| {});
    let mut client = front.client().await;
    assert_eq!(client.ask("DELETE", "/v1/other", "").await.status, 204);
    assert_eq!(client.ask("POST", "/v1/other", "Content-Length: 0\r\n").await.status, 204);
    let seen = upstream.seen();
    assert_eq!(seen[0].line(), "DELETE /v1/other HTTP/1.1");
    assert_eq!(seen[1].field("content-length"), ["0"]);
    eventually("slot free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn an_answer_of_an_http_2_upstream_arrives_whole_also_with_trailers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stub = Stub::new(listener.local_addr().ok());
    stub.h2 = true;
    let front = Running::with(stub, |_| {});
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        while let Some(accepted) = connection.accept().await {
            let (request, mut respond) = accepted.unwrap();
            assert_eq!(request.uri().host(), Some("api.reccobeats.com"));
            assert!(request.headers().get("authorization").is_none());
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            body.send_data("abc".into(), false).unwrap();
            if request.uri().path() == "/trailers" {
                let mut trailers = http::HeaderMap::new();
                trailers.insert("x-sum", "1".parse().unwrap());
                body.send_trailers(trailers).unwrap();
            } else {
                body.send_data("".into(), true).unwrap();
            }
        }
    });
    let mut client = front.client().await;
    for path in ["/trailers", "/empty-frame"] {
        let response = client.get(path, "Authorization: s\r\n").await;
        assert_eq!((response.status, response.text()), (200, "abc"), "{path}");
        eventually("slot free", || front.stub.held() == 0).await;
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500() {
    let front = Running::start(|_| {});
    let response = front.client().await.get("/own/broken", "").await;
    assert_eq!((response.status, response.json()["status"].as_u64()), (500, Some(5001)));
    assert_eq!(response.json()["path"], "uri=/own/broken");
}
