//! Whether a request that failed on a pooled connection was certainly not read by the upstream.
//!
//! A server may close an idle connection in the very moment we reuse it. The request is lost
//! through nobody's fault, and sending it again at once is right. But a server that *read* the
//! request and then broke off looks almost the same, has counted it against its rate limit, and
//! a second sending would be a call nobody paid for: an upstream in trouble would see twice the
//! budget. "GET is idempotent" is no argument here. So the same permit covers a second sending
//! only when there is proof that the first was not read:
//!
//! - it could not be written, or the pooled connection refused to open a stream for it;
//! - HTTP/2: the server said so, with GOAWAY or `REFUSED_STREAM` (RFC 9113 §8.7);
//! - HTTP/1: the connection ended before a byte of the answer, in good order (FIN), and the
//!   kernel counts no byte of ours as acknowledged since the request was written. A FIN carries
//!   an acknowledgement, so had the request arrived before it, we would know. A reset carries
//!   none that counts, so it proves nothing. Without `TCP_INFO` (not Linux) nothing is proven.
//!
//! Anything else is [`super::CallError::Broken`], and trying again is the budget's business.

use pingora::protocols::http::client::HttpSession;
use pingora::{Error, ErrorType, RetryType};

/// Taken just before the request is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Bytes of ours that the other side has acknowledged over the connection's life.
    acknowledged: Option<u64>,
}

impl Mark {
    pub(super) fn on(session: &HttpSession) -> Self {
        Self { acknowledged: acknowledged(session) }
    }

    /// Whether the answer's header failing with `error` leaves the request unread for certain.
    pub(super) fn proves_unread(self, session: &HttpSession, error: &Error) -> bool {
        match session {
            HttpSession::H1(_) => {
                ended_before_any_answer(error) && untouched(self.acknowledged, acknowledged(session))
            }
            HttpSession::H2(_) => refused_by_protocol(error),
            HttpSession::Custom(()) => false,
        }
    }
}

/// Whether opening a session failed on a pooled HTTP/2 connection, and not by connecting.
pub(super) fn stream_not_opened(error: &Error) -> bool {
    error.etype == ErrorType::H2Error
}

/// Pingora tells the number of bytes only in the text.
fn ended_before_any_answer(error: &Error) -> bool {
    let nothing_read = |context: &str| context.ends_with("bytes already read: 0");
    error.etype == ErrorType::ConnectionClosed
        && error.context.as_ref().is_some_and(|c| nothing_read(c.as_str()))
}

fn untouched(before: Option<u64>, after: Option<u64>) -> bool {
    before.is_some() && before == after
}

/// Of the errors Pingora would retry whatever the connection, this type holds only
/// GOAWAY(`NO_ERROR`) and `REFUSED_STREAM`.
fn refused_by_protocol(error: &Error) -> bool {
    error.etype == ErrorType::H2Error && error.retry == RetryType::Decided(true)
}

fn acknowledged(session: &HttpSession) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let info = session.digest()?.socket_digest.as_ref()?.tcp_info()?;
    Some(info.tcpi_bytes_acked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_before_any_answer(etype: ErrorType, read: usize) -> bool {
        let context = format!("while reading response headers, bytes already read: {read}");
        ended_before_any_answer(&Error::explain(etype, context))
    }

    #[test]
    fn an_end_before_the_answer_is_told_from_one_within_it() {
        assert!(ends_before_any_answer(ErrorType::ConnectionClosed, 0));
        assert!(!ends_before_any_answer(ErrorType::ConnectionClosed, 7));
        assert!(!ends_before_any_answer(ErrorType::ConnectionClosed, 10));
    }

    #[test]
    fn a_reset_proves_nothing() {
        assert!(!ends_before_any_answer(ErrorType::ReadError, 0));
    }

    #[test]
    fn an_acknowledged_request_counts_as_read() {
        assert!(untouched(Some(400), Some(400)));
        assert!(!untouched(Some(400), Some(401)));
    }

    #[test]
    fn without_the_kernels_count_nothing_is_proven() {
        assert!(!untouched(None, None));
    }
}
