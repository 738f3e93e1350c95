//! Which tracks of an artist, and which of many candidates, a strategy brings.

use super::rank::Rank;
use super::shares::largest_remainder;
use super::{Candidate, duplicates};
use crate::model::{Mood, Track};

/// How a page of an artist's tracks is sampled: the most popular ones, the rest in page order.
/// Pages are ordered by id, so the rest is a fair sample, and a stable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Popularity outside of it is left out; unknown popularity is not.
    pub band: (u8, u8),
    /// Per cent that are chosen by popularity.
    pub popular: usize,
}

impl Sample {
    /// Of an artist whose track the user named.
    pub const MENTIONED_TRACK: Self = Self { band: (30, 95), popular: 80 };
    /// Of an artist the user named.
    pub const MENTIONED_ARTIST: Self = Self { band: (0, 100), popular: 70 };
    /// Of an artist that suits the mood.
    pub const DISCOVERY: Self = Self { band: (10, 95), popular: 30 };

    /// Without the lower limit: the user wants obscure artists too.
    #[must_use]
    pub fn obscure(self, allowed: bool) -> Self {
        if allowed { Self { band: (0, self.band.1), ..self } } else { self }
    }

    /// At most `count` of a page, one row per recording: the popular ones first.
    pub fn take(self, page: &[Track], count: usize) -> Vec<Track> {
        let (low, high) = self.band;
        let mut rest: Vec<&Track> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for track in page {
            let fits = track.popularity.is_none_or(|value| (low..=high).contains(&value));
            let keys = duplicates::keys(track);
            if fits && keys.iter().all(|key| !seen.contains(key)) {
                seen.extend(keys);
                rest.push(track);
            }
        }
        let [popular, _] = largest_remainder(count, [self.popular, 100 - self.popular]);
        let mut best = rest.clone();
        best.sort_by(|a, b| b.popularity.cmp(&a.popularity).then(a.id.cmp(&b.id)));
        best.truncate(popular);
        rest.retain(|track| !best.iter().any(|taken| taken.id == track.id));
        best.into_iter().chain(rest).take(count).cloned().collect()
    }
}

/// Tracks per artist of the tracks that the user named, for `limit` places.
pub fn per_mentioned_tracks_artist(limit: usize, artists: usize) -> usize {
    (limit / artists.max(1)).clamp(5, 7)
}

/// Tracks per artist that the user named, for `limit` places.
pub fn per_mentioned_artist(limit: usize, artists: usize) -> usize {
    (limit / artists.max(1)).max(2)
}

/// Tracks per artist of the discovery, for a share of the list.
pub fn per_discovered_artist(share: usize, artists: usize) -> usize {
    (4 * share / artists.max(1) + 2).clamp(4, 10)
}

/// Places for tracks around mentioned tracks, and around mentioned artists: half each where there
/// are both, the odd one to the tracks.
pub fn anchor_places(share: usize, has_tracks: bool, has_artists: bool) -> (usize, usize) {
    match (has_tracks, has_artists) {
        (true, true) => (share.div_ceil(2), share / 2),
        (true, false) => (share, 0),
        (false, true) => (0, share),
        (false, false) => (0, 0),
    }
}

/// Below this cohesion (generator tolerances) an artist's track is not brought.
pub const MINIMUM_COHESION: f64 = 0.2;

/// At most `count` of an artist discovery's candidates, best first: known, fair and obscure ones
/// (popularity over 70, from 40, below) 30, 50 and 20 per cent, as far as there are any. Five or
/// fewer stay as they are.
pub fn by_tiers(candidates: Vec<Candidate>, mood: &Mood, count: usize) -> Vec<Candidate> {
    if candidates.len() <= 5 {
        return best(candidates, mood, count);
    }
    let places = largest_remainder(count.min(candidates.len()), [30, 50, 20]);
    let mut taken = Vec::new();
    let mut rest = Vec::new();
    let mut tiers: [Vec<Candidate>; 3] = Default::default();
    for candidate in candidates {
        let tier = match candidate.track.popularity {
            Some(71..) => 0,
            Some(40..) => 1,
            _ => 2,
        };
        tiers[tier].push(candidate);
    }
    for (tier, places) in tiers.into_iter().zip(places) {
        let mut tier = ranked(tier, mood, Rank::by_score);
        rest.extend(tier.split_off(places.min(tier.len())));
        taken.extend(tier);
    }
    let missing = count.saturating_sub(taken.len());
    taken.extend(ranked(rest, mood, Rank::by_score).into_iter().take(missing));
    ranked(taken, mood, Rank::by_score)
}

/// At most `count`, best confidence first.
pub fn best(candidates: Vec<Candidate>, mood: &Mood, count: usize) -> Vec<Candidate> {
    let mut candidates = ranked(candidates, mood, Rank::by_score);
    candidates.truncate(count);
    candidates
}

/// At most `count`, nearest to the mood's target ranges first: which of a surplus a strategy brings.
pub fn nearest(candidates: Vec<Candidate>, mood: &Mood, count: usize) -> Vec<Candidate> {
    let mut candidates = ranked(candidates, mood, Rank::by_distance);
    candidates.truncate(count);
    candidates
}

fn ranked(
    candidates: Vec<Candidate>,
    mood: &Mood,
    order: fn(&Rank, &Rank) -> std::cmp::Ordering,
) -> Vec<Candidate> {
    let rank = |candidate: Candidate| (Rank::new(&candidate, candidate.confidence, mood), candidate);
    let mut ranked: Vec<(Rank, Candidate)> = candidates.into_iter().map(rank).collect();
    ranked.sort_by(|(a, _), (b, _)| order(a, b));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}
