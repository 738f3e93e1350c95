//! How a reply gets onto the socket, rightly or wrongly.
//!
//! The log entry of a call ends *before* the last byte is written. Otherwise a client that calls
//! strictly one after the other could send its next request while the last one still counts as in
//! flight, and the figures would show a concurrency that never was.

use crate::calendar;
use crate::call::Open;
use crate::contract::Reply;
use std::fmt::Write;
use std::io;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// So many bytes of body at a time.
    Slow {
        chunk: usize,
        every: Duration,
    },
    /// Half of the promised body, then the end.
    Truncated,
    /// So many bytes of the answer, head included, then a reset.
    Reset {
        after: usize,
    },
    /// The end, without an answer.
    Close,
    /// Nothing, until the client leaves.
    Hang,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    KeepAlive,
    Close,
    Reset,
}

/// How the request was made, as far as it shapes the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) keep_alive: bool,
    /// `HEAD`: everything but the body.
    pub(crate) head_only: bool,
}

/// Sends `reply`. `open` is the call in the log, if it is one of the API's.
pub(crate) async fn deliver(
    stream: &mut TcpStream,
    reply: &Reply,
    delivery: Delivery,
    terms: Terms,
    open: Option<Open<'_>>,
) -> io::Result<Ending> {
    let mute = matches!(delivery, Delivery::Hang | Delivery::Close | Delivery::Reset { after: 0 });
    if let (Some(open), false) = (&open, mute) {
        open.status(reply.status);
    }
    let head = head(reply, terms);
    let body: &[u8] = if terms.head_only { &[] } else { &reply.body };
    let whole = || [head.as_bytes(), body].concat();
    match delivery {
        Delivery::Whole => {
            drop(open);
            stream.write_all(&whole()).await?;
            Ok(if terms.keep_alive { Ending::KeepAlive } else { Ending::Close })
        }
        Delivery::Slow { chunk, every } => {
            stream.write_all(head.as_bytes()).await?;
            let mut chunks = body.chunks(chunk.max(1)).peekable();
            let mut open = open;
            while let Some(bytes) = chunks.next() {
                tokio::time::sleep(every).await;
                if chunks.peek().is_none() {
                    drop(open.take());
                }
                stream.write_all(bytes).await?;
            }
            Ok(if terms.keep_alive { Ending::KeepAlive } else { Ending::Close })
        }
        Delivery::Truncated => {
            drop(open);
            let whole = whole();
            stream.write_all(&whole[..whole.len() - body.len().div_ceil(2)]).await?;
            Ok(Ending::Close)
        }
        Delivery::Reset { after } => {
            drop(open);
            let whole = whole();
            stream.write_all(&whole[..after.min(whole.len().saturating_sub(1))]).await?;
            Ok(Ending::Reset)
        }
        Delivery::Close => Ok(Ending::Close),
        Delivery::Hang => {
            let mut ignored = [0; 1024];
            while stream.read(&mut ignored).await? > 0 {}
            Ok(Ending::Close)
        }
    }
}

fn head(reply: &Reply, terms: Terms) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    let mut line = |name: &str, value: &str| {
        write!(head, "{name}: {value}\r\n").expect("writing to a String cannot fail");
    };
    line("Date", &calendar::http_date(SystemTime::now()));
    for (name, value) in &reply.headers {
        line(name, value);
    }
    line("Content-Length", &reply.body.len().to_string());
    if !terms.keep_alive {
        line("Connection", "close");
    }
    head.push_str("\r\n");
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
