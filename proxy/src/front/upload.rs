//! Requests with a body: read whole, then sent in one go.
//!
//! A phone on a bad line takes minutes for 6 MiB, the upstream call a second. The body is
//! therefore in memory before a permit is asked for, and the reply is in memory before the client
//! gets any of it, so the slot is held only while the two fast ends talk.
//!
//! Pingora's streaming path cannot do this: a body that was read in `request_filter` is replayed
//! upstream only from its retry buffer, which holds 64 KiB. So the call is made here, on Pingora's
//! connector. It takes a new connection each time and does not retry: a stale pooled connection
//! could break after the body was sent, and then nobody knows whether it counted.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, Version, header};
use pingora::connectors::ConnectorOptions;
use pingora::connectors::http::Connector;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::client::HttpSession;
use pingora::proxy::Session;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::asked::{Asked, body_not_wanted};
use super::outbound;
use super::proxy::{Front, failure};
use super::refusal::Refusal;
use super::reply::Reply;
use super::service::{Outcome, Service};
use crate::upstream::BODY_CAP;

/// How long a refused client may go on sending before its connection is cut; most clients read
/// the answer only when they have sent everything.
const PATIENCE: Duration = Duration::from_secs(2);

/// Room for uploads and the way to send them on.
pub(super) struct Uploads {
    room: Arc<Semaphore>,
    connector: Connector,
}

/// Why an upload does not go upstream.
enum Stop {
    /// Tell the client.
    Refused(Refusal),
    /// It did not arrive in time.
    Late,
    /// There is nobody to tell.
    Gone(Box<Error>),
}

impl Uploads {
    pub(super) fn new(at_once: usize, conf: &ServerConf) -> Self {
        Self {
            room: Arc::new(Semaphore::new(at_once)),
            connector: Connector::new(Some(ConnectorOptions::from_server_conf(conf))),
        }
    }

    /// One call, from connecting to the last byte of the reply.
    async fn call(
        &self,
        peer: &HttpPeer,
        head: RequestHeader,
        body: Bytes,
    ) -> Result<(ResponseHeader, Bytes)> {
        let connected = self.connector.get_http_session(peer).await;
        let (mut call, _) = connected.map_err(Error::into_up)?;
        let reply = exchange(&mut call, peer, head, body).await;
        call.shutdown().await;
        reply.map_err(Error::into_up)
    }
}

async fn exchange(
    call: &mut HttpSession,
    peer: &HttpPeer,
    head: RequestHeader,
    body: Bytes,
) -> Result<(ResponseHeader, Bytes)> {
    call.set_read_timeout(peer.options.read_timeout);
    call.set_write_timeout(peer.options.write_timeout);
    call.write_request_header(Box::new(head)).await?;
    call.write_request_body(body, true).await?;
    call.finish_request_body().await?;
    let mut reply = loop {
        call.read_response_header().await?;
        match call.response_header() {
            Some(head) if head.status.is_informational() => {}
            Some(head) => break head.clone(),
            None => return Error::e_explain(ErrorType::ReadError, "no response header"),
        }
    };
    let mut body = BytesMut::new();
    while let Some(chunk) = call.read_response_body().await? {
        if body.len() + chunk.len() > BODY_CAP {
            return Error::e_explain(ErrorType::ReadError, "the reply is too large");
        }
        body.extend_from_slice(&chunk);
    }
    reply.remove_header(&header::TRANSFER_ENCODING);
    Ok((reply, body.freeze()))
}

