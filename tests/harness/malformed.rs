//! Requests that no decent client sends, and what the proxy does with them.

use super::raw::{self, Fate};
use std::net::SocketAddr;
use std::time::Duration;

/// A header section has 10 s; a little more until the end of the connection is seen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(12);

/// What one malformed request led to.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) fate: Fate,
}

/// Sends all of them at the same time; the slow ones take ten seconds.
pub(crate) async fn all(proxy: SocketAddr) -> Vec<Case> {
    let running: Vec<_> = requests()
        .into_iter()
        .map(|(name, bytes)| (name, tokio::spawn(async move { raw::send(proxy, &bytes, PATIENCE).await })))
        .chain(dripped().into_iter().map(|(name, bytes)| {
            let second = Duration::from_secs(1);
            (name, tokio::spawn(async move { raw::drip(proxy, &bytes, 1, second, PATIENCE).await }))
        }))
        .collect();
    let mut cases = Vec::new();
    for (name, fate) in running {
        cases.push(Case { name, fate: fate.await.expect("no panic") });
    }
    cases
}

/// Whole requests.
fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: proxy\r\n\r\n").into_bytes();
    let with =
        |headers: &str| format!("GET /v1/track?ids=aa HTTP/1.1\r\nHost: proxy\r\n{headers}\r\n").into_bytes();
    let many_ids = format!("/v1/track?ids={}", vec!["2ZyXwVuTsRqPoNmLkJiHgF"; 10_000].join(","));
    let short_ids = format!("/v1/track?ids={}", vec!["ab"; 10_000].join(","));
    let long = format!("/v1/track/search?searchText={}", "x".repeat(1024 * 1024));
    vec![
        ("escape without digits", get("/v1/track?ids=%zz")),
        ("escape cut short", get("/v1/track?ids=a%2")),
        ("bad escape in the path", get("/v1/track/%g1")),
        ("bad escape on an unknown route", get("/v1/no-such?x=%")),
        ("escaped NUL", get("/v1/track?ids=a%00b")),
        ("escaped NUL in the path", get("/v1/track/%00")),
        ("NUL in the target", get("/v1/track?ids=a\0b")),
        ("NUL in a header", with("X-Name: a\0b\r\n")),
        ("URL of a megabyte", get(&long)),
        ("10,000 ids", get(&many_ids)),
        ("10,000 short ids", get(&short_ids)),
        ("501 ids", get(&format!("/v1/track?ids={}", vec!["ab"; 501].join(",")))),
        ("two Hosts", with("Host: other\r\n")),
        ("no Host", b"GET /v1/track?ids=aa HTTP/1.1\r\n\r\n".to_vec()),
        (
            "body on a GET",
            b"GET /v1/track?ids=aa HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello".to_vec(),
        ),
        ("chunked body on a GET", with("Transfer-Encoding: chunked\r\n")),
        ("promised body on a GET that never comes", with("Content-Length: 5\r\n")),
        ("two lengths", with("Content-Length: 1\r\nContent-Length: 2\r\n")),
        ("length and chunks", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
        ("a header without colon", with("no colon\r\n")),
        ("a header with a space before the colon", with("X-Name : a\r\n")),
        ("a folded header", with("X-Name: a\r\n b\r\n")),
        ("a header of 200 kB", with(&format!("X-Long: {}\r\n", "y".repeat(200 * 1024)))),
        ("500 headers", with(&"X-Many: y\r\n".repeat(500))),
        ("a space in the target", get("/v1/track?ids=a b")),
        ("raw bytes above ASCII", get("/v1/track?ids=\u{fc}")),
        ("another host in the target", get("http://other.example/v1/track?ids=aa")),
        ("a tunnel", b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n".to_vec()),
        ("TRACE", b"TRACE / HTTP/1.1\r\nHost: p\r\n\r\n".to_vec()),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("half a request line", b"GET /v1/tra".to_vec()),
        ("nothing at all", Vec::new()),
    ]
}

/// One byte a second, for far longer than a header section may take.
fn dripped() -> Vec<(&'static str, Vec<u8>)> {
    let header = format!("GET /v1/track?ids=aa HTTP/1.1\r\nX-Slow: {}", "z".repeat(100));
    vec![
        ("a header sent a byte a second", header.into_bytes()),
        ("empty lines, one a second", vec![b'\n'; 100]),
    ]
}
