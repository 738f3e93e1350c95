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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ranking::testing::{SIZE, intent, mood, track};

    fn artist(number: u128, popularity: Option<u8>) -> Artist {
        let id = Uuid::from_u128(number);
        Artist { id, spotify: None, name: format!("Artist {number}"), genres: Vec::new(), popularity }
    }

    fn numbers(artists: &[Artist]) -> Vec<u128> {
        artists.iter().map(|artist| artist.id.as_u128()).collect()
    }

    const PRUNING: Pruning = Pruning { allow_obscure: false, keep: 30 };

    #[test]
    fn fifteen_artists_are_left_alone() {
        let (intent, mood) = (intent(), mood(&[]));
        let artists: Vec<Artist> = (0..15).map(|number| artist(number, Some(3))).collect();
        assert_eq!(prune(artists.clone(), &Wanted::new("", &intent, &mood, SIZE), &PRUNING), artists);
    }

    #[test]
    fn of_more_the_obscure_go_and_the_unknown_stay() {
        let (intent, mood) = (intent(), mood(&[]));
        let wanted = Wanted::new("", &intent, &mood, SIZE);
        let artists: Vec<Artist> = (0..16)
            .map(|number| artist(number, [Some(14), Some(15), None, Some(90)][number as usize % 4]))
            .collect();
        // Popular ones first, the unknown last, else as they came.
        assert_eq!(
            numbers(&prune(artists.clone(), &wanted, &PRUNING)),
            [3, 7, 11, 15, 1, 5, 9, 13, 2, 6, 10, 14]
        );
        let obscure = Pruning { allow_obscure: true, keep: 14 };
        assert_eq!(
            numbers(&prune(artists, &wanted, &obscure)),
            [3, 7, 11, 15, 1, 5, 9, 13, 0, 4, 8, 12, 2, 6]
        );
    }

    #[test]
    fn named_artists_come_first_then_the_genre_decides() {
        let (mut intent, mut mood) = (intent(), mood(&[]));
        intent.primary_genre = Some("Jazz".into());
        mood.excluded_regions = vec!["korean".into()];
        let mut artists: Vec<Artist> = (0..17).map(|number| artist(number, Some(50))).collect();
        artists[16].popularity = Some(1);
        artists[3].genres = vec!["nu jazz".into()];
        artists[9].genres = vec!["metal".into(), "jazz".into()];
        artists[4].name = "노바".into();
        let wanted = Wanted {
            mentioned_artists: [Uuid::from_u128(16)].into(),
            ..Wanted::new("", &intent, &mood, SIZE)
        };
        let kept = numbers(&prune(artists, &wanted, &PRUNING));
        assert_eq!(kept[..4], [16, 9, 3, 0]);
        assert!(!kept.contains(&4));
    }

    #[rstest]
    #[case(&["indie rock"], &["Indie Rock"], Some(1.0))]
    #[case(&["indie rock"], &["rock"], Some(0.5))]
    #[case(&["rock"], &["indie rock"], Some(0.5))]
    #[case(&["rockabilly"], &["rock"], Some(0.0))]
    #[case(&["metal", "rock"], &["rock", "pop"], Some(1.0))]
    #[case(&[], &["rock"], None)]
    #[case(&["rock"], &[], None)]
    fn genres_match_in_whole_words(
        #[case] known: &[&str],
        #[case] wanted: &[&str],
        #[case] expected: Option<f64>,
    ) {
        let known: Vec<String> = known.iter().map(|&genre| genre.to_owned()).collect();
        assert_eq!(genre_match(&known, wanted.iter().copied()), expected);
    }

    #[rstest]
    #[case(&[], None)]
    #[case(&[7], Some(7))]
    #[case(&[10, 30, 20], Some(20))]
    #[case(&[0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], Some(55))] // of 10 to 100: between 50 and 60
    fn popularity_is_the_median_of_the_ten_most_popular(#[case] values: &[u8], #[case] expected: Option<u8>) {
        let tracks: Vec<Track> = values
            .iter()
            .map(|value| Track { popularity: Some(*value), ..track(1) })
            .chain([track(2)])
            .collect();
        assert_eq!(estimated_popularity(&tracks), expected);
    }

    #[test]
    fn an_artist_found_twice_is_one() {
        assert_eq!(numbers(&distinct(vec![artist(2, None), artist(1, None), artist(2, Some(1))])), [2, 1]);
    }
}
