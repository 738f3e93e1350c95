//! Lists of rows, joined.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Brief;
use crate::model::Track;
use crate::ranking::Candidate;
use crate::ranking::picks::nearest;
use crate::recobeat::{Answer, Ask};

/// Two of an artist have a place in a list; one more may stand in for one that is left out.
const PER_ARTIST: usize = 3;

/// One of each list in turn, each track once; tracks that must not come out are left out.
pub(super) fn in_turn(brief: &Brief, lists: Vec<Vec<Track>>) -> Vec<Track> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let mut turns: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut seen: HashSet<Uuid> = HashSet::new();
    let mut joined = Vec::new();
    for _ in 0..longest {
        for track in turns.iter_mut().filter_map(Iterator::next) {
            if !brief.refused(&track) && seen.insert(track.id) {
                joined.push(track);
            }
        }
    }
    joined
}

/// The same tracks, so that no artist stands in the way of others: first up to [`PER_ARTIST`] of each,
/// then the next as many, and so on.
pub fn spread(mut tracks: Vec<Track>) -> Vec<Track> {
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    let mut turns: HashMap<Uuid, usize> = HashMap::new();
    for track in &tracks {
        let count = track.artists.first().map_or(0, |artist| {
            let count = counts.entry(artist.id).or_default();
            *count += 1;
            *count - 1
        });
        turns.insert(track.id, count / PER_ARTIST);
    }
    tracks.sort_by_key(|track| turns[&track.id]);
    tracks
}

/// The nearest to the mood, few of each artist: more have no place in a list, and would only take that
/// of others in the surplus. Artists that the user named are not counted.
pub(super) fn few_of_each(brief: &Brief, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let named = |id: Uuid| brief.mentions.artists.iter().any(|artist| artist.id == id);
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    let mut few = nearest(candidates, &brief.mood, usize::MAX);
    few.retain(|candidate| {
        let artists = &candidate.track.artists;
        let full = |id: Uuid| !named(id) && counts.get(&id).is_some_and(|count| *count >= PER_ARTIST);
        if artists.iter().any(|artist| full(artist.id)) {
            return false;
        }
        artists.iter().for_each(|artist| *counts.entry(artist.id).or_default() += 1);
        true
    });
    few
}

/// The rows of an artist's page, from the brief or fresh.
pub(super) fn page<'a>(
    brief: &'a Brief,
    answers: &'a [(Ask, Answer)],
    artist: Uuid,
    page: u32,
) -> &'a [Track] {
    if let Some(known) = brief.pages.get(&(artist, page)) {
        return &known.rows;
    }
    let wanted = Ask::ArtistTracks { artist, page };
    let answer = answers.iter().find(|(ask, _)| *ask == wanted).map(|(_, answer)| answer);
    if let Some(Answer::Tracks { rows, .. }) = answer { rows } else { &[] }
}

/// Asks for the first pages that are not in the brief yet.
pub(super) fn first_pages(brief: &Brief, artists: impl IntoIterator<Item = Uuid>) -> Vec<Ask> {
    let unread = |artist: &Uuid| !brief.pages.contains_key(&(*artist, 0));
    let asks = artists.into_iter().filter(unread).map(|artist| Ask::ArtistTracks { artist, page: 0 });
    asks.collect()
}
