use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use pingora::tls::{
    CertificateDer, ClientConfig, ClientTlsStream, RootCertStore, ServerName, TlsConnector,
    install_default_crypto_provider,
};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::Client;
use super::service::rows;
use super::upstream::{StubUpstream, ok};
use super::{Running, SOON, eventually};
use crate::front::{FrontSettings, TlsFiles};

/// A certificate for `localhost`, on disk as long as this lives.
struct Pair {
    dir: std::path::PathBuf,
    cert: CertificateDer<'static>,
}

impl Pair {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("recobeat-front-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Self { dir, cert: made.cert.der().clone() }
    }

    fn use_in(&self, settings: &mut FrontSettings) {
        settings.tls = Some(TlsFiles { cert: self.dir.join("cert.pem"), key: self.dir.join("key.pem") });
    }

    async fn connect(&self, front: &Running, protocol: &[u8]) -> ClientTlsStream<TcpStream> {
        install_default_crypto_provider();
        let mut roots = RootCertStore::empty();
        roots.add(self.cert.clone()).unwrap();
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let tcp = TcpStream::connect(front.addr).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
    }

    async fn h2(&self, front: &Running) -> SendRequest<Bytes> {
        let (client, connection) = h2::client::handshake(self.connect(front, b"h2").await).await.unwrap();
        tokio::spawn(async move {
            let _ = connection.await;
        });
        client
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn request(method: &str, target: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("https://localhost{target}")).body(()).unwrap()
}

async fn ask(
    client: &SendRequest<Bytes>,
    request: Request<()>,
    body: Option<Bytes>,
) -> (Response<()>, Vec<u8>) {
    let mut client = client.clone().ready().await.unwrap();
    let (response, mut stream) = client.send_request(request, body.is_none()).unwrap();
    if let Some(body) = body {
        stream.send_data(body, true).unwrap();
    }
    let response = timeout(SOON, response).await.unwrap().unwrap();
    let (head, mut body) = response.into_parts();
    let mut all = Vec::new();
    while let Some(data) = timeout(SOON, body.data()).await.unwrap() {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        all.extend_from_slice(&data);
    }
    (Response::from_parts(head, ()), all)
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn http_1_is_spoken_over_tls() {
    let pair = Pair::new("h1");
    let front = Running::start(|settings| pair.use_in(settings));
    let mut client = Client::over(pair.connect(&front, b"http/1.1").await);
    assert_eq!(client.get("/own/small", "").await.text(), rows(2));
    assert_eq!(client.get("/own/bad", "").await.status, 400);
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn http_2_gets_the_same_answers() {
    let pair = Pair::new("h2");
    let front = Running::start(|settings| pair.use_in(settings));
    let client = pair.h2(&front).await;

    let (head, body) = ask(&client, request("GET", "/own/small"), None).await;
    assert_eq!(head.status(), 200);
    assert_eq!(body, rows(2).as_bytes());
    assert_eq!(field(head.headers(), "etag"), Some("\"0123abcd\""));
    assert_eq!(field(head.headers(), "connection"), None);

    let (head, body) = ask(&client, request("HEAD", "/own/large"), None).await;
    assert_eq!(field(head.headers(), "content-length"), Some(rows(100).len().to_string().as_str()));
    assert!(body.is_empty());

    let mut conditional = request("GET", "/own/small");
    conditional.headers_mut().insert("if-none-match", "\"0123abcd\"".parse().unwrap());
    let (head, body) = ask(&client, conditional, None).await;
    assert_eq!((head.status().as_u16(), body.len()), (304, 0));

    let (head, _) = ask(&client, request("GET", "/own/busy"), None).await;
    assert_eq!((head.status().as_u16(), field(head.headers(), "retry-after")), (429, Some("17")));

    let (head, _) = ask(&client, request("OPTIONS", "/own/small"), None).await;
    assert_eq!(head.status(), 204);
}

#[tokio::test]
async fn http_2_requests_are_refused_like_any_other() {
    let pair = Pair::new("h2-refused");
    let front = Running::start(|settings| pair.use_in(settings));
    let client = pair.h2(&front).await;
    let long = format!("/own/echo?{}", "a".repeat(33_000));
    let (head, body) = ask(&client, request("GET", &long), None).await;
    assert_eq!(head.status(), 414);
    assert!(String::from_utf8(body).unwrap().contains("\"status\":4002"));

    let mut with_body = request("GET", "/own/small");
    with_body.headers_mut().insert("content-length", "3".parse().unwrap());
    let (head, _) = ask(&client, with_body, Some(Bytes::from_static(b"abc"))).await;
    assert_eq!(head.status(), 400);
    assert!(front.stub.callers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_http_2_get_may_end_with_an_empty_frame_but_not_with_a_body() {
    let pair = Pair::new("h2-frames");
    let upstream = StubUpstream::saying(ok(b"{}")).await;
    let front = Running::before(&upstream, |settings| pair.use_in(settings));
    let client = pair.h2(&front).await;
    let (head, _) = ask(&client, request("GET", "/v1/other"), Some(Bytes::new())).await;
    assert_eq!(head.status(), 200);
    assert!(upstream.seen()[0].field("content-length").is_empty());
    let body = Bytes::from_static(b"abc");
    let (head, _) = ask(&client, request("GET", "/v1/other"), Some(body)).await;
    assert_eq!(head.status(), 400);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn http_2_streams_and_uploads_go_through() {
    let pair = Pair::new("h2-through");
    let upstream = StubUpstream::saying(ok(&vec![b'x'; 1_000_000])).await;
    let front = Running::before(&upstream, |settings| pair.use_in(settings));
    let client = pair.h2(&front).await;

    let mut get = request("GET", "/v1/other?a=1");
    get.headers_mut().insert("authorization", "s".parse().unwrap());
    let (head, body) = ask(&client, get, None).await;
    assert_eq!((head.status().as_u16(), body.len()), (200, 1_000_000));

    let sent = Bytes::from(vec![b'y'; 300_000]);
    let post = request("POST", "/v1/analysis/audio-features");
    let (head, _) = ask(&client, post, Some(sent.clone())).await;
    assert_eq!(head.status(), 200);

    let seen = upstream.seen();
    assert_eq!(seen[0].line(), "GET /v1/other?a=1 HTTP/1.1");
    assert_eq!(seen[0].field("host"), ["api.reccobeats.com"]);
    assert!(seen[0].field("authorization").is_empty());
    assert_eq!(seen[1].line(), "POST /v1/analysis/audio-features HTTP/1.1");
    assert!(seen[1].body == sent);
    eventually("slots free", || front.stub.held() == 0).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_no_slot() {
    let pair = Pair::new("window");
    // Over HTTP/2, because its window, unlike a socket's buffers, is known: 64 KiB.
    let upstream = StubUpstream::saying(ok(&vec![b'x'; 200_000])).await;
    let front = Running::before(&upstream, |settings| pair.use_in(settings));
    let mut client = pair.h2(&front).await;
    let (response, _) = client.send_request(request("GET", "/v1/other"), true).unwrap();
    let mut body = timeout(SOON, response).await.unwrap().unwrap().into_body();
    eventually("slot free", || front.stub.held() == 0).await;
    // All of it is still to be read.
    let mut read = 0;
    while let Some(data) = timeout(SOON, body.data()).await.unwrap() {
        let length = data.unwrap().len();
        read += length;
        body.flow_control().release_capacity(length).unwrap();
    }
    assert_eq!(read, 200_000);
}

#[tokio::test]
async fn an_unfinished_tls_handshake_is_cut_off() {
    let pair = Pair::new("handshake");
    let front = Running::start(|settings| {
        pair.use_in(settings);
        settings.limits.header_deadline = Duration::from_millis(300);
    });
    let mut client = front.client().await;
    client.send([0x16, 0x03, 0x01]).await;
    assert!(client.closed().await);
}

#[tokio::test]
async fn an_http_2_connection_without_a_preface_is_cut_off() {
    let pair = Pair::new("preface");
    let front = Running::start(|settings| {
        pair.use_in(settings);
        settings.limits.header_deadline = Duration::from_millis(300);
        settings.limits.idle = Duration::from_mins(10);
    });
    let mut client = Client::over(pair.connect(&front, b"h2").await);
    client.send("PRI * HTTP/2.0\r\n").await;
    assert!(ends(&mut client).await);
}

#[tokio::test]
async fn an_idle_http_2_connection_is_closed_but_a_busy_one_is_not() {
    let pair = Pair::new("idle");
    let front = Running::start(|settings| {
        pair.use_in(settings);
        settings.limits.idle = Duration::from_millis(300);
    });
    let client = pair.h2(&front).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { ask(&client, request("GET", "/own/wait"), None).await }
    });
    front.stub.waiting.notified().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    front.stub.go.notify_one();
    assert_eq!(waiting.await.unwrap().0.status(), 200);

    let mut client = client;
    let deadline = tokio::time::Instant::now() + SOON;
    while futures_ready(&mut client).await {
        assert!(tokio::time::Instant::now() < deadline, "still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn futures_ready(client: &mut SendRequest<Bytes>) -> bool {
    std::future::poll_fn(|cx| client.poll_ready(cx)).await.is_ok()
}

/// Does the server end the connection, whatever it says before?
async fn ends(client: &mut Client<ClientTlsStream<TcpStream>>) -> bool {
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest);
    timeout(SOON, read).await.is_ok()
}
