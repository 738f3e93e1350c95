use std::fmt::Write as _;

use super::endpoint::{Endpoint, Shape};
use super::id::Id;
use super::query::Query;
use super::request::{Body, Draw};

/// A recommendation, understood completely (contract §7).
///
/// Its lists keep the order and the repetitions they were given with, because whoever shortens them
/// keeps what was named first; the key does not, because the order means nothing upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    pub seeds: Vec<Id>,
    pub negatives: Vec<Id>,
    /// Plain decimals, sorted by name.
    scalars: Vec<(&'static str, String)>,
}

impl Recommendation {
    /// `None` when anything in the query is not understood; without a size the upstream's default
    /// would have to be known.
    pub(super) fn read(query: &Query) -> Option<Self> {
        if !query.holds_only(SCALARS, &["seeds", "negativeSeeds"]) {
            return None;
        }
        query.once("size")?;
        let ids = |name| query.list(name)?.into_iter().map(Id::parse).collect::<Option<Vec<_>>>();
        let (seeds, negatives) = (ids("seeds")?, ids("negativeSeeds")?);
        let mut scalars = Vec::new();
        for name in SCALARS {
            if let Some(value) = query.once(name) {
                let whole = INTEGERS.contains(name);
                scalars.push((*name, plain_decimal(value).filter(|_| !(whole && value.contains('.')))?));
            }
        }
        Some(Self { seeds, negatives, scalars })
    }

    /// The same request with its lists in the order of the key.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut sorted = self.clone();
        sorted.seeds.sort_by_cached_key(ToString::to_string);
        sorted.negatives.sort_by_cached_key(ToString::to_string);
        sorted
    }

    /// The request written anew: path and query, lists sorted, with bare commas.
    pub fn target(&self) -> String {
        let Self { seeds, negatives, scalars } = self.sorted();
        let mut target = String::from(endpoint().path);
        let mut separator = '?';
        let mut add = |name: &str, value: &str| {
            let _ = write!(target, "{separator}{name}={value}");
            separator = '&';
        };
        for (name, ids) in [("negativeSeeds", negatives), ("seeds", seeds)] {
            if !ids.is_empty() {
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                add(name, &ids.join(","));
            }
        }
        scalars.iter().for_each(|(name, value)| add(name, value));
        target
    }

    /// Equal for requests with equal answers.
    pub(super) fn key(&self) -> String {
        format!("={}", self.target())
    }

    /// The request to be sent as it is written here.
    pub fn into_body(self) -> Body {
        let texts = |ids: &[Id]| Some(ids.iter().map(ToString::to_string).collect());
        let size = self.scalars.iter().find(|(name, _)| *name == "size").map(|(_, value)| value.clone());
        let target = self.target();
        Body {
            endpoint: endpoint(),
            key: format!("={target}"),
            target,
            open_size: false,
            draw: Some(Draw { seeds: texts(&self.seeds), negatives: texts(&self.negatives), size }),
            recommendation: Some(Box::new(self)),
        }
    }
}

fn endpoint() -> &'static Endpoint {
    Endpoint::of(Shape::Recommendation)
}

/// Scalar parameters of a recommendation (contract §7), sorted.
const SCALARS: &[&str] = &[
    "acousticness",
    "danceability",
    "energy",
    "featureWeight",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "popularity",
    "size",
    "speechiness",
    "tempo",
    "valence",
];

/// Of these, the ones that must be whole: `size=20.0` is refused upstream, so it is not `size=20`.
const INTEGERS: &[&str] = &["featureWeight", "key", "mode", "popularity", "size"];

/// `0.5`, `0.50` and `.5` are one number; exponents, signs other than `-`, and anything else are
/// not understood.
fn plain_decimal(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}
