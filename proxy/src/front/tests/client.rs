use std::net::SocketAddr;

use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SOON;

/// A client that sends exactly the bytes it is told to.
pub(super) struct Client<T = TcpStream> {
    pub stream: T,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Client {
    pub(super) async fn connect(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(super) fn over(stream: T) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// `GET` with further header lines, each ended by CRLF.
    pub(super) async fn get(&mut self, target: &str, lines: &str) -> Response {
        self.ask("GET", target, lines).await
    }

    pub(super) async fn ask(&mut self, method: &str, target: &str, lines: &str) -> Response {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: proxy\r\n{lines}\r\n")).await;
        self.response(method != "HEAD").await
    }

    /// The next response. Panics if the connection ends first.
    pub(super) async fn response(&mut self, with_body: bool) -> Response {
        timeout(SOON, self.read_response(with_body)).await.expect("no response in time")
    }

    async fn read_response(&mut self, with_body: bool) -> Response {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await;
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut fields);
        assert!(parsed.parse(&head).unwrap().is_complete());
        let status = parsed.code.unwrap();
        let mut headers = HeaderMap::new();
        for field in parsed.headers.iter() {
            let name: HeaderName = field.name.parse().unwrap();
            headers.append(name, field.value.try_into().unwrap());
        }
        let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.to_str().unwrap().parse::<usize>().unwrap());
        let body = match (with_body && !matches!(status, 100..=199 | 204 | 304), chunked) {
            (false, _) => Vec::new(),
            (true, false) => self.take(length).await,
            (true, true) => self.chunks().await,
        };
        Response { status, headers, body }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            self.fill().await;
        }
        self.buffer.drain(..length).collect()
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                    break at;
                }
                self.fill().await;
            };
            let line = self.take(end + 2).await;
            let size = std::str::from_utf8(&line[..end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            body.extend(self.take(size).await);
            self.take(2).await;
            if size == 0 {
                return body;
            }
        }
    }

    async fn fill(&mut self) {
        let mut piece = vec![0; 64 * 1024];
        let read = self.stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "connection closed, left: {:?}", String::from_utf8_lossy(&self.buffer));
        self.buffer.extend_from_slice(&piece[..read]);
    }

    /// Is the connection closed from the other side, without further bytes?
    pub(super) async fn closed(&mut self) -> bool {
        let mut byte = [0];
        match timeout(SOON, self.stream.read(&mut byte)).await.expect("still open") {
            Ok(read) => read == 0 && self.buffer.is_empty(),
            Err(_) => true,
        }
    }
}
