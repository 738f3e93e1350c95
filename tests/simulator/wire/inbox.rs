//! Requests, read off a connection one after the other.

use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LARGEST_HEAD: usize = 64 * 1024;
/// Above the 5 MB of an upload and its wrapping, so that the API can say what is wrong.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// A request line and its headers.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Without the question mark; empty if there is none.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) keep_alive: bool,
}

/// Why no further request can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("the request head is larger than {LARGEST_HEAD} bytes")]
    HeadTooLarge,
    #[error("the request body is larger than {LARGEST_BODY} bytes")]
    BodyTooLarge,
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Broken::Malformed("the request line needs method, target and version"));
        };
        if !version.starts_with("HTTP/1.") {
            return Err(Broken::Malformed("the version is not HTTP/1"));
        }
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) =
                line.split_once(':').ok_or(Broken::Malformed("a header line lacks its colon"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let target = origin_form(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            keep_alive: true,
        };
        let connection = head.header("connection").unwrap_or_default().to_ascii_lowercase();
        head.keep_alive =
            !connection.contains("close") && (version != "HTTP/1.0" || connection.contains("keep-alive"));
        Ok(head)
    }
}

/// Strips scheme and authority of an absolute target, as a request through a proxy has it.
fn origin_form(target: &str) -> &str {
    match target.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(char::is_alphabetic) => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => target,
    }
}

/// Bytes read ahead of what was asked for: the next request of a pipelining client.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    buffer: BytesMut,
}

impl Inbox {
    /// The next request head, `None` when the client has closed between requests.
    pub(crate) async fn head(&mut self, stream: &mut TcpStream) -> Result<Option<Head>, Broken> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = Head::read(&self.buffer[..end])?;
                self.buffer.advance(end + 4);
                return Ok(Some(head));
            }
            if self.buffer.len() > LARGEST_HEAD {
                return Err(Broken::HeadTooLarge);
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(Broken::Malformed("the connection ended inside a head"))
                };
            }
        }
    }

    /// The body that belongs to `head`.
    pub(crate) async fn body(&mut self, stream: &mut TcpStream, head: &Head) -> Result<Vec<u8>, Broken> {
        let chunked = head.header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let length = match head.header("content-length") {
            None => 0,
            Some(text) => text.parse().map_err(|_| Broken::Malformed("content-length is no number"))?,
        };
        if !chunked && length == 0 {
            return Ok(Vec::new());
        }
        if length > LARGEST_BODY {
            return Err(Broken::BodyTooLarge);
        }
        if head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if chunked { self.chunks(stream).await } else { self.exactly(stream, length).await }
    }

    async fn exactly(&mut self, stream: &mut TcpStream, length: usize) -> Result<Vec<u8>, Broken> {
        while self.buffer.len() < length {
            self.more(stream).await?;
        }
        Ok(self.buffer.split_to(length).to_vec())
    }

    async fn chunks(&mut self, stream: &mut TcpStream) -> Result<Vec<u8>, Broken> {
        let mut body = Vec::new();
        loop {
            let line = self.line(stream).await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|_| Broken::Malformed("a chunk size is no hexadecimal number"))?;
            if body.len().saturating_add(size) > LARGEST_BODY {
                return Err(Broken::BodyTooLarge);
            }
            if size == 0 {
                while !self.line(stream).await?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.exactly(stream, size).await?);
            self.line(stream).await?;
        }
    }

    async fn line(&mut self, stream: &mut TcpStream) -> Result<String, Broken> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.advance(end + 2);
                return Ok(line);
            }
            if self.buffer.len() > LARGEST_HEAD {
                return Err(Broken::HeadTooLarge);
            }
            self.more(stream).await?;
        }
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), Broken> {
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err(Broken::Malformed("the connection ended inside a body")),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_taken_apart_but_the_query_stays_raw() {
        let head =
            Head::read(b"GET /v1/track?ids=a%2Cb HTTP/1.1\r\nHost: x\r\nUser-Agent:  y ").expect("valid");
        assert_eq!((head.path.as_str(), head.query.as_str()), ("/v1/track", "ids=a%2Cb"));
        assert_eq!(head.header("user-agent"), Some("y"));
        assert!(head.keep_alive);
    }

    #[test]
    fn an_absolute_target_is_understood() {
        let head = Head::read(b"GET http://h:1/v1/track?x=http://y/ HTTP/1.0").expect("valid");
        assert_eq!((head.path.as_str(), head.query.as_str()), ("/v1/track", "x=http://y/"));
        assert!(!head.keep_alive);
    }

    #[test]
    fn nonsense_is_malformed() {
        for bytes in [&b"GET /"[..], b"GET / HTTP/2", b"GET / HTTP/1.1\r\nno colon"] {
            assert!(matches!(Head::read(bytes), Err(Broken::Malformed(_))));
        }
    }
}
