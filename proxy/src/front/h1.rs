//! One HTTP/1 connection: heads in time, one after another.
//!
//! Pingora limits each read of a header section to 60 s, not the section as a whole, so a client
//! that sends a byte a minute holds a connection for hours. Here the section is read before
//! Pingora sees it, against one deadline, checked by [`head::inspect`], and handed over as bytes
//! already read. Whatever follows a request without a body is kept for the next one, which is all
//! that pipelining needs.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::BytesMut;
use http::StatusCode;
use pingora::apps::{HttpPersistentSettings, HttpServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::head::{self, Framing};
use super::refusal::Refusal;
use super::terms::Terms;

/// How long a refused client may take to notice before its connection is cut. Cutting at once
/// would reset it while it is still sending, and the answer would be lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a wait for a header section ended.
enum Arrival {
    /// All of it is in the buffer, this long.
    Complete(usize, Framing),
    /// The client has gone, was idle for too long, or the server stops: nothing to say.
    Over,
    Refused(Refusal),
}

/// Serves requests until the connection ends. `deadline` is that of the first header section.
pub(super) async fn serve<P>(
    app: &Arc<P>,
    mut stream: Stream,
    terms: &Terms,
    mut deadline: Option<Instant>,
    stop: &mut ShutdownWatch,
) where
    P: HttpServerApp + Send + Sync + 'static,
{
    let mut buffer = BytesMut::with_capacity(4096);
    let mut kept = None;
    loop {
        let (length, framing) = match arrive(&mut stream, &mut buffer, terms, deadline, stop).await {
            Arrival::Complete(length, framing) => (length, framing),
            Arrival::Over => return,
            Arrival::Refused(refusal) => return refuse(stream, &buffer, &refusal).await,
        };
        // Only the request's own bytes: what follows is the next request.
        let own = if framing.has_body { buffer.split() } else { buffer.split_to(length) };
        let mut session = ServerSession::new_http1(stream);
        match kept {
            Some(settings) => HttpPersistentSettings::apply_to_session(settings, &mut session),
            None => session.set_keepalive(Some(0)),
        }
        session.set_pipelined_prefix(own);
        let Some(reused) = app.process_new_http(session, stop).await else {
            return;
        };
        (stream, kept) = reused.consume();
        deadline = None;
        buffer.reserve(4096);
    }
}

/// Waits for a header section. Without a `deadline` the connection is between two requests: it
/// may be idle, and the clock starts with the first byte.
async fn arrive(
    stream: &mut Stream,
    buffer: &mut BytesMut,
    terms: &Terms,
    mut deadline: Option<Instant>,
    stop: &mut ShutdownWatch,
) -> Arrival {
    let idle_until = Instant::now() + terms.now().limits.idle;
    let mut seen = 0;
    loop {
        // RFC 9112 §2.2: empty lines before a request line are ignored.
        while matches!(buffer.first(), Some(b'\r' | b'\n')) {
            let _ = buffer.split_to(1);
            seen = 0;
        }
        if let Some(length) = head::end(buffer, seen) {
            return match head::inspect(&buffer[..length], &terms.now().limits) {
                Ok(framing) => Arrival::Complete(length, framing),
                Err(refusal) => Arrival::Refused(refusal),
            };
        }
        if let Err(refusal) = head::fits(buffer, &terms.now().limits) {
            return Arrival::Refused(refusal);
        }
        seen = buffer.len();
        if seen > 0 && deadline.is_none() {
            deadline = Some(Instant::now() + terms.now().limits.header_deadline);
        }
        let until = deadline.unwrap_or(idle_until);
        let read = tokio::select! {
            biased;
            read = timeout_at(until, stream.read_buf(buffer)) => read,
            _ = stop.wait_for(|stop| *stop), if seen == 0 => return Arrival::Over,
        };
        match read {
            Ok(Ok(1..)) => {}
            Ok(_) => return Arrival::Over,
            Err(_) if seen == 0 => return Arrival::Over,
            Err(_) => {
                return Arrival::Refused(Refusal::new(
                    StatusCode::REQUEST_TIMEOUT,
                    format!(
                        "the request's header section did not arrive within {:?}",
                        terms.now().limits.header_deadline
                    ),
                ));
            }
        }
    }
}

/// Writes a refusal by hand, for there is no request Pingora could answer, and closes.
async fn refuse(mut stream: Stream, request: &[u8], refusal: &Refusal) {
    let answer = refusal.answer(&path_of(request));
    let head = format!(
        "HTTP/1.1 {} {}\r\ndate: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cache-status: {}\r\nconnection: close\r\n{}\r\n",
        answer.status.as_u16(),
        answer.status.canonical_reason().unwrap_or_default(),
        httpdate::fmt_http_date(SystemTime::now()),
        answer.body.len(),
        answer.cache_status,
        answer.retry_after.map(|wait| format!("retry-after: {wait}\r\n")).unwrap_or_default(),
    );
    let said = async {
        stream.write_all(head.as_bytes()).await?;
        // A HEAD request gets no body, whatever else is wrong with it.
        if !request.starts_with(b"HEAD ") {
            stream.write_all(&answer.body).await?;
        }
        stream.flush().await?;
        AsyncWriteExt::shutdown(&mut stream).await?;
        let mut rest = [0; 8192];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(PATIENCE, said).await;
}

/// Refuses a connection before it has asked anything.
pub(super) async fn turn_away(stream: Stream, refusal: &Refusal) {
    refuse(stream, &[], refusal).await;
}

/// The path of a request that may be anything, for the error body.
fn path_of(request: &[u8]) -> String {
    const SHOWN: usize = 200;
    let line = request.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let target = line.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    let path = target.split(|&byte| byte == b'?').next().unwrap_or_default();
    let shown = &path[..path.len().min(SHOWN)];
    if shown.first() == Some(&b'/') { String::from_utf8_lossy(shown).into_owned() } else { "/".to_owned() }
}
