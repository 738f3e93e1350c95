//! TLS: both protocol versions, and everybody who must not be believed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio_rustls::TlsAcceptor;

use super::names::{NAME, client_at};
use super::stub::{Authority, Seen, Wire, ok, serve};
use super::{client, get, settings};
use crate::upstream::{CallError, Target, TargetError, TargetSettings};

fn https(ca_file: PathBuf) -> TargetSettings {
    TargetSettings {
        https: true,
        host: NAME.into(),
        ca_file: Some(ca_file),
        ..settings(SocketAddr::from(([127, 0, 0, 1], 443)))
    }
}

/// HTTP/1.1 over TLS.
async fn serve_h1(acceptor: TlsAcceptor) -> (SocketAddr, Arc<Seen>) {
    serve(move |wire| {
        let acceptor = acceptor.clone();
        async move {
            let Wire { number, stream, seen } = wire;
            // Refused handshakes are some tests' purpose.
            if let Ok(stream) = acceptor.accept(stream).await {
                let secured = Wire { number, stream, seen };
                secured.always(ok("{}")).await;
            }
        }
    })
    .await
}

/// HTTP/2 over TLS, HTTP/1.1 if the client insists. The n-th stream over all connections, from 0, is reset if `refuse` says how.
async fn serve_h2(acceptor: TlsAcceptor, refuse: fn(usize) -> Option<h2::Reason>) -> (SocketAddr, Arc<Seen>) {
    let streams = Arc::new(AtomicUsize::new(0));
    serve(move |wire| {
        let (acceptor, streams) = (acceptor.clone(), Arc::clone(&streams));
        async move {
            let stream = acceptor.accept(wire.stream).await.unwrap();
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                let (number, seen) = (wire.number, wire.seen);
                let downgraded = Wire { number, stream, seen };
                return downgraded.always(ok("{}")).await;
            }
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                wire.seen.note(format!("{request:?}"));
                if let Some(reason) = refuse(streams.fetch_add(1, Ordering::SeqCst)) {
                    respond.send_reset(reason);
                    continue;
                }
                let header =
                    http::Response::builder().header("content-type", "application/json").body(()).unwrap();
                let mut body = respond.send_response(header, false).unwrap();
                body.send_data(Bytes::from_static(b"{}"), true).unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn http_1_is_spoken_over_tls_and_the_connection_kept() {
    let authority = Authority::new();
    let (address, seen) = serve_h1(authority.acceptor(NAME, &["http/1.1"])).await;
    let client = client_at(https(authority.file()), &[address]);
    get(&client, "/").await.unwrap();
    get(&client, "/").await.unwrap();
    assert_eq!((seen.connections(), seen.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_server_without_alpn_is_spoken_to_in_http_1() {
    let authority = Authority::new();
    let (address, _) = serve_h1(authority.acceptor(NAME, &[])).await;
    let client = client_at(https(authority.file()), &[address]);
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
}

#[tokio::test]
async fn http_2_is_chosen_when_offered_and_the_connection_kept() {
    let authority = Authority::new();
    let (address, seen) = serve_h2(authority.acceptor(NAME, &["h2", "http/1.1"]), |_| None).await;
    let client = client_at(https(authority.file()), &[address]);
    get(&client, "/v1/track?ids=a").await.unwrap();
    let reply = get(&client, "/v1/track?ids=a").await.unwrap();
    assert_eq!(reply.body, "{}");
    assert_eq!(reply.media_type.as_deref(), Some("application/json"));
    assert_eq!((seen.connections(), seen.requests().len()), (1, 2));
    let sent = seen.requests().remove(0);
    let url = format!("https://{NAME}/v1/track?ids=a");
    assert!(sent.contains(&url), "{sent}");
    assert!(sent.contains("recobeat-proxy/test"), "{sent}");
}

#[tokio::test]
async fn a_stream_refused_on_a_pooled_connection_is_sent_once_more() {
    let authority = Authority::new();
    let refuse = |n| (n == 1).then_some(h2::Reason::REFUSED_STREAM);
    let (address, seen) = serve_h2(authority.acceptor(NAME, &["h2"]), refuse).await;
    let client = client_at(https(authority.file()), &[address]);
    get(&client, "/").await.unwrap();
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
    assert_eq!((seen.connections(), seen.requests().len()), (2, 3));
    // What was fetched afresh is pooled like any other.
    get(&client, "/").await.unwrap();
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn a_second_sending_trusts_no_other_pooled_connection() {
    let authority = Authority::new();
    let refuse = |n| (n == 2).then_some(h2::Reason::REFUSED_STREAM);
    let (address, seen) = serve_h2(authority.acceptor(NAME, &["h2"]), refuse).await;
    let client = client_at(https(authority.file()), &[address]);
    let (one, two) = tokio::join!(get(&client, "/"), get(&client, "/"));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(seen.connections(), 2);
    get(&client, "/").await.unwrap();
    assert_eq!(seen.connections(), 3);
}

#[tokio::test]
async fn a_stream_refused_time_and_again_is_broken() {
    let authority = Authority::new();
    let refuse = |n| (n > 0).then_some(h2::Reason::REFUSED_STREAM);
    let (address, seen) = serve_h2(authority.acceptor(NAME, &["h2"]), refuse).await;
    let client = client_at(https(authority.file()), &[address]);
    get(&client, "/").await.unwrap();
    let ended = get(&client, "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
    assert_eq!(seen.requests().len(), 3);
}

#[tokio::test]
async fn a_stream_that_broke_is_not_sent_again() {
    let authority = Authority::new();
    let refuse = |n| (n == 1).then_some(h2::Reason::INTERNAL_ERROR);
    let (address, seen) = serve_h2(authority.acceptor(NAME, &["h2"]), refuse).await;
    let client = client_at(https(authority.file()), &[address]);
    get(&client, "/").await.unwrap();
    let ended = get(&client, "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
    assert_eq!(seen.requests().len(), 2);
}

#[tokio::test]
async fn an_upstream_that_wants_http_1_gets_it_from_then_on() {
    let authority = Authority::new();
    let refuse = |_| Some(h2::Reason::HTTP_1_1_REQUIRED);
    let (address, _) = serve_h2(authority.acceptor(NAME, &["h2", "http/1.1"]), refuse).await;
    let client = client_at(https(authority.file()), &[address]);
    let ended = get(&client, "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
}

#[tokio::test]
async fn an_ip_address_is_verified_too() {
    let authority = Authority::new();
    let (address, _) = serve_h1(authority.acceptor("127.0.0.1", &[])).await;
    let named = TargetSettings { host: "127.0.0.1".into(), port: address.port(), ..https(authority.file()) };
    assert_eq!(get(&client(named), "/").await.unwrap().body, "{}");

    let (address, _) = serve_h1(authority.acceptor(NAME, &[])).await;
    let misnamed =
        TargetSettings { host: "127.0.0.1".into(), port: address.port(), ..https(authority.file()) };
    let ended = get(&client(misnamed), "/").await;
    assert!(matches!(ended, Err(CallError::Connect(_))), "{ended:?}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_as_such() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (address, seen) = serve_h1(theirs.acceptor(NAME, &[])).await;
    let ended = get(&client_at(https(ours.file()), &[address]), "/").await;
    let Err(CallError::Connect(reason)) = ended else {
        panic!("{ended:?}");
    };
    assert!(reason.contains("UnknownIssuer"), "{reason}");
    assert!(seen.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_as_such() {
    let authority = Authority::new();
    let (address, seen) = serve_h1(authority.acceptor("other.test", &[])).await;
    let ended = get(&client_at(https(authority.file()), &[address]), "/").await;
    let Err(CallError::Connect(reason)) = ended else {
        panic!("{ended:?}");
    };
    assert!(reason.contains("not valid for name"), "{reason}");
    assert!(seen.requests().is_empty());
}

#[test]
fn a_missing_ca_file_is_said_at_construction() {
    let refused = Target::new(https("/nonexistent/ca.pem".into())).err().unwrap();
    assert!(matches!(refused, TargetError::Trust(_)));
    assert!(refused.to_string().contains("/nonexistent/ca.pem"), "{refused}");
}

#[test]
fn a_ca_file_without_certificates_is_said_at_construction() {
    let authority = Authority::new();
    let whole = authority.pem().to_owned();
    for bad in ["", "no PEM at all", &whole[..whole.len() / 2]] {
        std::fs::write(authority.file(), bad).unwrap();
        let refused = Target::new(https(authority.file()));
        assert!(matches!(refused, Err(TargetError::Trust(_))), "{bad:?}");
    }
    std::fs::write(authority.file(), whole).unwrap();
    assert!(Target::new(https(authority.file())).is_ok());
}
