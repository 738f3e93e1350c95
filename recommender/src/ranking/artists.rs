//! Which artists are worth reading.

use std::cmp::Reverse;
use std::collections::HashSet;

use uuid::Uuid;

use super::filter::region;
use super::{Wanted, title};
use crate::model::{Artist, Track};

/// With as few as these there is nothing to prune.
const ENOUGH: usize = 15;
/// Below it an artist is obscure, 0 to 100.
const OBSCURE: u8 = 15;

/// How a long list of artists is cut.
#[derive(Debug, Clone)]
pub struct Pruning {
    /// The user wants obscure artists too.
    pub allow_obscure: bool,
    /// At most: 30, or 50 when a source beside RecoBeat tells genres and popularity.
    pub keep: usize,
}

/// Cuts `artists` when there are more than 15: unpopular ones and those of excluded regions go, the
/// rest is sorted by genre match, then popularity, then as it came. Artists the user named come
/// first and stay. What is unknown is no reason to go: most artists have no genres here.
pub fn prune(artists: Vec<Artist>, wanted: &Wanted<'_>, pruning: &Pruning) -> Vec<Artist> {
    if artists.len() <= ENOUGH {
        return artists;
    }
    let named = |artist: &Artist| wanted.mentioned_artists.contains(&artist.id);
    let known =
        |artist: &Artist| pruning.allow_obscure || artist.popularity.is_none_or(|value| value >= OBSCURE);
    let mut kept: Vec<Artist> = artists
        .into_iter()
        .filter(|artist| {
            named(artist) || known(artist) && region::keeps([artist.name.as_str()].into_iter(), wanted)
        })
        .collect();
    kept.sort_by(|a, b| {
        let genre = |artist: &Artist| genre_match(&artist.genres, wanted.genres()).unwrap_or(0.0);
        named(b).cmp(&named(a)).then(genre(b).total_cmp(&genre(a))).then(b.popularity.cmp(&a.popularity))
    });
    kept.truncate(pruning.keep);
    kept
}

/// The first artist of each id, in order.
pub fn distinct(artists: Vec<Artist>) -> Vec<Artist> {
    let mut seen: HashSet<Uuid> = HashSet::new();
    artists.into_iter().filter(|artist| seen.insert(artist.id)).collect()
}

/// How well known genres meet wanted ones: 1 equal, 0.5 when one holds the other in whole words
/// ("indie rock" and "rock"), 0 otherwise. `None` if either side is unknown.
pub fn genre_match<'w>(known: &[String], wanted: impl Iterator<Item = &'w str>) -> Option<f64> {
    let wanted: Vec<Vec<String>> = wanted.map(title::words).collect();
    let known = known.iter().map(|genre| title::words(genre));
    let pairs = known.flat_map(|genre| {
        wanted
            .iter()
            .map(move |wish| match (genre == *wish, holds(&genre, wish) || holds(wish, &genre)) {
                (true, _) => 1.0,
                (false, true) => 0.5,
                _ => 0.0,
            })
            .collect::<Vec<f64>>()
    });
    pairs.max_by(f64::total_cmp)
}

fn holds(long: &[String], short: &[String]) -> bool {
    !short.is_empty() && long.windows(short.len()).any(|window| window == short)
}

/// An artist's popularity as its tracks show it: the median of the ten most popular ones.
pub fn estimated_popularity(tracks: &[Track]) -> Option<u8> {
    let mut values: Vec<u8> = tracks.iter().filter_map(|track| track.popularity).collect();
    values.sort_by_key(|value| Reverse(*value));
    values.truncate(10);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even % 2 == 0 => Some(u8::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}
