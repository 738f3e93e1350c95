//! Static rules: requests that the upstream refuses whatever it holds.
//!
//! Only what the contract is sure of is refused here, in the upstream's own body form; everything
//! doubtful is left to the upstream.

use crate::api::{Body, Draw, ErrorBody, ErrorCode, Request, Rows};

/// Ids per call that the upstream accepts (contract §5).
const UPSTREAM_MAX_IDS: usize = 40;
/// Tracks per recommendation (contract §7).
const MAX_SIZE: i64 = 100;

#[derive(Debug, Clone)]
pub struct Rules {
    /// Check recommendations (features P-50).
    pub recommendations: bool,
    /// Largest list of one request, repetitions included.
    pub max_ids_per_request: usize,
    /// Split lists of more than 40 ids; otherwise refuse them as the upstream does.
    pub split: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { recommendations: true, max_ids_per_request: 500, split: true }
    }
}

/// The 400 body of a request that breaks a rule.
pub fn refusal(rules: &Rules, request: &Request) -> Option<ErrorBody> {
    match request {
        Request::Rows(rows) => too_many_ids(rules, rows),
        Request::Body(body) if rules.recommendations => {
            body.draw.as_ref().and_then(|draw| bad_draw(body, draw))
        }
        Request::Row(_) | Request::Body(_) => None,
    }
}

fn too_many_ids(rules: &Rules, rows: &Rows) -> Option<ErrorBody> {
    let most = if rules.split { rules.max_ids_per_request } else { UPSTREAM_MAX_IDS };
    (rows.given > most).then(|| {
        let message = format!("size must be between 1 and {most}");
        ErrorBody::range(rows.endpoint.handler, "ids", message)
    })
}

fn bad_draw(body: &Body, draw: &Draw) -> Option<ErrorBody> {
    let handler = body.endpoint.handler;
    let blank = |list: &[String]| list.iter().any(|id| id.trim().is_empty());
    match &draw.seeds {
        Some(seeds) if seeds.is_empty() => {
            let message = "Required parameter 'seeds' is not present: give 1 to 5 track ids";
            return Some(ErrorBody::plain(ErrorCode::ABSENT, &body.target, message));
        }
        Some(seeds) if blank(seeds) => {
            return Some(ErrorBody::range(
                handler,
                "seeds",
                "must hold 1 to 5 track ids, none of them blank",
            ));
        }
        _ => {}
    }
    if draw.negatives.as_deref().is_some_and(blank) {
        let message = "must hold 1 to 5 track ids, none of them blank";
        return Some(ErrorBody::range(handler, "negativeSeeds", message));
    }
    // Text that is no number may mean anything upstream; a number outside the range cannot.
    let size = draw.size.as_deref()?.parse::<i64>().ok()?;
    (!(1..=MAX_SIZE).contains(&size)).then(|| ErrorBody::range(handler, "size", "must be between 1 and 100"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Call, classify};
    use http::Method;
    use rstest::rstest;

    fn read(target: &str) -> Request {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, q)| (path, Some(q)));
        match classify(&Method::GET, path, query) {
            Ok(Call::Cacheable(request)) => request,
            other => panic!("{target} is {other:?}"),
        }
    }

    #[rstest]
    #[case::no_query("", "plain 4001")]
    #[case::no_seeds("?size=5", "plain 4001")]
    #[case::blank_seeds("?size=5&seeds=", "getRecommendation.seeds")]
    #[case::space("?size=5&seeds=%20", "getRecommendation.seeds")]
    #[case::blank_among_others("?size=5&seeds=a,,b", "getRecommendation.seeds")]
    #[case::blank_without_size("?seeds=,", "getRecommendation.seeds")]
    #[case::blank_negative("?size=5&seeds=a&negativeSeeds=+", "getRecommendation.negativeSeeds")]
    #[case::size_zero("?size=0&seeds=a", "getRecommendation.size")]
    #[case::size_large("?size=101&seeds=a", "getRecommendation.size")]
    #[case::size_negative("?size=-1&seeds=a", "getRecommendation.size")]
    fn bad_recommendations_are_refused(#[case] query: &str, #[case] place: &str) {
        let request = read(&format!("/v1/track/recommendation{query}"));
        let found = match refusal(&Rules::default(), &request).expect("refused") {
            ErrorBody::Plain { code, .. } => format!("plain {}", code.0),
            ErrorBody::Range { path, .. } => path,
        };
        assert_eq!(found, place);
        let off = Rules { recommendations: false, ..Rules::default() };
        assert_eq!(refusal(&off, &request), None);
    }

    #[rstest]
    #[case("?size=1&seeds=a")]
    #[case("?size=100&seeds=a,b,c,d,e,f")]
    #[case("?seeds=a")]
    #[case("?size=many&seeds=a")]
    #[case("?size=5&seeds=a,b&seeds=c")]
    fn doubtful_recommendations_are_left_to_the_upstream(#[case] query: &str) {
        assert_eq!(refusal(&Rules::default(), &read(&format!("/v1/track/recommendation{query}"))), None);
    }

    #[test]
    fn lists_are_split_up_to_the_limit_or_refused_as_upstream_does() {
        let list = |n: usize| read(&format!("/v1/artist?ids={}", vec!["aa"; n].join(",")));
        let strict = Rules { split: false, ..Rules::default() };
        assert_eq!(refusal(&Rules::default(), &list(500)), None);
        assert_eq!(
            refusal(&Rules::default(), &list(501)),
            Some(ErrorBody::range("getArtists", "ids", "size must be between 1 and 500"))
        );
        assert_eq!(refusal(&strict, &list(40)), None);
        assert_eq!(
            refusal(&strict, &list(41)),
            Some(ErrorBody::range("getArtists", "ids", "size must be between 1 and 40"))
        );
    }
}
