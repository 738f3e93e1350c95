//! A connection from accept to its protocol: is there room, TLS, HTTP/1 or 2.
//!
//! Pingora would do the TLS handshake before the application sees the connection, with 60 s for
//! it. Done here it counts against the deadline of the first header section, and a connection over
//! the limit is turned away before it has cost a handshake.

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::listeners::tls::Acceptor;
use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{ALPN, Stream};
use pingora::server::ShutdownWatch;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::refusal::Refusal;
use super::terms::Terms;
use super::{h1, h2};

/// Lets connections in, one permit each.
pub(super) struct Gate<P> {
    pub(super) app: Arc<P>,
    pub(super) tls: Option<Acceptor>,
    pub(super) terms: Terms,
    pub(super) room: Arc<Semaphore>,
    /// Ours, not Pingora's: it turns true while the listener still accepts.
    pub(super) stop: watch::Receiver<bool>,
}

#[async_trait]
impl<P> ServerApp for Gate<P>
where
    P: HttpServerApp + Send + Sync + 'static,
{
    async fn process_new(self: &Arc<Self>, stream: Stream, _: &ShutdownWatch) -> Option<Stream> {
        let deadline = Instant::now() + self.terms.now().limits.header_deadline;
        let stopping = *self.stop.borrow();
        let room = self.room.clone().try_acquire_owned().ok();
        let Some(_room) = room.filter(|_| !stopping) else {
            self.turn_away(stream).await;
            return None;
        };
        let stream = match &self.tls {
            None => stream,
            Some(acceptor) => {
                // What the plain listener accepts is always a socket.
                let socket = stream.into_any().downcast::<Socket>().ok()?;
                let encrypted = timeout_at(deadline, acceptor.tls_handshake(*socket)).await;
                Box::new(encrypted.ok()?.ok()?)
            }
        };
        let mut stop = self.stop.clone();
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            h2::serve(&self.app, stream, &self.terms, deadline, &mut stop).await;
        } else {
            h1::serve(&self.app, stream, &self.terms, Some(deadline), &mut stop).await;
        }
        None
    }

    async fn cleanup(&self) {
        self.app.http_cleanup().await;
    }
}

impl<P> Gate<P> {
    /// Behind TLS nothing can be said without the handshake it was refused for.
    async fn turn_away(&self, stream: Stream) {
        if self.tls.is_none() {
            let refusal = Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many connections, or the proxy is stopping; try again in a moment",
            );
            h1::turn_away(stream, &refusal.after(1)).await;
        }
    }
}
