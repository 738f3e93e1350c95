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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Feature, Source};
    use crate::ranking::testing::{any_candidates, candidate, ids};

    fn pair() -> [Candidate; 2] {
        [candidate(1, Source::Reccobeat).popular(10), candidate(2, Source::Reccobeat).popular(20)]
    }

    fn kept([a, b]: [Candidate; 2]) -> Vec<u128> {
        ids(&remove(vec![a, b]))
    }

    #[test]
    fn different_recordings_stay() {
        assert_eq!(kept(pair()), [1, 2]);
    }

    #[test]
    fn each_key_alone_tells_one_recording() {
        let mut by_spotify = pair();
        by_spotify[0].track.spotify = by_spotify[1].track.spotify.clone();
        assert_eq!(kept(by_spotify), [2]);

        let mut by_isrc = pair();
        by_isrc[0].track.isrc = by_isrc[1].track.isrc.as_ref().map(|code| code.to_lowercase());
        assert_eq!(kept(by_isrc), [2]);

        let [a, b] = pair();
        let (a, mut b) =
            (a.by(&[1, 2]).titled("Paper Lanterns"), b.by(&[2, 1]).titled("PAPER LANTERNS (Radio Edit)"));
        b.track.artists[0].name.make_ascii_uppercase();
        assert_eq!(kept([a, b]), [2]);

        let [a, _] = pair();
        assert_eq!(kept([a.clone(), a]), [1]);
    }

    #[test]
    fn one_title_by_other_artists_is_another_song() {
        let [a, b] = pair();
        assert_eq!(kept([a.titled("Love").by(&[1]), b.titled("Love").by(&[1, 2])]), [1, 2]);
    }

    #[test]
    fn rows_without_a_code_do_not_share_one() {
        let mut pair = pair();
        pair.iter_mut().for_each(|one| one.track.isrc = Some(String::new()));
        assert_eq!(kept(pair), [1, 2]);
    }

    #[test]
    fn what_the_user_named_stays_then_what_is_protected_then_the_more_popular() {
        let [a, b] = pair().map(|one| one.titled("Love").by(&[1]));
        assert_eq!(kept([a.clone(), b.clone()]), [2]);
        assert_eq!(kept([Candidate { protected: true, ..a.clone() }, b.clone()]), [1]);
        assert_eq!(kept([a.clone().mentioned(), Candidate { protected: true, ..b.clone() }]), [1]);
        assert_eq!(kept([a.clone().popular(20), b]), [1], "the smaller id at last");
    }

    #[test]
    fn of_one_row_twice_the_better_known_stays() {
        let unknown = candidate(1, Source::AnchorTrack).trusted(0.9);
        let known = candidate(1, Source::Fallback).sounding(&[(Feature::Energy, 0.5)]);
        assert_eq!(remove(vec![unknown.clone(), known.clone()]), [known]);
        let artist = candidate(1, Source::ArtistDiscovery);
        assert_eq!(remove(vec![artist, unknown.clone()]), [unknown]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_twice(candidates in any_candidates()) {
            let all: Vec<HashSet<Key>> = candidates.iter().map(|one| keys(&one.track).into_iter().collect()).collect();
            let kept = remove(candidates);
            let mut seen = HashSet::new();
            prop_assert!(kept.iter().flat_map(|one| keys(&one.track)).all(|key| seen.insert(key)));
            prop_assert!(all.iter().all(|keys| !keys.is_disjoint(&seen)));
        }
    }
}
