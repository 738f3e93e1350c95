//! Bytes on a socket, for requests no client library would send.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How the proxy dealt with the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    /// Of the first answer; `None` when the connection ended without one.
    pub(crate) status: Option<u16>,
    pub(crate) text: String,
    /// The proxy closed the connection.
    pub(crate) closed: bool,
    /// Neither an answer nor an end came in time.
    pub(crate) hung: bool,
    pub(crate) took: Duration,
}

impl Fate {
    /// A clear 4xx or an end of the connection.
    pub(crate) fn is_refusal(&self) -> bool {
        !self.hung && self.status.map_or(self.closed, |status| (400..500).contains(&status))
    }

    pub(crate) fn brief(&self) -> String {
        let how = match (self.status, self.closed, self.hung) {
            (_, _, true) => "hang".to_owned(),
            (Some(status), _, _) => status.to_string(),
            (None, true, _) => "closed".to_owned(),
            (None, false, _) => "nothing".to_owned(),
        };
        format!("{how} after {} ms", self.took.as_millis())
    }
}

/// Sends `bytes` at once and reads one answer or the end.
pub(crate) async fn send(to: SocketAddr, bytes: &[u8], patience: Duration) -> Fate {
    drip(to, bytes, bytes.len().max(1), Duration::ZERO, patience).await
}

/// Sends `chunk` bytes every so often until the proxy answers or ends the connection.
pub(crate) async fn drip(
    to: SocketAddr,
    bytes: &[u8],
    chunk: usize,
    every: Duration,
    patience: Duration,
) -> Fate {
    let begun = Instant::now();
    let mut seen = Vec::new();
    let outcome = timeout(patience, async {
        let stream = TcpStream::connect(to).await?;
        let (mut from, mut into) = stream.into_split();
        let write = async {
            for piece in bytes.chunks(chunk) {
                if into.write_all(piece).await.is_err() {
                    break;
                }
                sleep(every).await;
            }
            // Sending is over or pointless; only reading ends the exchange.
            std::future::pending::<()>().await;
        };
        let read = async {
            while !is_whole(&seen) {
                if from.read_buf(&mut seen).await? == 0 {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        tokio::select! {
            closed = read => closed,
            () = write => unreachable!("writing never ends"),
        }
    })
    .await;
    let (closed, hung) = match outcome {
        Ok(Ok(closed)) => (closed, false),
        Ok::<io::Result<bool>, _>(Err(_)) => (true, false),
        Err(_) => (false, true),
    };
    let text = String::from_utf8_lossy(&seen).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    Fate { status, text, closed, hung, took: begun.elapsed() }
}

/// A head and as much body as it announces.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_none_or(|length| body.len() >= length)
}
