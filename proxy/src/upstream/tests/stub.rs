//! Servers that do what a test tells them, right or wrong, and count.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server saw.
#[derive(Default)]
pub(super) struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Seen {
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Request headers as they arrived.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn note(&self, request: String) {
        self.requests.lock().unwrap().push(request);
    }
}

/// One HTTP/1.1 connection, seen from the server.
pub(super) struct Wire<S = TcpStream> {
    /// Counted from 0 in the order of arrival.
    pub(super) number: usize,
    pub(super) stream: S,
    pub(super) seen: Arc<Seen>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// The next request header, or `None` when the client has closed.
    pub(super) async fn hear(&mut self) -> Option<String> {
        let mut header = Vec::new();
        while !header.ends_with(b"\r\n\r\n") {
            header.push(self.stream.read_u8().await.ok()?);
        }
        let header = String::from_utf8(header).unwrap();
        self.seen.note(header.clone());
        Some(header)
    }

    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // A client that has hung up is some tests' purpose.
        let _ = self.stream.write_all(bytes.as_ref()).await;
        let _ = self.stream.flush().await;
    }

    /// Answers everything alike until the client closes.
    pub(super) async fn always(mut self, answer: impl AsRef<[u8]>) {
        while self.hear().await.is_some() {
            self.say(&answer).await;
        }
    }
}

/// Runs `script` for each connection.
pub(super) async fn serve<F, E>(script: F) -> (SocketAddr, Arc<Seen>)
where
    F: Fn(Wire) -> E + Send + Sync + 'static,
    E: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Seen::default());
    let counted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(script(Wire {
                number: counted.connections.fetch_add(1, Ordering::SeqCst),
                stream,
                seen: Arc::clone(&counted),
            }));
        }
    });
    (address, seen)
}

/// An address nobody listens at.
pub(super) async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A complete 200 with further header lines, each ending in CRLF.
pub(super) fn ok_with(lines: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{lines}\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub(super) fn ok(body: &str) -> Vec<u8> {
    ok_with("", body)
}

/// An authority of the test's own, its certificate in a file.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    file: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let name = format!("recobeat-ca-{}-{number}.pem", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, &pem).unwrap();
        Self { issuer: Issuer::new(params, key), pem, file }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.file.clone()
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A TLS acceptor with a certificate for `name`, offering `protocols`.
    pub(super) fn acceptor(&self, name: &str, protocols: &[&str]) -> TlsAcceptor {
        // As a main would; a second time is refused and means nothing.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}
