//! Cross-origin rules are ours alone: whatever the upstream says about origins is dropped.

use http::{HeaderValue, StatusCode, header};
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};

const EXPOSED: &str = "Age, Cache-Status, ETag, Retry-After, X-Request-Id";
const METHODS: &str = "GET, HEAD, POST, OPTIONS";
/// Seconds a browser may remember a preflight: a day.
const MAX_AGE: &str = "86400";

/// Who may read answers in a browser.
#[derive(Debug)]
pub(super) enum Cors {
    Anyone,
    Only(Vec<HeaderValue>),
}

impl Cors {
    /// An origin that is no header value can be named by no browser and is left out.
    pub(super) fn new(origins: &[String]) -> Self {
        if origins.iter().any(|origin| origin == "*") {
            Self::Anyone
        } else {
            Self::Only(origins.iter().filter_map(|origin| origin.parse().ok()).collect())
        }
    }

    /// Does the answer depend on `Origin`?
    pub(super) fn varies(&self) -> bool {
        matches!(self, Self::Only(_))
    }

    /// Lets the origin of the request read the answer, if it may.
    pub(super) fn allow(&self, origin: Option<&HeaderValue>, head: &mut ResponseHeader) -> Result<()> {
        let allowed = match self {
            Self::Anyone => HeaderValue::from_static("*"),
            Self::Only(origins) => match origin {
                Some(origin) if origins.contains(origin) => origin.clone(),
                _ => return Ok(()),
            },
        };
        head.insert_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed)?;
        head.insert_header(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)
    }

    /// The whole answer to `OPTIONS`.
    pub(super) fn preflight(&self, request: &RequestHeader) -> Result<ResponseHeader> {
        let mut head = ResponseHeader::build(StatusCode::NO_CONTENT, Some(8))?;
        head.insert_header(header::ALLOW, METHODS)?;
        self.allow(request.headers.get(header::ORIGIN), &mut head)?;
        if head.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            head.insert_header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)?;
            let wanted = request.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            let headers = wanted.cloned().unwrap_or(HeaderValue::from_static("*"));
            head.insert_header(header::ACCESS_CONTROL_ALLOW_HEADERS, headers)?;
            head.insert_header(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE)?;
        }
        let vary = if self.varies() {
            "Origin, Access-Control-Request-Headers"
        } else {
            "Access-Control-Request-Headers"
        };
        head.insert_header(header::VARY, vary)?;
        Ok(head)
    }
}
