//! What the proxy says about an answer: `Cache-Status` (RFC 9211).

use std::time::Duration;

use http::HeaderMap;
use sfv::{BareItem, Item, List, ListEntry, Parser, StringRef, TokenRef};

/// Name of the proxy in `Cache-Status`; other caches on the way are no business of ours.
const PROXY: &str = "recobeat";

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Told {
    /// From the proxy's cache alone, stale answers included.
    pub(super) hit: bool,
    /// Upstream calls made for this request. None when it shared those of another request.
    pub(super) calls: u32,
    /// In the queue of the proxy's budget; the longest of the calls.
    pub(super) queued: Duration,
}

impl Told {
    /// Nothing is known of an answer without the header, or with one that is no structured field.
    pub(super) fn by(headers: &HeaderMap) -> Self {
        let values = headers.get_all("cache-status").iter().filter_map(|value| value.to_str().ok());
        let joined = values.collect::<Vec<_>>().join(", ");
        let members: List = Parser::new(&joined).parse().unwrap_or_default();
        let items = members.iter().filter_map(|member| match member {
            ListEntry::Item(item) => Some(item),
            ListEntry::InnerList(_) => None,
        });
        items.filter(|item| name(item) == Some(PROXY)).map(read).next_back().unwrap_or_default()
    }
}

fn name(item: &Item) -> Option<&str> {
    word(&item.bare_item)
}

fn word(item: &BareItem) -> Option<&str> {
    item.as_token().map(TokenRef::as_str).or_else(|| item.as_string().map(StringRef::as_str))
}

fn read(item: &Item) -> Told {
    let has = |parameter| item.params.get(parameter).is_some_and(|value| value.as_boolean() != Some(false));
    let detail = item.params.get("detail").and_then(word).unwrap_or_default();
    let number = |name: &str| {
        let values = detail.split_whitespace().filter_map(|part| part.split_once('='));
        values.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<u32>().ok())
    };
    let forwarded = u32::from(item.params.contains_key("fwd"));
    let calls = if has("collapsed") { 0 } else { number("calls").unwrap_or(forwarded) };
    let queued = Duration::from_millis(number("queued").unwrap_or_default().into());
    Told { hit: has("hit") && calls == 0, calls, queued }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(values: &[&str]) -> (bool, u32, u128) {
        let values = values.iter().map(|value| (http::HeaderName::from_static("cache-status"), *value));
        let headers = values.map(|(name, value)| (name, value.parse().expect("a value"))).collect();
        let Told { hit, calls, queued } = Told::by(&headers);
        (hit, calls, queued.as_millis())
    }

    #[rstest]
    #[case::hit("recobeat; hit; ttl=60", (true, 0, 0))]
    #[case::stale("recobeat; hit; ttl=-5; detail=\"stale\"", (true, 0, 0))]
    #[case::rows("recobeat; hit; ttl=6; detail=\"rows=40 hit=40 calls=0\"", (true, 0, 0))]
    #[case::partial("recobeat; fwd=partial; detail=\"rows=40 hit=30 calls=1 queued=812\"", (false, 1, 812))]
    #[case::two_calls("recobeat; fwd=miss; stored; detail=\"rows=80 hit=0 calls=2\"", (false, 2, 0))]
    #[case::filled_meanwhile("recobeat; fwd=miss; stored; ttl=9; detail=\"calls=0\"", (false, 0, 0))]
    #[case::somebody_elses_call("recobeat; fwd=miss; collapsed; stored; detail=\"calls=1\"", (false, 0, 0))]
    #[case::plain_miss("recobeat; fwd=miss; stored", (false, 1, 0))]
    #[case::bare_collapse("recobeat; fwd=miss; collapsed", (false, 0, 0))]
    #[case::passed_on("recobeat; fwd=bypass", (false, 1, 0))]
    #[case::denied("recobeat; detail=\"denied\"", (false, 0, 0))]
    #[case::repaired("recobeat; fwd=miss; detail=\"calls=1\"; repaired=\"seeds\"", (false, 1, 0))]
    #[case::quoted_name("\"recobeat\"; hit", (true, 0, 0))]
    #[case::another_cache("edge; hit", (false, 0, 0))]
    #[case::behind_another("recobeat; fwd=miss, edge; hit", (false, 1, 0))]
    #[case::no_structured_field("recobeat; hit; detail=\"", (false, 0, 0))]
    #[case::strange_numbers("recobeat; fwd=miss; detail=\"calls=x queued=-3\"", (false, 1, 0))]
    fn an_answer_says_how_it_came_about(#[case] header: &str, #[case] expected: (bool, u32, u128)) {
        assert_eq!(told(&[header]), expected);
    }

    #[test]
    fn the_header_may_be_absent_or_given_twice() {
        assert_eq!(told(&[]), (false, 0, 0));
        assert_eq!(told(&["edge; fwd=uri-miss", "recobeat; hit"]), (true, 0, 0));
    }
}
