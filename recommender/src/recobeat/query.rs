//! What is asked, as the path and query of a URL.
//!
//! One way to write each request, so that equal requests are equal for every cache on the way: ids
//! in the order asked but each once, joined by bare commas; parameters in a fixed order; numbers
//! without needless digits.

use std::collections::HashSet;
use std::fmt::{Display, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::Draw;
use crate::model::{Feature, TrackId};

/// Ids of one call, at most (more are refused upstream).
pub(super) const MOST_IDS: usize = 40;
/// Rows of one page, at most.
pub(super) const PAGE: u32 = 50;

/// All but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Lists of at most [`MOST_IDS`], each id once.
pub(super) fn lists(path: &str, ids: &[TrackId]) -> Vec<String> {
    let mut seen = HashSet::with_capacity(ids.len());
    let once: Vec<&TrackId> = ids.iter().filter(|id| seen.insert(*id)).collect();
    once.chunks(MOST_IDS).map(|batch| format!("{path}?ids={}", joined(batch))).collect()
}

pub(super) fn search(path: &str, text: &str, page: u32) -> String {
    let text = utf8_percent_encode(text, ESCAPED);
    format!("{path}?searchText={text}&page={page}&size={PAGE}")
}

pub(super) fn artist_tracks(artist: Uuid, page: u32) -> String {
    format!("/v1/artist/{artist}/track?page={page}&size={PAGE}")
}

pub(super) fn recommendation(draw: &Draw) -> String {
    let mut query = format!("/v1/track/recommendation?seeds={}", joined(&draw.seeds));
    if !draw.negatives.is_empty() {
        let _ = write!(query, "&negativeSeeds={}", joined(&draw.negatives));
    }
    let _ = write!(query, "&size={}", draw.size);
    for (feature, value) in draw.targets.known() {
        let _ = write!(query, "&{}={}", feature.name(), rounded(feature, value));
    }
    if let Some(weight) = draw.feature_weight {
        let _ = write!(query, "&featureWeight={}", to_step(weight.clamp(1.0, 5.0), 10.0));
    }
    query
}

/// Coarse where the upstream hardly tells the difference, so that near targets share an answer;
/// always inside the feature's limits.
fn rounded(feature: Feature, value: f64) -> f64 {
    let limits = feature.limits();
    let value = value.clamp(limits.low, limits.high);
    match feature {
        Feature::Tempo | Feature::Popularity => to_step(value, 0.2),
        Feature::Key | Feature::Mode => to_step(value, 1.0),
        _ => to_step(value, 100.0),
    }
}

/// To a multiple of one over `steps`. Adding zero turns −0 into 0.
fn to_step(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps + 0.0
}

fn joined<T: Display>(ids: &[T]) -> String {
    ids.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PerFeature;

    fn id(n: u128) -> TrackId {
        Uuid::from_u128(n).into()
    }

    #[test]
    fn long_lists_are_split_and_each_id_is_asked_once() {
        let ids: Vec<TrackId> = (0..41).chain(0..5).map(id).collect();
        let lists = lists("/v1/track", &ids);
        let sizes: Vec<usize> = lists.iter().map(|list| list.split(',').count()).collect();
        assert_eq!(sizes, [40, 1]);
        assert!(lists[0].starts_with("/v1/track?ids=00000000-0000-0000-0000-000000000000,0000"));
        assert!(super::lists("/v1/track", &[]).is_empty());
    }

    #[test]
    fn search_texts_are_escaped() {
        let query = search("/v1/track/search", "AC/DC & you, ünd", 2);
        let expected = "/v1/track/search?searchText=AC%2FDC%20%26%20you%2C%20%C3%BCnd&page=2&size=50";
        assert_eq!(query, expected);
    }

    #[test]
    fn a_draw_is_written_in_one_way() {
        let mut targets = PerFeature::default();
        targets[Feature::Tempo] = Some(118.0);
        targets[Feature::Popularity] = Some(42.4);
        targets[Feature::Mode] = Some(0.6);
        targets[Feature::Key] = Some(-0.3);
        targets[Feature::Energy] = Some(0.123_456);
        targets[Feature::Loudness] = Some(-70.0);
        let spotify = "2ZyXwVuTsRqPoNmLkJiHgF".parse::<TrackId>().expect("an id");
        let draw = Draw {
            seeds: vec![spotify, id(1)],
            negatives: vec![id(2)],
            size: 20,
            targets,
            feature_weight: Some(4.8),
            fresh: false,
        };
        let expected = "/v1/track/recommendation?seeds=2ZyXwVuTsRqPoNmLkJiHgF,00000000-0000-0000-0000-000000000001\
            &negativeSeeds=00000000-0000-0000-0000-000000000002&size=20&energy=0.12&key=0&loudness=-60&mode=1\
            &tempo=120&popularity=40&featureWeight=4.8";
        assert_eq!(recommendation(&draw), expected);
        let bare = Draw {
            negatives: Vec::new(),
            targets: PerFeature::default(),
            feature_weight: None,
            seeds: vec![id(1)],
            ..draw
        };
        let expected = "/v1/track/recommendation?seeds=00000000-0000-0000-0000-000000000001&size=20";
        assert_eq!(recommendation(&bare), expected);
    }
}
