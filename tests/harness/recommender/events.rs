//! Server-sent events, one after the other as they arrive.

use super::Caller;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far beyond the comments that keep a stream alive.
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<u64>,
    /// `message` when not said.
    pub(crate) name: String,
    /// `Null` when no JSON.
    pub(crate) data: Value,
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    buffer: BytesMut,
    /// Comments seen so far.
    pub(crate) comments: usize,
}

impl Events {
    /// Opens the stream of a run, after this event if one is given.
    pub(crate) async fn of(caller: &Caller, session: &str, after: Option<u64>) -> Self {
        Self::open(caller, &format!("/api/agents/recommendations/{session}/stream"), after).await
    }

    pub(crate) async fn open(caller: &Caller, target: &str, after: Option<u64>) -> Self {
        let stream = TcpStream::connect(caller.address()).await.expect("the recommender listens");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        let mut request = Request::get(target)
            .header(header::HOST, caller.address().to_string())
            .header(header::ACCEPT, "text/event-stream");
        for (name, value) in caller.headers() {
            request = request.header(name, value);
        }
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        let request = request.body(Empty::<Bytes>::new()).expect("a valid request");
        let (head, body) = sender.send_request(request).await.expect("an answer").into_parts();
        Self { status: head.status, headers: head.headers, body, buffer: BytesMut::new(), comments: 0 }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(block) = self.block() {
                if let Some(event) = read(&block) {
                    return Some(event);
                }
                self.comments += 1;
            }
            let frame = timeout(SILENCE, self.body.frame()).await.expect("a stream is never silent so long");
            let data = frame?.expect("the stream is not cut").into_data();
            self.buffer.extend_from_slice(&data.unwrap_or_default());
        }
    }

    /// All until the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// Up to the next empty line.
    fn block(&mut self) -> Option<String> {
        let end = self.buffer.windows(2).position(|two| two == b"\n\n")?;
        let block = self.buffer.split_to(end);
        self.buffer.advance(2);
        Some(String::from_utf8_lossy(&block).into_owned())
    }
}

/// `None` for a block of comments only.
fn read(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_start)
    };
    let data = field("data");
    let name = field("event").unwrap_or("message").to_owned();
    let id = field("id").and_then(|id| id.parse().ok());
    data.map(|data| Event { id, name, data: serde_json::from_str(data).unwrap_or(Value::Null) })
}
