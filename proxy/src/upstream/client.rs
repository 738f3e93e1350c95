//! One buffered call over Pingora's connector.
//!
//! One deadline covers everything: waiting for the first lookup, connecting (to one address
//! after another), sending, and reading to the last byte. Whatever fails after the request was
//! sent is final here; the caller decides about another attempt and pays for it. The one
//! exception, a pooled connection that provably lost the request, is argued in
//! [`super::unread`].
//!
//! Dropping the future is safe at any point: a session lives in it until its body is complete,
//! and only then goes back to the pool. Dropped earlier, it closes its connection (one call has
//! one connection, over HTTP/2 too). The permit lives in the future as well and falls last.
//!
//! Idle connections and HTTP/2 drivers are tasks on the runtime that makes the call, so calls
//! belong on a runtime that lives as long as the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use http::StatusCode;
use pingora::connectors::http::Connector;
use pingora::protocols::http::client::HttpSession;
use pingora::upstreams::peer::{ALPN, HttpPeer};
use pingora::{Error, ErrorType};

use super::{CallError, Reply, Request, Target, Upstream, exchange, unread};
use crate::budget::Permit;

/// The pool a fresh connection is looked for in: nothing is ever put there.
const EMPTY_POOL: u64 = 1;

/// Calls the upstream and reads whole answers.
pub struct Client {
    target: Arc<Target>,
    connector: Connector,
    /// The upstream asked for HTTP/1.1 over HTTP/2 once (RFC 9113 §7, `HTTP_1_1_REQUIRED`).
    downgraded: AtomicBool,
}

/// How one attempt at one address ended without a reply.
enum Failure {
    /// Nothing was sent; another address may do.
    Connect(String),
    /// A pooled connection had gone and the request with it, unread.
    Unread(String),
    /// The call is over.
    Final(CallError),
}

impl Client {
    /// A client with an empty pool. Connects to nothing yet.
    pub fn new(target: Arc<Target>) -> Self {
        // Unwraps the CA file inside, which `Target::new` has checked.
        let connector = Connector::new(Some(target.connector_options()));
        Self { target, connector, downgraded: AtomicBool::new(false) }
    }

    async fn answer(&self, permit: &mut Permit, request: &Request) -> Result<Reply, CallError> {
        let addresses = self.target.addresses().await?;
        let mut pooled = true;
        let mut refusals = Vec::new();
        for address in addresses.iter() {
            let peer = self.peer(permit, *address);
            let mut ended = self.attempt(&peer, permit, pooled, request).await;
            if let Err(Failure::Unread(_)) = ended
                && pooled
            {
                pooled = false;
                ended = self.attempt(&peer, permit, pooled, request).await;
            }
            match ended {
                Ok(reply) => return Ok(reply),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Unread(reason)) => return Err(CallError::Broken(reason)),
                Err(Failure::Connect(reason)) => {
                    self.target.unreachable(&peer);
                    refusals.push(reason);
                }
            }
        }
        Err(CallError::Connect(refusals.join("; ")))
    }

    fn peer(&self, permit: &Permit, address: std::net::SocketAddr) -> HttpPeer {
        let mut peer = self.target.peer_at(permit, address);
        if self.downgraded.load(Ordering::Relaxed) {
            peer.options.alpn = ALPN::H1;
        }
        peer
    }

    /// One sending of the request, over a pooled connection if there is one and `pooled` allows.
    async fn attempt(
        &self,
        peer: &HttpPeer,
        permit: &mut Permit,
        pooled: bool,
        request: &Request,
    ) -> Result<Reply, Failure> {
        let (mut session, reused) = self.open(peer, pooled).await?;
        let header =
            exchange::request_header(&self.target, request).map_err(|e| Failure::Final(broken(&e)))?;
        let mark = unread::Mark::on(&session);
        permit.departs();
        if let Err(error) = exchange::send(&mut session, header).await {
            return Err(if reused {
                Failure::Unread(explain(&error))
            } else {
                Failure::Final(broken(&error))
            });
        }
        if let Err(error) = exchange::read_header(&mut session).await {
            self.heed(&error);
            return Err(if reused && mark.proves_unread(&session, &error) {
                Failure::Unread(explain(&error))
            } else {
                Failure::Final(broken(&error))
            });
        }
        let reply = exchange::read_reply(&mut session, SystemTime::now()).await.map_err(Failure::Final)?;
        let idle = Some(self.target.idle_timeout());
        self.connector.release_http_session(session, peer, idle).await;
        Ok(reply)
    }

    async fn open(&self, peer: &HttpPeer, pooled: bool) -> Result<(HttpSession, bool), Failure> {
        let opened = if pooled {
            self.connector.get_http_session(peer).await
        } else {
            let mut fresh = peer.clone();
            fresh.group_key = EMPTY_POOL;
            self.connector.get_http_session(&fresh).await
        };
        opened.map_err(|error| {
            if pooled && unread::stream_not_opened(&error) {
                Failure::Unread(explain(&error))
            } else {
                Failure::Connect(explain(&error))
            }
        })
    }

    fn heed(&self, error: &Error) {
        if error.etype == ErrorType::H2Downgrade && !self.downgraded.swap(true, Ordering::Relaxed) {
            tracing::info!("upstream asks for HTTP/1.1, HTTP/2 no longer offered");
        }
    }
}

#[async_trait]
impl Upstream for Client {
    async fn call(&self, mut permit: Permit, request: Request) -> Result<Reply, CallError> {
        let ended = tokio::time::timeout(request.timeout, self.answer(&mut permit, &request)).await;
        drop(permit);
        ended.unwrap_or(Err(CallError::Timeout(request.timeout)))
    }
}

pub(super) fn broken(error: &Error) -> CallError {
    CallError::Broken(explain(error))
}

/// The cause and its context, short enough for a log line: Pingora quotes whole buffers.
fn explain(error: &Error) -> String {
    const LONGEST: usize = 300;
    let mut text = error.to_string().trim_start().to_owned();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Statuses whose answers have no body whatever the header says (RFC 9110 §6.4.1, for GET).
pub(super) fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
