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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::{Feature, Source};
    use crate::ranking::testing::{candidate, ids, mood, track};

    fn page(popularities: &[u8]) -> Vec<Track> {
        let numbered = popularities.iter().zip(1..);
        numbered.map(|(value, number)| Track { popularity: Some(*value), ..track(number) }).collect()
    }

    fn taken(sample: Sample, popularities: &[u8], count: usize) -> Vec<u128> {
        sample.take(&page(popularities), count).iter().map(|track| track.id.as_u128()).collect()
    }

    #[test]
    fn a_sample_is_the_most_popular_and_the_next_of_the_page() {
        // Of 5: 30 % are 1.5, 70 % are 3.5: the earlier half is rounded up.
        assert_eq!(taken(Sample::DISCOVERY, &[20, 90, 30, 95, 40, 50, 60], 5), [4, 2, 1, 3, 5]);
        // 80 % are 4.
        assert_eq!(taken(Sample::MENTIONED_TRACK, &[31, 90, 32, 95, 40, 50, 60], 5), [4, 2, 7, 6, 1]);
        // Of 3: 70 % are 2.1.
        assert_eq!(taken(Sample::MENTIONED_ARTIST, &[0, 90, 30, 95], 3), [4, 2, 1]);
    }

    #[test]
    fn what_is_too_popular_or_too_obscure_is_left_out() {
        assert_eq!(taken(Sample::DISCOVERY, &[9, 10, 95, 96], 5), [3, 2]);
        assert_eq!(taken(Sample::MENTIONED_TRACK, &[29, 30, 95, 96], 5), [3, 2]);
        assert_eq!(taken(Sample::DISCOVERY.obscure(true), &[9, 10, 95, 96], 5), [3, 2, 1]);
        assert_eq!(Sample::DISCOVERY.obscure(false), Sample::DISCOVERY);
    }

    #[test]
    fn unknown_popularity_is_no_reason_and_one_recording_comes_once() {
        let mut page = page(&[50, 60, 70]);
        page[0].popularity = None;
        page[2].isrc = page[1].isrc.clone();
        let taken = Sample::DISCOVERY.take(&page, 3);
        assert_eq!(taken.iter().map(|track| track.id.as_u128()).collect::<Vec<_>>(), [2, 1]);
    }

    #[rstest]
    #[case(8, 1, 7)]
    #[case(12, 2, 6)]
    #[case(8, 2, 5)]
    #[case(4, 0, 5)]
    fn five_to_seven_per_artist_of_named_tracks(
        #[case] limit: usize,
        #[case] artists: usize,
        #[case] count: usize,
    ) {
        assert_eq!(per_mentioned_tracks_artist(limit, artists), count);
    }

    #[rstest]
    #[case(8, 1, 8)]
    #[case(8, 3, 2)]
    #[case(4, 4, 2)]
    fn at_least_two_per_named_artist(#[case] limit: usize, #[case] artists: usize, #[case] count: usize) {
        assert_eq!(per_mentioned_artist(limit, artists), count);
    }

    #[rstest]
    #[case(11, 6, 9)] // 44 // 6 + 2
    #[case(12, 6, 10)]
    #[case(11, 1, 10)]
    #[case(8, 30, 4)]
    fn four_to_ten_per_discovered_artist(#[case] share: usize, #[case] artists: usize, #[case] count: usize) {
        assert_eq!(per_discovered_artist(share, artists), count);
    }

    #[rstest]
    #[case(true, true, (5, 4))]
    #[case(true, false, (9, 0))]
    #[case(false, true, (0, 9))]
    #[case(false, false, (0, 0))]
    fn anchors_are_halved_between_tracks_and_artists(
        #[case] has_tracks: bool,
        #[case] has_artists: bool,
        #[case] places: (usize, usize),
    ) {
        assert_eq!(anchor_places(9, has_tracks, has_artists), places);
    }

    fn known(number: u128, popularity: u8, confidence: f64) -> Candidate {
        candidate(number, Source::ArtistDiscovery).popular(popularity).trusted(confidence)
    }

    #[test]
    fn tiers_of_popularity_are_filled_by_their_shares() {
        // Of 10: 3 over 70, 5 from 40, 2 below. Tracks on an edge are trusted most, so they come first.
        let tier = |from: u128, popularity, confidence| {
            (from..from + 10).map(move |number| known(number, popularity, confidence))
        };
        let all = tier(0, 71, 0.5)
            .chain(tier(10, 70, 0.9))
            .chain(tier(20, 40, 0.8))
            .chain(tier(30, 39, 0.5))
            .collect();
        let taken = by_tiers(all, &mood(&[]), 10);
        let of = |numbers: std::ops::Range<u128>| {
            ids(&taken).into_iter().filter(|id| numbers.contains(id)).count()
        };
        assert_eq!((of(0..10), of(10..30), of(30..40)), (3, 5, 2));
    }

    #[test]
    fn an_empty_tier_leaves_its_places_to_the_best_of_the_rest() {
        let all = (0..8_u8).map(|number| known(number.into(), 20, 0.1 * f64::from(number))).collect();
        assert_eq!(ids(&by_tiers(all, &mood(&[]), 6)), [7, 6, 5, 4, 3, 2]);
    }

    #[test]
    fn five_are_too_few_for_tiers() {
        let all = (0..5_u8).map(|number| known(number.into(), 20, 0.1 * f64::from(number))).collect();
        assert_eq!(ids(&by_tiers(all, &mood(&[]), 33)), [4, 3, 2, 1, 0]);
    }

    #[test]
    fn a_surplus_is_cut_to_the_nearest() {
        let quiet = mood(&[(Feature::Energy, 0.0, 0.2)]);
        let at =
            |number, energy, confidence| known(number, 50, confidence).sounding(&[(Feature::Energy, energy)]);
        let all = vec![at(1, 0.9, 0.9), at(2, 0.1, 0.2), at(3, 0.2, 0.3), at(4, 0.5, 0.5), known(5, 50, 1.0)];
        assert_eq!(ids(&nearest(all.clone(), &quiet, 3)), [3, 2, 4]);
        assert_eq!(ids(&best(all, &quiet, 2)), [5, 1]);
    }
}
