//! What is to be warmed, read completely before anything starts.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::{Body, Call, Id, Malformed, Request, RowKind, classify_target};
use crate::engine::named::target_of;

/// Of one order.
pub const MOST_IDS: usize = 1_000_000;
pub const MOST_URLS: usize = 100_000;

/// Why a line cannot be warmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    #[error(
        "is neither a RecoBeat id (a lower-case UUID with hyphens) nor a Spotify id (22 letters and digits)"
    )]
    NoId,
    #[error("is neither a URL of the API nor a path that begins with /")]
    NoUrl,
    #[error("is not understood: {0}")]
    Malformed(#[from] Malformed),
    #[error("has the malformed id {0:?}")]
    MalformedId(String),
    #[error("names no endpoint whose answers are kept")]
    NotKept,
    #[error("is a request that the upstream refuses for certain")]
    Rule,
}

/// What one URL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Rows(RowKind, Vec<Id>),
    Body(Box<Body>),
}

/// Everything one job is to fetch.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Lists of ids, each id once, tracks before what belongs to them: their rows tell both ids.
    pub(super) rows: Vec<(RowKind, Arc<[Id]>)>,
    pub(super) bodies: Arc<[Body]>,
}

impl Order {
    /// `kinds`: what is wanted of each of `ids`.
    pub fn new(ids: Vec<Id>, kinds: &[RowKind], urls: Vec<Wanted>) -> Self {
        let ids: Arc<[Id]> = once(ids).into();
        let mut rows: Vec<(RowKind, Arc<[Id]>)> = Vec::new();
        let mut bodies: Vec<Body> = Vec::new();
        let mut listed: Vec<(RowKind, Vec<Id>)> = RowKind::ALL.map(|kind| (kind, Vec::new())).into();
        for wanted in urls {
            match wanted {
                Wanted::Body(body) => bodies.push(*body),
                Wanted::Rows(kind, ids) => {
                    listed
                        .iter_mut()
                        .filter(|(of, _)| *of == kind)
                        .for_each(|(_, all)| all.extend(ids.clone()));
                }
            }
        }
        for (kind, listed) in listed {
            let wanted = if kinds.contains(&kind) { Arc::clone(&ids) } else { Arc::default() };
            let wanted = if listed.is_empty() {
                wanted
            } else {
                once(wanted.iter().cloned().chain(listed).collect()).into()
            };
            if !wanted.is_empty() {
                rows.push((kind, wanted));
            }
        }
        let mut seen = HashSet::with_capacity(bodies.len());
        bodies.retain(|body| seen.insert(body.key.clone()));
        Self { rows, bodies: bodies.into() }
    }

    /// Items: each id as each kind of row, each body.
    pub fn len(&self) -> usize {
        self.rows.iter().map(|(_, ids)| ids.len()).sum::<usize>() + self.bodies.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads an id of a track.
///
/// # Errors
/// When it is none.
pub fn read_id(text: &str) -> Result<Id, Bad> {
    Id::parse(text).filter(|id| !id.is_malformed()).ok_or(Bad::NoId)
}

/// Reads a URL or a path with its query.
///
/// # Errors
/// When nothing of it could be kept.
pub fn read_url(text: &str) -> Result<Wanted, Bad> {
    let target = target_of(text);
    if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Bad::NoUrl);
    }
    let (kind, ids) = match classify_target(target)? {
        Call::PassThrough => return Err(Bad::NotKept),
        Call::Cacheable(Request::Body(body)) => return Ok(Wanted::Body(Box::new(body))),
        Call::Cacheable(Request::Rows(rows)) => (rows.kind, rows.ids),
        Call::Cacheable(Request::Row(row)) => (row.kind, vec![row.id]),
    };
    match ids.iter().find(|id| id.is_malformed()) {
        Some(id) => Err(Bad::MalformedId(id.to_string())),
        None => Ok(Wanted::Rows(kind, ids)),
    }
}

fn once(mut ids: Vec<Id>) -> Vec<Id> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const UUID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";
    const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";

    fn id(text: &str) -> Id {
        read_id(text).expect("an id")
    }

    #[rstest]
    #[case::list("https://api.reccobeats.com/v1/artist?ids=2ZyXwVuTsRqPoNmLkJiHgF", RowKind::Artist)]
    #[case::single("/v1/track/2ZyXwVuTsRqPoNmLkJiHgF", RowKind::Track)]
    #[case::features("/v1/track/2ZyXwVuTsRqPoNmLkJiHgF/audio-features", RowKind::Features)]
    fn urls_of_rows_become_rows(#[case] url: &str, #[case] kind: RowKind) {
        assert_eq!(read_url(url), Ok(Wanted::Rows(kind, vec![id(SPOTIFY)])));
    }

    #[rstest]
    #[case("/v1/track?ids=oops", Bad::MalformedId("oops".into()))]
    #[case("/v1/analysis/audio-features", Bad::NotKept)]
    #[case("/v1/track?ids=%zz", Bad::Malformed(Malformed::Escape { place: "the query" }))]
    #[case("v1/track", Bad::NoUrl)]
    #[case("/v1/track/search?searchText=a b", Bad::NoUrl)]
    fn what_cannot_be_warmed_says_why(#[case] url: &str, #[case] why: Bad) {
        assert_eq!(read_url(url), Err(why));
        assert_eq!(read_id(url), Err(Bad::NoId));
    }

    #[test]
    fn each_thing_is_ordered_once_and_tracks_come_first() {
        let draw = read_url("/v1/track/search?searchText=ab").unwrap();
        let same = read_url("/v1/track/search?searchText=%61b&page=0").unwrap();
        let album = Wanted::Rows(RowKind::Album, vec![id(UUID)]);
        let ids = vec![id(UUID), id(SPOTIFY), id(UUID)];
        let order = Order::new(ids, &[RowKind::Features, RowKind::Track], vec![draw, album, same]);
        let rows: Vec<_> = order.rows.iter().map(|(kind, ids)| (*kind, ids.len())).collect();
        assert_eq!(rows, [(RowKind::Track, 2), (RowKind::Features, 2), (RowKind::Album, 1)]);
        assert_eq!((order.bodies.len(), order.len()), (1, 6));
    }

    #[test]
    fn an_id_that_is_given_by_itself_and_in_a_list_is_ordered_once() {
        let list = read_url(&format!("/v1/track?ids={SPOTIFY},{UUID}")).unwrap();
        let order = Order::new(vec![id(SPOTIFY)], &[RowKind::Track], vec![list]);
        assert_eq!(order.rows, [(RowKind::Track, vec![id(SPOTIFY), id(UUID)].into())]);
    }
}
