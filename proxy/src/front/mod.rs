//! The public side: sockets, HTTP/1.1 and HTTP/2, and nothing about music.
//!
//! The front turns what arrives into a question for the [`Service`], and what the service says
//! into bytes. Everything it refuses, it refuses before the service hears of it, because a
//! malformed request must not cost a look-up, let alone an upstream call.
//!
//! ```text
//! connection (limit, TLS) → h1 | h2 (deadlines) → Front: answer | stream through | upload
//! ```
//!
//! Two rules shape it. *A client can waste its own connection, never an upstream slot*: heads
//! have a deadline, uploads are read whole before a permit is asked for, and the permit of a
//! streamed answer goes back when its last byte has arrived from the upstream. *An error is an
//! answer*: it has the upstream's body form and keeps the connection, unless the request left its
//! own end in doubt.

mod asked;
mod coding;
mod connection;
mod cors;
mod etag;
mod h1;
mod h2;
mod head;
mod outbound;
mod press;
mod proxy;
mod read_ahead;
mod refusal;
mod reply;
mod serve;
mod service;
mod settings;
mod terms;
mod traced;
mod upload;

#[cfg(test)]
mod tests;

pub use serve::{FrontError, Prepared, StopSignal, prepare, stop_signal};
pub use service::{Outcome, Service};
pub use settings::{FrontSettings, Limits, TlsFiles, UpstreamFace};
pub use terms::Terms;
