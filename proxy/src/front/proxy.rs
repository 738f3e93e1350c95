//! One request after its header section: answer it, or stream it through.
//!
//! `request_filter` writes every answer that is ours, because what it returns `true` for keeps its
//! connection, errors included; Pingora's own error path closes it. For the same reason the permit
//! of a streamed call is taken at the end of `request_filter`: a refusal there is an answer, while
//! an error from `upstream_peer` would cost the client its connection. `upstream_peer` can hand
//! out that one peer once, so a second attempt without a second permit cannot happen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};
use recobeat_ops::trace::Span;

use super::asked::Asked;
use super::outbound;
use super::press::Press;
use super::read_ahead::{ReadAhead, ReadAheads};
use super::refusal::Refusal;
use super::reply::{Dresser, Reply};
use super::service::{Outcome, Service};
use super::terms::Terms;
use super::traced;
use super::upload::Uploads;
use crate::engine::Answer;

/// The public side of the proxy, as Pingora sees it.
pub(super) struct Front<S> {
    pub(super) service: Arc<S>,
    pub(super) terms: Terms,
    pub(super) dresser: Dresser,
    pub(super) uploads: Uploads,
}

/// A call on its way through. Its permit is with the [`ReadAhead`].
pub(super) struct Stream {
    asked: Asked,
    peer: Option<Box<HttpPeer>>,
    since: Instant,
    span: Span,
}

/// The right to one call, and where it goes.
type Admitted<P> = (P, Box<HttpPeer>);

impl<S: Service> Front<S> {
    pub(super) fn new(terms: Terms, service: Arc<S>, uploads: Uploads) -> Self {
        let dresser = Dresser { terms: terms.clone(), press: Press::new() };
        Self { service, terms, dresser, uploads }
    }

    /// Writes an answer of ours.
    pub(super) async fn reply(&self, session: &mut Session, asked: &Asked, answer: Answer) -> Result<()> {
        self.write(session, self.dresser.dress(answer, asked)?).await
    }

    pub(super) async fn write(&self, session: &mut Session, reply: Reply) -> Result<()> {
        let patience = self.terms.now().limits.write;
        reply.write(session, patience).await
    }

    pub(super) async fn refuse(&self, session: &mut Session, asked: &Asked, refusal: &Refusal) -> Result<()> {
        self.reply(session, asked, refusal.answer(&asked.path)).await
    }

    /// A permit and where its call goes, or the answer instead. The whole request must have been
    /// read. An error means that the client left: nobody gets what it waited for, so its place in
    /// the queue goes to the next.
    pub(super) async fn admit(
        &self,
        session: &mut Session,
        asked: &Asked,
    ) -> Result<Result<Admitted<S::Permit>, Answer>> {
        let admitted = async {
            let permit = self.service.pass(&asked.path, &asked.caller).await?;
            let peer = self.service.peer(&asked.path, &permit).await?;
            Ok((permit, peer))
        };
        tokio::select! {
            biased;
            admitted = admitted => Ok(admitted),
            _ = session.as_downstream_mut().read_body_or_idle(true) => {
                Error::e_explain(ErrorType::ConnectionClosed, "left the queue").map_err(Error::into_down)
            }
        }
    }

    fn ahead(session: &mut Session) -> Option<&mut ReadAhead<S::Permit>> {
        session.downstream_modules_ctx.get_mut()
    }

    /// Gives the permit of a streamed call back, if it is still there.
    fn release(session: &mut Session) {
        if let Some(ahead) = Self::ahead(session) {
            ahead.end();
        }
    }
}

/// What to tell a client when a call failed.
pub(super) fn failure(error: &Error) -> Refusal {
    if matches!(error.esource(), ErrorSource::Internal | ErrorSource::Unset) {
        return Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the proxy failed on this request; its log has the reason",
        );
    }
    let timed_out = matches!(
        error.root_etype(),
        ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::WriteTimedout
    );
    if timed_out {
        Refusal::new(StatusCode::GATEWAY_TIMEOUT, "the upstream did not answer in time; try again")
    } else {
        Refusal::new(StatusCode::BAD_GATEWAY, "the upstream could not be reached or broke off; try again")
    }
}

#[async_trait]
impl<S: Service> ProxyHttp for Front<S> {
    type CTX = Option<Stream>;

