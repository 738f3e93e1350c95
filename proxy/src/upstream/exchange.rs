//! One request and its answer on an open session, HTTP/1.1 or HTTP/2.
//!
//! What goes out is ours alone: a client's header never does. What comes in is read to its end
//! under [`BODY_CAP`], and counts as complete only if its framing says so: all of
//! `Content-Length`, the last chunk, or `END_STREAM`. An HTTP/1 body delimited by the end of the
//! connection has no such sign and is taken as it is (RFC 9112 §6.3); a cut one fails to decode
//! or to parse.

use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use pingora::http::RequestHeader;
use pingora::protocols::http::client::HttpSession;
use pingora::{Error, ErrorType};
use recobeat_ops::trace::Context;

use super::client::{broken, is_bodiless};
use super::{BODY_CAP, CallError, Reply, Request, Target, coding, fields};

/// The whole header of a call.
pub(super) fn request_header(target: &Target, request: &Request) -> pingora::Result<Box<RequestHeader>> {
    let path = target.path(&request.path_and_query);
    let mut header = RequestHeader::build("GET", path.as_bytes(), Some(5))?;
    header.insert_header(HOST, target.authority())?;
    header.insert_header(USER_AGENT, target.user_agent())?;
    header.insert_header(ACCEPT, HeaderValue::from_static("application/json"))?;
    header.insert_header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))?;
    // An id that cannot be a header value is not worth the call.
    let id = request.request_id.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(id)) = id {
        header.insert_header("x-request-id", id)?;
    }
    for (name, value) in request.trace.iter().flat_map(Context::fields) {
        header.insert_header(name, value)?;
    }
    Ok(Box::new(header))
}

/// Sends the request, ending it: there is no body.
pub(super) async fn send(session: &mut HttpSession, header: Box<RequestHeader>) -> pingora::Result<()> {
    match session {
        HttpSession::H2(stream) => stream.write_request_header(header, true),
        other => other.write_request_header(header).await,
    }
}

/// Reads up to the final answer's header, over informational ones.
pub(super) async fn read_header(session: &mut HttpSession) -> pingora::Result<()> {
    loop {
        session.read_response_header().await?;
        match session.response_header().map(|h| h.status) {
            Some(StatusCode::SWITCHING_PROTOCOLS) | None => {
                return Error::e_explain(ErrorType::InvalidHTTPHeader, "unasked-for 101");
            }
            Some(status) if status.is_informational() => {}
            Some(_) => return Ok(()),
        }
    }
}

/// Reads the body and makes the reply. `now` is what a dated `Retry-After` is measured from.
pub(super) async fn read_reply(session: &mut HttpSession, now: SystemTime) -> Result<Reply, CallError> {
    let (status, headers) = match session.response_header() {
        Some(header) => (header.status, header.headers.clone()),
        None => return Err(CallError::Broken("no header was read".into())),
    };
    let raw = read_body(session, status, &headers).await?;
    Ok(Reply {
        status,
        media_type: fields::media_type(&headers),
        retry_after: fields::retry_after(&headers, now),
        body: coding::decode(headers.get_all(CONTENT_ENCODING), raw)?,
    })
}

async fn read_body(
    session: &mut HttpSession,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Bytes, CallError> {
    let announced = announced_length(headers).filter(|_| !is_bodiless(status));
    if announced.is_some_and(|length| length > BODY_CAP) {
        return Err(CallError::TooLarge);
    }
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
    while let Some(part) = session.read_response_body().await.map_err(|e| broken(&e))? {
        if body.len() + part.len() > BODY_CAP {
            return Err(CallError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    // Both protocols check this below us; it stands here so that nothing hinges on that.
    match announced {
        Some(length) if length != body.len() => {
            let read = body.len();
            Err(CallError::Broken(format!("{read} bytes of {length} arrived")))
        }
        _ => Ok(body.freeze()),
    }
}

/// Pingora has refused conflicting lengths, and dropped the one beside `Transfer-Encoding`.
fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
