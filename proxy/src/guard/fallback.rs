//! Fallback: what else to ask when the upstream refuses a recommendation for good.
//!
//! Repair handles what can be seen to be wrong; here the upstream has said no to a request that
//! looked right. Each tier gives up a part of it that is likely to be the reason. All are made of
//! the canonical request, lists sorted: one refusal is shared by all spellings of a request, and
//! each spelling must lead to the same few calls.

use crate::api::{Recommendation, complaints};

/// One way to ask for less, in the order they are tried (features P-56).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// The refusal blames the negatives: without them.
    Blamed,
    /// Negatives for half of the seeds or more: for fewer than half.
    Fewer,
    /// More than three seeds: three, without negatives.
    Three,
    /// Without negatives.
    Bare,
}

impl Tier {
    pub const ALL: [Self; 4] = [Self::Blamed, Self::Fewer, Self::Three, Self::Bare];

    pub fn name(self) -> &'static str {
        match self {
            Self::Blamed => "blamed",
            Self::Fewer => "fewer",
            Self::Three => "three",
            Self::Bare => "bare",
        }
    }

    fn apply(self, request: &mut Recommendation, refusal: &[u8]) {
        let Recommendation { seeds, negatives, .. } = request;
        match self {
            Self::Blamed if blames_negatives(refusal) => negatives.clear(),
            Self::Fewer if negatives.len() * 2 >= seeds.len() => {
                negatives.truncate(seeds.len().div_ceil(2).saturating_sub(1));
            }
            Self::Three if seeds.len() > 3 => {
                seeds.truncate(3);
                negatives.clear();
            }
            Self::Bare => negatives.clear(),
            Self::Blamed | Self::Fewer | Self::Three => {}
        }
    }
}

/// The requests worth trying instead of one that was refused with this body, each once.
pub fn fallbacks(refused: &Recommendation, refusal: &[u8]) -> Vec<(Tier, Recommendation)> {
    let refused = refused.sorted();
    let mut worth: Vec<(Tier, Recommendation)> = Vec::new();
    for tier in Tier::ALL {
        let mut request = refused.clone();
        tier.apply(&mut request, refusal);
        if request != refused && worth.iter().all(|(_, other)| *other != request) {
            worth.push((tier, request));
        }
    }
    worth
}

/// Whole words only: `ratio` is not in `expiration`. The name of the parameter counts as one.
fn blames_negatives(refusal: &[u8]) -> bool {
    let blame = |word: &str| {
        word == "negativeSeeds"
            || ["negative", "negatives", "ratio", "ratios"]
                .iter()
                .any(|blame| word.eq_ignore_ascii_case(blame))
    };
    let words = |text: &String| text.split(|c: char| !c.is_alphanumeric()).any(blame);
    complaints(refusal).iter().any(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Call, Id, Request, classify_target};
    use rstest::rstest;

    const UNKNOWN: &str = r#"{"error":"Cannot find any track for given seed ids","path":"uri=/v1/track/recommendation?negativeSeeds=a","status":4002}"#;
    const BLAMED: &str = r#"{"error":"Too many negative seeds","status":4002}"#;

    fn recommendation(query: &str) -> Recommendation {
        match classify_target(&format!("/v1/track/recommendation?size=5&{query}")) {
            Ok(Call::Cacheable(Request::Body(body))) => *body.recommendation.expect("understood"),
            other => panic!("{query} is {other:?}"),
        }
    }

    /// Each as `tier seeds/negatives`.
    fn tried(query: &str, refusal: &str) -> Vec<String> {
        let list = |ids: &[Id]| ids.iter().map(ToString::to_string).collect::<String>();
        let show = |(tier, request): (Tier, Recommendation)| {
            format!("{} {}/{}", tier.name(), list(&request.seeds), list(&request.negatives))
        };
        fallbacks(&recommendation(query), refusal.as_bytes()).into_iter().map(show).collect()
    }

    #[rstest]
    #[case::nothing_to_give_up("seeds=a,b", UNKNOWN, &[])]
    #[case::a_blamed_ratio("seeds=a,b,c&negativeSeeds=n", BLAMED, &["blamed abc/"])]
    #[case::half("seeds=a,b&negativeSeeds=n", UNKNOWN, &["fewer ab/"])]
    #[case::less_than_half("seeds=a,b,c&negativeSeeds=n", UNKNOWN, &["bare abc/"])]
    #[case::many_seeds("seeds=a,b,c,d,e", UNKNOWN, &["three abc/"])]
    #[case::all_tiers("seeds=a,b,c,d&negativeSeeds=n,o", UNKNOWN, &["fewer abcd/n", "three abc/", "bare abcd/"])]
    #[case::each_once("seeds=a,b,c,d&negativeSeeds=n,o", BLAMED, &["blamed abcd/", "fewer abcd/n", "three abc/"])]
    fn each_tier_that_changes_the_request_is_tried_once(
        #[case] query: &str,
        #[case] refusal: &str,
        #[case] expected: &[&str],
    ) {
        assert_eq!(tried(query, refusal), expected);
    }

    #[test]
    fn all_spellings_of_a_request_fall_back_to_the_same() {
        let one = tried("seeds=d,b,a,c&negativeSeeds=o,n", UNKNOWN);
        assert_eq!(one, tried("negativeSeeds=n&negativeSeeds=o&seeds=a,c,b,d", UNKNOWN));
    }

    #[rstest]
    #[case(r#"{"error":"the ratio is wrong","status":4002}"#, true)]
    #[case(r#"{"error":"Negatives: too many","status":4002}"#, true)]
    #[case(r#"{"status":4004,"errors":[{"path":"getRecommendation.negativeSeeds","message":"size"}]}"#, true)]
    #[case(r#"{"error":"past its expiration","status":4002}"#, false)]
    #[case(r#"{"error":"no","path":"uri=/x?negativeSeeds=a","status":4002}"#, false)]
    #[case("negative ratio", false)]
    fn only_words_of_the_error_blame_the_negatives(#[case] refusal: &str, #[case] expected: bool) {
        assert_eq!(blames_negatives(refusal.as_bytes()), expected);
    }
}
