//! A request as an operator names it: a URL from a log, a path, or the canonical text of a listing.

use std::sync::Arc;

use super::Engine;
use super::repairs::Tracks;
use crate::api::{Body, Call, Malformed, Request, classify_target};
use crate::cache::Look;
use crate::guard::{Repair, repair};

/// Longest text that is read, in bytes: as long as a request line may be.
const LONGEST: usize = 32 << 10;

/// Why a text names no request that could be denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unnamed {
    #[error("has characters that no URL has; write them percent-encoded")]
    Characters,
    #[error("is longer than {LONGEST} bytes")]
    Long,
    #[error("is not understood: {0}")]
    Malformed(#[from] Malformed),
    #[error("is no canonical text; take it from GET /deny as it stands, or give the URL")]
    NotCanonical,
    #[error("names no endpoint whose answers are kept; give a URL such as /v1/track/recommendation?…")]
    NotKept,
    #[error("is a list of ids, which is answered row by row and never denied; see /registry/{{id}}")]
    Rows,
}

/// A URL without its scheme and host; any other text as it is.
pub fn target_of(text: &str) -> &str {
    match text.split_once("://") {
        Some(("http" | "https", rest)) => rest.find('/').map_or("/", |path| &rest[path..]),
        _ => text,
    }
}

/// Reads a text that names one request.
pub fn named(text: &str) -> Result<Body, Unnamed> {
    if text.len() > LONGEST {
        return Err(Unnamed::Long);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unnamed::Characters);
    }
    let body = match classify_target(text.strip_prefix('=').unwrap_or_else(|| target_of(text)))? {
        Call::Cacheable(Request::Body(body)) => body,
        Call::Cacheable(Request::Row(row)) => Body::opaque(row.endpoint, &row.target),
        Call::Cacheable(Request::Rows(_)) => return Err(Unnamed::Rows),
        Call::PassThrough => return Err(Unnamed::NotKept),
    };
    if text.starts_with('=') && body.key != text {
        return Err(Unnamed::NotCanonical);
    }
    Ok(body)
}

impl Engine {
    /// The texts that a request may be denied under: its own, and those of what it is repaired to.
    pub fn texts(&self, request: &Body) -> Vec<Arc<str>> {
        let mut texts: Vec<Arc<str>> = vec![request.key.as_str().into()];
        if let Some(given) = request.recommendation.as_ref().filter(|_| self.terms().repair) {
            let tracks = Tracks { store: &self.store, look: Look::Glance };
            let repaired = [repair(given, &()), repair(given, &tracks)];
            for (request, _) in repaired.into_iter().filter(|(_, made): &(_, Vec<Repair>)| !made.is_empty()) {
                let text = Arc::from(request.into_body().key);
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const KEY: &str = "=/v1/track/search?searchText=ab&page=0";

    #[rstest]
    #[case::canonical(KEY)]
    #[case::target("/v1/track/search?searchText=%61b")]
    #[case::url("https://api.reccobeats.com/v1/track/search?page=0&searchText=ab")]
    fn every_way_to_name_a_request_is_read(#[case] text: &str) {
        assert_eq!(named(text).expect("a request").key, KEY);
    }

    #[rstest]
    #[case::rows("/v1/track?ids=a,b", Unnamed::Rows)]
    #[case::upload("/v1/analysis/audio-features", Unnamed::NotKept)]
    #[case::host("https://api.reccobeats.com", Unnamed::NotKept)]
    #[case::nothing("", Unnamed::NotKept)]
    #[case::line("/v1/track/search?searchText=a\nb", Unnamed::Characters)]
    #[case::escape("/v1/track/search?searchText=%", Unnamed::Malformed(Malformed::Escape { place: "the query" }))]
    #[case::not_canonical("=/v1/track/search?page=0&searchText=ab", Unnamed::NotCanonical)]
    #[case::opaque("=/v1/track/search?searchText=ab&x=1", Unnamed::NotCanonical)]
    fn what_names_none_says_why(#[case] text: &str, #[case] why: Unnamed) {
        assert_eq!(named(text), Err(why));
    }
}
