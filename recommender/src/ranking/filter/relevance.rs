//! Tracks about something else: excluded themes, regions, genres.
//!
//! Themes and regions were excluded by the user or the mood, so they go whatever strategy brought
//! them; a clash of genres is only asked about in what the upstream recommended without being told
//! the genre.

use super::region;
use crate::model::Source;
use crate::ranking::{Candidate, Wanted, artists, title};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    /// Counts with half its confidence.
    Doubt,
    Drop,
}

/// From this strictness on a clash of genres drops a track.
const STRICT: f64 = 0.8;

pub fn judge(candidate: &Candidate, wanted: &Wanted<'_>) -> Verdict {
    if candidate.is_safe() {
        return Verdict::Keep;
    }
    let spoken = title::words(&candidate.track.title);
    if wanted.excluded_words.iter().any(|word| title::contains_words(&spoken, word)) {
        return Verdict::Drop;
    }
    if is_by_recommended_artist(candidate, wanted) {
        return Verdict::Keep;
    }
    let names = candidate.track.artists.iter().map(|artist| artist.name.as_str());
    if !region::keeps(names.chain([candidate.track.title.as_str()]), wanted) {
        return Verdict::Drop;
    }
    match clashes(candidate, wanted) {
        true if wanted.intent.genre_strictness >= STRICT => Verdict::Drop,
        true => Verdict::Doubt,
        false => Verdict::Keep,
    }
}

fn is_by_recommended_artist(candidate: &Candidate, wanted: &Wanted<'_>) -> bool {
    let recommended: Vec<String> =
        wanted.mood.artist_recommendations.iter().map(|name| title::fold(name)).collect();
    wanted.is_by_mentioned_artist(candidate)
        || candidate.track.artists.iter().any(|artist| recommended.contains(&title::fold(&artist.name)))
}

/// Genres are known on both sides and have nothing in common.
fn clashes(candidate: &Candidate, wanted: &Wanted<'_>) -> bool {
    matches!(candidate.source, Source::Reccobeat | Source::Fallback)
        && artists::genre_match(&candidate.genres, wanted.genres()) == Some(0.0)
}
