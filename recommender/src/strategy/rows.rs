//! Lists of rows, joined.

use std::collections::HashSet;

use uuid::Uuid;

use super::Brief;
use crate::model::Track;
use crate::recobeat::{Answer, Ask};

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
