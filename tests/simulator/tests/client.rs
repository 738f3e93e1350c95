//! A client that shows what a socket really did: bytes, ends and resets, nothing smoothed over.

use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// What `Content-Length` promised.
    pub(super) promised: usize,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub(super) fn rows(&self) -> usize {
        self.json()["content"].as_array().expect("content").len()
    }
}

pub(super) struct Client {
    stream: TcpStream,
    /// Read already, but part of the next answer.
    ahead: Vec<u8>,
}

impl Client {
    pub(super) async fn to(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the simulator listens");
        Self { stream, ahead: Vec::new() }
    }

    pub(super) async fn send(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).await.expect("the request goes out");
    }

    pub(super) async fn get(&mut self, target: &str) -> io::Result<Answer> {
        self.ask("GET", target, "User-Agent: test\r\n", b"").await
    }

    pub(super) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let length = body.len();
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: sim\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.write_all(body).await?;
        self.answer(method == "HEAD").await
    }

    /// Reads one answer. An early end of the body is no error here; a reset is.
    pub(super) async fn answer(&mut self, head_only: bool) -> io::Result<Answer> {
        let mut bytes = std::mem::take(&mut self.ahead);
        let split = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: bytes.split_off(split + 4), promised: 0 };
        answer.promised = answer.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let length = if head_only { 0 } else { answer.promised };
        while answer.body.len() < length {
            if self.stream.read_buf(&mut answer.body).await? == 0 {
                return Ok(answer);
            }
        }
        self.ahead = answer.body.split_off(length);
        Ok(answer)
    }

    /// Whether the other side has ended the connection politely.
    pub(super) async fn ended(&mut self) -> io::Result<bool> {
        Ok(self.stream.read(&mut [0; 1]).await? == 0)
    }
}

/// One call on a connection of its own.
pub(super) async fn get(addr: SocketAddr, target: &str) -> Answer {
    Client::to(addr).await.get(target).await.expect("an answer")
}