    fn new_ctx(&self) -> Self::CTX {
        None
    }

    // Replaces the default, a compressor that works on streams only.
    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        modules.add_module(Box::new(ReadAheads::<S::Permit>::new()));
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<bool> {
        session.as_downstream_mut().set_write_timeout(Some(self.terms.now().limits.write));
        session.as_downstream_mut().set_ignore_info_resp(true);
        let client = session.client_addr().and_then(|addr| addr.as_inet()).map(std::net::SocketAddr::ip);
        let mut asked = Asked::read(session.req_header(), client);
        let mut span = traced::begin(&mut asked);
        let checked = asked.check(session.req_header(), &self.terms.now().limits);
        if let Err(refusal) = checked {
            // Its end is in doubt when it has a body it should not have.
            session.set_keepalive(None);
            self.refuse(session, &asked, &refusal).await?;
            return Ok(true);
        }
        if asked.method == Method::OPTIONS {
            let mut head = self.terms.now().cors.preflight(session.req_header())?;
            head.insert_header(super::asked::REQUEST_ID, asked.caller.request_id.as_str())?;
            let body = Bytes::new();
            self.write(session, Reply { head, body }).await?;
            return Ok(true);
        }
        let query = asked.query.as_deref();
        let answer = self.service.answer(&asked.method, &asked.path, query, &asked.caller).await;
        if let Some(answer) = answer {
            traced::answered(&mut span, &answer);
            self.reply(session, &asked, answer).await?;
            return Ok(true);
        }
        if !session.as_downstream_mut().is_body_empty() {
            self.upload(session, &asked).await?;
            return Ok(true);
        }
        match self.admit(session, &asked).await? {
            Ok((permit, peer)) => {
                // RFC 9110 §7.8: a server may ignore Upgrade.
                session.req_header_mut().remove_header(&header::UPGRADE);
                if let Some(ahead) = Self::ahead(session) {
                    ahead.begin(permit);
                }
                *ctx = Some(Stream { asked, peer: Some(peer), since: Instant::now(), span });
                Ok(false)
            }
            Err(answer) => {
                traced::answered(&mut span, &answer);
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
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        match ctx {
            Some(stream) => {
                if let Some(permit) = Self::ahead(session).and_then(ReadAhead::permit) {
                    self.service.departs(permit);
                }
                outbound::request(request, &stream.asked, &self.terms.now().upstream, None)
            }
            None => Ok(()),
        }
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        peer: &HttpPeer,
        _: &mut Self::CTX,
        error: Box<Error>,
    ) -> Box<Error> {
        self.service.unreachable(peer);
        error
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
        traced::ended(&mut stream.span, response.status);
        self.service.observed(Outcome::Replied { status: response.status, retry_after });
        Ok(())
    }

    fn upstream_response_body_filter(
        &self,
        _: &mut Session,
        _: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<Option<Duration>> {
        let since = ctx.as_ref().map(|stream| stream.since);
        let late = since.is_some_and(|since| since.elapsed() > self.terms.now().limits.stream);
        if late && !end {
            return Error::e_explain(ErrorType::WriteTimedout, "streamed for too long");
        }
        Ok(None)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Self::CTX) -> FailToProxy {
        Self::release(session);
        if ctx.is_some() && *error.esource() == ErrorSource::Upstream {
            self.service.observed(Outcome::Failed);
            ctx.iter_mut().for_each(|stream| stream.span.fail("the upstream failed"));
        }
        let mut error_code = 0;
        let waiting = session.response_written().is_none();
        if waiting && *error.esource() != ErrorSource::Downstream {
            let asked = match ctx.take() {
                Some(stream) => stream.asked,
                None => Asked::read(session.req_header(), None),
            };
            // Pingora does not reuse a connection after an error, so say so.
            session.set_keepalive(None);
            let refusal = failure(error);
            error_code = refusal.status.as_u16();
            if let Err(gone) = self.refuse(session, &asked, &refusal).await {
                tracing::debug!(%gone, "client left before its error");
            }
        }
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, _: &mut Self::CTX) {
        // Responses without a body end here.
        Self::release(session);
    }

    fn suppress_error_log(&self, _: &Session, _: &Self::CTX, error: &Error) -> bool {
        // A client that leaves is no news.
        *error.esource() == ErrorSource::Downstream
    }
}
