//! A request as far as answering it goes, read once from either protocol version.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use pingora::http::RequestHeader;
use recobeat_ops::trace::Context;

use super::coding::Coding;
use super::head;
use super::refusal::Refusal;
use super::settings::Limits;
use crate::budget::Lane;
use crate::engine::Caller;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PRIORITY: HeaderName = HeaderName::from_static("priority");
const LONGEST_REQUEST_ID: usize = 128;

/// What was asked, by whom, and in which form the answer is wanted.
#[derive(Debug)]
pub(super) struct Asked {
    pub method: Method,
    /// Percent-encoded, as sent; `*` for the whole server.
    pub path: String,
    /// Percent-encoded, as sent, without the question mark.
    pub query: Option<String>,
    pub caller: Caller,
    /// The content coding the client likes best.
    pub coding: Coding,
    pub if_none_match: Option<String>,
    pub origin: Option<HeaderValue>,
}

impl Asked {
    /// Reads the header section; the client's address is the socket's, never a header's.
    pub(super) fn read(request: &RequestHeader, client: Option<IpAddr>) -> Self {
        let headers = &request.headers;
        let (path, query) = split(request.raw_path());
        Self {
            method: request.method.clone(),
            path,
            query,
            caller: Caller {
                client: client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ip| ip.to_canonical()),
                lane: lane(headers),
                no_cache: list(headers, &header::CACHE_CONTROL)
                    .any(|directive| directive.eq_ignore_ascii_case("no-cache")),
                request_id: request_id(headers),
                trace: Context::of(headers),
            },
            coding: Coding::best(list(headers, &header::ACCEPT_ENCODING)),
            if_none_match: joined(headers, &header::IF_NONE_MATCH),
            origin: headers.get(header::ORIGIN).cloned(),
        }
    }

    /// What must be wrong in a request that is otherwise well-formed.
    pub(super) fn check(&self, request: &RequestHeader, limits: &Limits) -> Result<(), Refusal> {
        head::target(request.raw_path(), limits)?;
        head::allowed(self.method.as_str())?;
        if let Some(expectation) = request.headers.get(header::EXPECT)
            && !expectation.as_bytes().eq_ignore_ascii_case(b"100-continue")
        {
            return Err(Refusal::new(
                http::StatusCode::EXPECTATION_FAILED,
                "the only expectation understood here is 100-continue",
            ));
        }
        if matches!(self.method, Method::GET | Method::HEAD)
            && request.headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
        {
            return Err(body_not_wanted(&self.method));
        }
        Ok(())
    }

    /// `/path?query`
    pub(super) fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

pub(super) fn body_not_wanted(method: &Method) -> Refusal {
    Refusal::bad_request(format!("a {method} request must not have a body; put everything into the URL"))
}

/// Path and query of a target in origin or absolute form (RFC 9112 §3.2).
fn split(raw: &[u8]) -> (String, Option<String>) {
    let text = String::from_utf8_lossy(raw);
    let local = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => &text,
    };
    let (path, query) = match local.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (local, None),
    };
    (if path.is_empty() { "/" } else { path }.to_owned(), query)
}

/// RFC 9218; what does not parse is as good as absent.
fn lane(headers: &HeaderMap) -> Lane {
    let Some(value) = joined(headers, &PRIORITY) else {
        return Lane::Interactive;
    };
    sfv::Parser::new(&value)
        .parse::<sfv::Dictionary>()
        .ok()
        .and_then(|members| match members.get("u") {
            Some(sfv::ListEntry::Item(item)) => item.bare_item.as_integer(),
            _ => None,
        })
        .and_then(|urgency| u8::try_from(i64::from(urgency)).ok())
        .filter(|urgency| *urgency <= 7)
        .map_or(Lane::Interactive, Lane::from_urgency)
}

/// The client's own id if it can stand in a log line, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("request id"));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .filter(|id| !id.is_empty() && id.len() <= LONGEST_REQUEST_ID)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()))
        .map_or_else(|| format!("{:016x}{:08x}", *SEED, COUNT.fetch_add(1, Ordering::Relaxed)), str::to_owned)
}

/// The members of a comma-separated field, over all its lines.
pub(super) fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |all, line| all + ", " + line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn asked(target: &str, fields: &[(&'static str, &str)]) -> Asked {
        let mut request = RequestHeader::build("GET", target.as_bytes(), None).unwrap();
        for (name, value) in fields {
            request.append_header(*name, (*value).to_owned()).unwrap();
        }
        Asked::read(&request, None)
    }

    #[rstest]
    #[case::origin_form("/v1/track?ids=a,b", "/v1/track", Some("ids=a,b"))]
    #[case::no_query("/v1/track", "/v1/track", None)]
    #[case::empty_query("/v1/track?", "/v1/track", Some(""))]
    #[case::absolute_form("http://proxy/v1/track?ids=a", "/v1/track", Some("ids=a"))]
    #[case::bare_authority("http://proxy", "/", None)]
    #[case::url_in_query("/v1?next=http://a/b", "/v1", Some("next=http://a/b"))]
    #[case::two_question_marks("/a?b?c", "/a", Some("b?c"))]
    fn a_target_is_split(#[case] raw: &str, #[case] path: &str, #[case] query: Option<&str>) {
        assert_eq!(split(raw.as_bytes()), (path.to_owned(), query.map(str::to_owned)));
    }

    #[rstest]
    #[case::absent(&[], Lane::Interactive)]
    #[case::urgent(&["u=0"], Lane::Interactive)]
    #[case::refresh(&["u=5, i"], Lane::Refresh)]
    #[case::warm(&["u=7"], Lane::Warm)]
    #[case::two_lines(&["i", "u=7"], Lane::Warm)]
    #[case::out_of_range(&["u=8"], Lane::Interactive)]
    #[case::not_a_number(&["u=low"], Lane::Interactive)]
    #[case::not_a_dictionary(&["u=7;;"], Lane::Interactive)]
    fn priority_chooses_the_lane(#[case] lines: &[&str], #[case] lane: Lane) {
        let fields: Vec<_> = lines.iter().map(|line| ("priority", *line)).collect();
        assert_eq!(asked("/", &fields).caller.lane, lane);
    }

    #[rstest]
    #[case::alone("no-cache", true)]
    #[case::among_others("max-age=0, No-Cache", true)]
    #[case::max_age("max-age=0", false)]
    #[case::no_store("no-store", false)]
    fn only_no_cache_asks_for_a_new_answer(#[case] value: &str, #[case] expected: bool) {
        assert_eq!(asked("/", &[("cache-control", value)]).caller.no_cache, expected);
    }

    #[test]
    fn a_sane_request_id_is_kept_and_another_is_replaced() {
        let id = |value: &str| asked("/", &[("x-request-id", value)]).caller.request_id;
        assert_eq!(id("abc-123"), "abc-123");
        assert_eq!(id("a b").len(), 24);
        assert_eq!(id(&"x".repeat(128)), "x".repeat(128));
        assert_eq!(id(&"x".repeat(129)).len(), 24);
        assert_ne!(id(""), id(""));
    }
}