impl<S: Service> Front<S> {
    /// Takes the whole body, then makes the call and writes its reply.
    pub(super) async fn upload(&self, session: &mut Session, asked: &Asked) -> Result<()> {
        let Ok(_room) = self.uploads.room.clone().try_acquire_owned() else {
            let refusal = Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many uploads are being received; try again in a moment",
            );
            return self.turn_away(session, asked, &refusal.after(5)).await;
        };
        let body = match self.receive(session).await {
            Ok(body) => body,
            Err(Stop::Refused(refusal)) => return self.turn_away(session, asked, &refusal).await,
            Err(Stop::Late) => {
                session.set_keepalive(None);
                let deadline = self.terms.now().limits.upload_deadline;
                return self.refuse(session, asked, &late(deadline)).await;
            }
            Err(Stop::Gone(error)) => return Err(error.into_down()),
        };
        if !body.is_empty() && matches!(asked.method, Method::GET | Method::HEAD) {
            return self.refuse(session, asked, &body_not_wanted(&asked.method)).await;
        }
        let (mut permit, mut peer) = match self.admit(session, asked).await? {
            Ok(admitted) => admitted,
            Err(answer) => return self.reply(session, asked, answer).await,
        };
        peer.options.set_http_version(1, 1);

        let mut head = session.req_header().clone();
        head.set_version(Version::HTTP_11);
        let length = (!body.is_empty()).then_some(body.len());
        outbound::request(&mut head, asked, &self.terms.now().upstream, length)?;
        let longest = self.terms.now().limits.stream;
        self.service.departs(&mut permit);
        let reply = tokio::select! {
            reply = timeout(longest, self.uploads.call(&peer, head, body)) => reply,
            // The body is read, so this ends only when the client leaves.
            _ = session.as_downstream_mut().read_body_or_idle(true) => {
                return Error::e_explain(ErrorType::ConnectionClosed, "left during an upload")
                    .map_err(Error::into_down);
            }
        };
        drop(permit);
        match reply {
            Ok(Ok((mut head, body))) => {
                let retry_after = outbound::response(&mut head, asked, &self.dresser)?;
                self.service.observed(Outcome::Replied { status: head.status, retry_after });
                if !matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
                    head.insert_header(header::CONTENT_LENGTH, body.len().to_string())?;
                }
                self.write(session, Reply { head, body }).await
            }
            Ok(Err(error)) => {
                self.service.observed(Outcome::Failed);
                tracing::debug!(%error, "upload failed upstream");
                self.refuse(session, asked, &failure(&error)).await
            }
            Err(_) => {
                self.service.observed(Outcome::Failed);
                let late = Error::new_up(ErrorType::ReadTimedout);
                self.refuse(session, asked, &failure(&late)).await
            }
        }
    }

    async fn receive(&self, session: &mut Session) -> Result<Bytes, Stop> {
        let limits = self.terms.now().limits.clone();
        let headers = &session.req_header().headers;
        let declared = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limits.upload) {
            return Err(Stop::Refused(too_large(limits.upload)));
        }
        if headers.contains_key(header::EXPECT) {
            session.as_downstream_mut().write_continue_response().await.map_err(Stop::Gone)?;
        }
        let collected = timeout(limits.upload_deadline, async {
            let mut body = BytesMut::with_capacity(declared.unwrap_or(0));
            while let Some(chunk) = session.as_downstream_mut().read_request_body().await? {
                if body.len() + chunk.len() > limits.upload {
                    return Ok(None);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Some(body.freeze()))
        });
        match collected.await {
            Ok(Ok(Some(body))) => Ok(body),
            Ok(Ok(None)) => Err(Stop::Refused(too_large(limits.upload))),
            Ok(Err(error)) => Err(Stop::Gone(error)),
            Err(_) => Err(Stop::Late),
        }
    }

    /// Refuses an upload whose body is still coming.
    async fn turn_away(&self, session: &mut Session, asked: &Asked, refusal: &Refusal) -> Result<()> {
        session.set_keepalive(None);
        self.refuse(session, asked, refusal).await?;
        let client = session.as_downstream_mut();
        let rest = async { while let Ok(Some(_)) = client.read_request_body().await {} };
        let _ = timeout(PATIENCE, rest).await;
        Ok(())
    }
}

fn late(deadline: Duration) -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {deadline:?}"))
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {limit} bytes; send a shorter excerpt"),
    )
}
