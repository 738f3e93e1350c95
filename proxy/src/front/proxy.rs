//! One request after its header section: answer it, or stream it through.
//!
//! `request_filter` writes every answer that is ours, because what it returns `true` for keeps its
//! connection, errors included; Pingora's own error path closes it. For the same reason the permit
//! of a streamed call is taken at the end of `request_filter`: a refusal there is an answer, while
//! an error from `upstream_peer` would cost the client its connection. `upstream_peer` can hand
//! out that one peer once, so a second attempt without a second permit cannot happen.
//!
//! Pingora reads from the upstream no faster than the client does, so a slow reader would hold an
//! upstream slot. The first [`READ_AHEAD`] bytes are therefore collected before any of them is
//! written: an answer that fits frees its slot at the upstream's speed, a larger one is bounded by
//! the write timeout and the limit for the whole stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};

use super::asked::Asked;
use super::cors::Cors;
use super::outbound;
use super::press::Press;
use super::refusal::Refusal;
use super::reply::{Dresser, Reply};
use super::service::{Outcome, Service};
use super::settings::FrontSettings;
use super::upload::Uploads;
use crate::engine::Answer;

/// Bytes of a streamed answer taken from the upstream before the client gets any.
const READ_AHEAD: usize = 256 * 1024;

/// The public side of the proxy, as Pingora sees it.
pub(super) struct Front<S> {
    pub(super) service: Arc<S>,
    pub(super) settings: Arc<FrontSettings>,
    pub(super) dresser: Dresser,
    pub(super) uploads: Uploads,
}

/// A call on its way through. Dropping it frees the upstream slot.
pub(super) struct Stream<P> {
    asked: Asked,
    permit: Option<P>,
    peer: Option<Box<HttpPeer>>,
    ahead: BytesMut,
    collecting: bool,
    since: Instant,
}

impl<S: Service> Front<S> {
    pub(super) fn new(settings: Arc<FrontSettings>, service: Arc<S>, uploads: Uploads) -> Self {
        let dresser = Dresser {
            cors: Cors::new(&settings.cors_origins),
            press: Press::new(),
        };
        Self {
            service,
            settings,
            dresser,
            uploads,
        }
    }

    /// Writes an answer of ours.
    pub(super) async fn reply(
        &self,
        session: &mut Session,
        asked: &Asked,
        answer: Answer,
    ) -> Result<()> {
        self.write(session, self.dresser.dress(answer, asked)?)
            .await
    }

    pub(super) async fn write(&self, session: &mut Session, reply: Reply) -> Result<()> {
        reply.write(session, self.settings.limits.write).await
    }

    pub(super) async fn refuse(
        &self,
        session: &mut Session,
        asked: &Asked,
        refusal: &Refusal,
    ) -> Result<()> {
        self.reply(session, asked, refusal.answer(&asked.path))
            .await
    }

    /// A permit and where its call goes, or the answer instead.
    pub(super) async fn admit(&self, asked: &Asked) -> Result<(S::Permit, Box<HttpPeer>), Answer> {
        let permit = self.service.pass(&asked.path, &asked.caller).await?;
        let peer = self.service.peer(&asked.path, &permit).await?;
        Ok((permit, peer))
    }
}

/// What to tell a client when a streamed call failed.
pub(super) fn failure(error: &Error) -> Refusal {
    let timed_out = matches!(
        error.root_etype(),
        ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout
    );
    if timed_out {
        Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the upstream did not answer in time; try again",
        )
    } else {
        Refusal::new(
            StatusCode::BAD_GATEWAY,
            "the upstream could not be reached or broke off; try again",
        )
    }
}

#[async_trait]
impl<S: Service> ProxyHttp for Front<S> {
    type CTX = Option<Stream<S::Permit>>;

    fn new_ctx(&self) -> Self::CTX {
        None
    }

