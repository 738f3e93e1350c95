//! One recording, one place.
//!
//! The upstream lists one recording under several ids, and a request may name what a strategy finds
//! again. Four keys tell: either id, the ISRC, the bare title with its artists.

use std::cmp::Ordering;
use std::collections::HashSet;

use uuid::Uuid;

use super::{Candidate, rank, title};
use crate::model::{SpotifyId, Track};

/// What two rows of one recording may share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Id(Uuid),
    Spotify(SpotifyId),
    Isrc(String),
    /// Normalised title and sorted, folded names.
    Name(String, Vec<String>),
}

/// All keys of a track, two to four.
pub fn keys(track: &Track) -> Vec<Key> {
    let mut artists: Vec<String> = track.artists.iter().map(|artist| title::fold(&artist.name)).collect();
    artists.sort();
    artists.dedup();
    let isrc =
        track.isrc.as_deref().map(|code| code.trim().to_ascii_uppercase()).filter(|code| !code.is_empty());
    [Key::Id(track.id), Key::Name(title::normalise(&track.title), artists)]
        .into_iter()
        .chain(track.spotify.clone().map(Key::Spotify))
        .chain(isrc.map(Key::Isrc))
        .collect()
}

/// Keeps the best of each recording, the rest in its order: what is mentioned, then what is
/// protected, then the more popular.
pub fn remove(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| better(&candidates[a], &candidates[b]));
    let mut seen: HashSet<Key> = HashSet::new();
    let mut kept = vec![false; candidates.len()];
    for at in order {
        let keys = keys(&candidates[at].track);
        if keys.iter().all(|key| !seen.contains(key)) {
            seen.extend(keys);
            kept[at] = true;
        }
    }
    candidates.into_iter().zip(kept).filter_map(|(candidate, kept)| kept.then_some(candidate)).collect()
}

fn better(a: &Candidate, b: &Candidate) -> Ordering {
    (b.user_mentioned, b.protected)
        .cmp(&(a.user_mentioned, a.protected))
        .then_with(|| rank::tie(a, b))
        // The same row twice: the one that more is known of, from the stronger strategy.
        .then_with(|| b.known_features().cmp(&a.known_features()))
        .then(a.source.cmp(&b.source))
        .then(b.confidence.total_cmp(&a.confidence))
}
