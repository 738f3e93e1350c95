//! A collector of traces: OTLP over HTTP, as much of it as an exporter sees.
//!
//! Messages are read by the numbers of their fields (`opentelemetry/proto/trace/v1/trace.proto`), not with
//! the exporter's own types, so that it cannot be wrong on both sides.

mod message;

use super::proxy::free_port;
use message::{Message, text};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One span as it arrived; ids in hexadecimal, empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    /// Traces it is linked to.
    pub(crate) links: Vec<String>,
    /// Those that are texts or numbers.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Keeps what it is sent until it is dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    addr: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let listener = TcpListener::bind(addr).await.expect("a free port");
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let kept = Arc::clone(&spans);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { addr, spans, task }
    }

    /// What `telemetry.otlp_endpoint` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Those of one trace, once `enough` are there; what has come after a while otherwise.
    pub(crate) async fn spans(&self, trace: &str, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let mut found = Vec::new();
        // The exporter sends every five seconds.
        for _ in 0..600 {
            let all = self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone();
            found = all.into_iter().filter(|span| span.trace == trace).collect();
            if enough(&found) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        found
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, spans: Arc<Mutex<Vec<Span>>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = request(&mut stream).await {
        let good = head.starts_with("POST /v1/traces HTTP/1.1\r\n")
            && head.to_ascii_lowercase().contains("content-type: application/x-protobuf");
        if good {
            spans.lock().unwrap_or_else(PoisonError::into_inner).extend(read(&body));
        }
        let status = if good { "200 OK" } else { "400 Bad Request" };
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// `ExportTraceServiceRequest`.
fn read(body: &[u8]) -> Vec<Span> {
    let resources = Message(body).messages(1);
    resources
        .flat_map(|resource| {
            let of_resource = resource
                .messages(1)
                .flat_map(|resource| attributes(&resource, 1).collect::<Vec<_>>())
                .collect::<BTreeMap<_, _>>();
            let service = of_resource.get("service.name").cloned().unwrap_or_default();
            let spans: Vec<Span> = resource
                .messages(2)
                .flat_map(|scope| scope.messages(2).map(|span| one(&span, &service)).collect::<Vec<_>>())
                .collect();
            spans
        })
        .collect()
}

fn one(span: &Message<'_>, service: &str) -> Span {
    let id = |field| span.bytes(field).next().map(hex).unwrap_or_default();
    Span {
        service: service.to_owned(),
        trace: id(1),
        id: id(2),
        parent: id(4),
        name: span.bytes(5).next().map(text).unwrap_or_default(),
        attributes: attributes(span, 9).collect(),
        links: span.messages(13).filter_map(|link| link.bytes(1).next().map(hex)).collect(),
    }
}

/// `KeyValue` of `AnyValue`: texts are its field 1, whole numbers its field 3.
fn attributes(of: &Message<'_>, field: u64) -> impl Iterator<Item = (String, String)> + use<> {
    let pairs: Vec<_> = of
        .messages(field)
        .filter_map(|pair| {
            let key = pair.bytes(1).next().map(text)?;
            let value = pair.messages(2).next()?;
            let word = value.bytes(1).next().map(text);
            Some((key, word.or_else(|| value.number(3).map(|number| number.to_string()))?))
        })
        .collect();
    pairs.into_iter()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
