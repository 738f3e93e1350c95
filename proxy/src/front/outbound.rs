//! What crosses the proxy when a request is streamed through.
//!
//! Requests keep only the few fields that describe their content; everything that says who the
//! client is (`Authorization`, `x-api-key`, `Cookie`, forwarding fields) stays here, because the
//! upstream has no use for it and would see it under our address. Responses lose what is about
//! the upstream's own connection, cookies and origins.

use std::time::{Duration, SystemTime};

use http::{HeaderName, Method, StatusCode, Uri, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::{OrErr, Result};
use recobeat_ops::trace::Context;

use super::asked::{Asked, REQUEST_ID};
use super::reply::{CACHE_STATUS, Dresser};
use super::settings::UpstreamFace;

/// Request fields that go upstream; framing is ours to write.
const FORWARDED: [HeaderName; 8] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::RANGE,
];

/// Response fields that stop here, besides all of `Access-Control-…`.
const DROPPED: [HeaderName; 7] = [
    header::ALT_SVC,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("set-cookie2"),
];

/// Longest wait clients are told; widespread ones give up at once above it.
const LONGEST_WAIT: u64 = 300;
/// What clients are told when the upstream does not say.
const USUAL_WAIT: u64 = 4;

/// Makes a client's request ours.
pub(super) fn request(
    request: &mut RequestHeader,
    asked: &Asked,
    face: &UpstreamFace,
    body: Option<usize>,
) -> Result<()> {
    let names: Vec<HeaderName> = request.headers.keys().cloned().collect();
    for name in names.iter().filter(|name| !FORWARDED.contains(name)) {
        request.remove_header(name);
    }
    request.insert_header(header::HOST, face.authority.as_str())?;
    request.insert_header(header::USER_AGENT, face.user_agent.as_str())?;
    request.insert_header(REQUEST_ID, asked.caller.request_id.as_str())?;
    for (name, value) in asked.caller.trace.iter().flat_map(Context::fields) {
        request.insert_header(name, value)?;
    }
    let expects_length = !matches!(asked.method, Method::GET | Method::HEAD | Method::DELETE);
    if body.is_some() || expects_length {
        request.insert_header(header::CONTENT_LENGTH, body.unwrap_or(0).to_string())?;
    }
    let target = format!("{}{}", face.path_prefix, asked.target());
    let target: Uri =
        target.parse().or_err_with(pingora::InvalidHTTPHeader, || format!("target {target:?}"))?;
    request.set_uri(target);
    Ok(())
}

/// Makes the upstream's response ours. Returns its `Retry-After`.
pub(super) fn response(
    response: &mut ResponseHeader,
    asked: &Asked,
    dresser: &Dresser,
) -> Result<Option<Duration>> {
    let names: Vec<HeaderName> = response.headers.keys().cloned().collect();
    for name in names {
        if DROPPED.contains(&name) || name.as_str().starts_with("access-control-") {
            response.remove_header(&name);
        }
    }
    let told = response
        .headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| wait(value, SystemTime::now()));
    let refused = matches!(response.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if refused || response.headers.contains_key(header::RETRY_AFTER) {
        let seconds = told.map_or(USUAL_WAIT, |wait| wait.as_secs()).clamp(1, LONGEST_WAIT);
        response.insert_header(header::RETRY_AFTER, seconds.to_string())?;
    }
    response.insert_header(CACHE_STATUS, "recobeat; fwd=bypass")?;
    dresser.sign(asked, false, response)?;
    Ok(told)
}

/// `Retry-After` in either form (RFC 9110 §10.2.3), rounded up to seconds.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let wait = at.duration_since(now).unwrap_or_default();
    Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::seconds("15", Some(15))]
    #[case::date("Thu, 01 Jan 1970 00:01:40 GMT", Some(40))]
    #[case::past("Thu, 01 Jan 1970 00:00:10 GMT", Some(0))]
    #[case::neither("soon", None)]
    fn a_wait_has_two_forms(#[case] value: &str, #[case] seconds: Option<u64>) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_mins(1);
        assert_eq!(wait(value, now).map(|wait| wait.as_secs()), seconds);
    }
}