    // None: the default one is a compressor that works on streams only.
    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    async fn request_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<bool> {
        session
            .as_downstream_mut()
            .set_write_timeout(Some(self.settings.limits.write));
        session.as_downstream_mut().set_ignore_info_resp(true);
        let client = session
            .client_addr()
            .and_then(|addr| addr.as_inet())
            .map(std::net::SocketAddr::ip);
        let asked = Asked::read(session.req_header(), client);
        if let Err(refusal) = asked.check(session.req_header(), &self.settings.limits) {
            // Its end is in doubt when it has a body it should not have.
            session.set_keepalive(None);
            self.refuse(session, &asked, &refusal).await?;
            return Ok(true);
        }
        if asked.method == Method::OPTIONS {
            let mut head = self.dresser.cors.preflight(session.req_header())?;
            head.insert_header(super::asked::REQUEST_ID, asked.caller.request_id.as_str())?;
            let body = Bytes::new();
            self.write(session, Reply { head, body }).await?;
            return Ok(true);
        }
        let query = asked.query.as_deref();
        let answer = self
            .service
            .answer(&asked.method, &asked.path, query, &asked.caller)
            .await;
        if let Some(answer) = answer {
            self.reply(session, &asked, answer).await?;
            return Ok(true);
        }
        if !session.as_downstream_mut().is_body_empty() {
            self.upload(session, &asked).await?;
            return Ok(true);
        }
        match self.admit(&asked).await {
            Ok((permit, peer)) => {
                // RFC 9110 §7.8: a server may ignore Upgrade.
                session.req_header_mut().remove_header(&header::UPGRADE);
                *ctx = Some(Stream {
                    asked,
                    permit: Some(permit),
                    peer: Some(peer),
                    ahead: BytesMut::new(),
                    collecting: true,
                    since: Instant::now(),
                });
                Ok(false)
            }
            Err(answer) => {
                self.reply(session, &asked, answer).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, _: &mut Session, ctx: &mut Self::CTX) -> Result<Box<HttpPeer>> {
        let peer = ctx.as_mut().and_then(|stream| stream.peer.take());
        peer.ok_or_else(|| Error::explain(ErrorType::InternalError, "one permit, one call"))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        match ctx {
            Some(stream) => {
                outbound::request(request, &stream.asked, &self.settings.upstream, None)
            }
            None => Ok(()),
        }
    }

    async fn upstream_response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        let Some(stream) = ctx else { return Ok(()) };
        if response.status.is_informational() {
            return Ok(());
        }
        let retry_after = outbound::response(response, &stream.asked, &self.dresser)?;
        self.service.observed(Outcome::Replied {
            status: response.status,
            retry_after,
        });
        Ok(())
    }

    fn upstream_response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<Option<Duration>> {
        let Some(stream) = ctx else { return Ok(None) };
        if end {
            stream.permit = None;
        } else if stream.since.elapsed() > self.settings.limits.stream {
            return Error::e_explain(ErrorType::WriteTimedout, "streamed for too long");
        }
        stream.collect(body, end);
        Ok(None)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Self::CTX,
    ) -> FailToProxy {
        let mut error_code = 0;
        if let Some(stream) = ctx.take() {
            drop(stream.permit);
            if *error.esource() == ErrorSource::Upstream {
                self.service.observed(Outcome::Failed);
            }
            let waiting = session.response_written().is_none();
            if waiting && *error.esource() != ErrorSource::Downstream {
                // Pingora does not reuse a connection after an error, so say so.
                session.set_keepalive(None);
                let refusal = failure(error);
                error_code = refusal.status.as_u16();
                if let Err(gone) = self.refuse(session, &stream.asked, &refusal).await {
                    tracing::debug!(%gone, "client left before its error");
                }
            }
        }
        FailToProxy {
            error_code,
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, _: &mut Session, _: Option<&Error>, ctx: &mut Self::CTX) {
        // The answer is written: responses without a body end here.
        *ctx = None;
    }

    fn suppress_error_log(&self, _: &Session, _: &Self::CTX, error: &Error) -> bool {
        // A client that leaves is no news.
        *error.esource() == ErrorSource::Downstream
    }
}

impl<P> Stream<P> {
    /// Keeps the first bytes back until they are all there, or too many.
    fn collect(&mut self, body: &mut Option<Bytes>, end: bool) {
        if !self.collecting {
            return;
        }
        if let Some(bytes) = body.take() {
            self.ahead.extend_from_slice(&bytes);
        }
        if end || self.ahead.len() >= READ_AHEAD {
            self.collecting = false;
            *body = Some(self.ahead.split().freeze());
        }
    }
}
