//! Tracks of artists that suit the mood.

use super::rows::{few_of_each, first_pages, in_turn, page};
use super::user_anchor::lead;
use super::{Brief, Strategy};
use crate::model::{Source, Track};
use crate::ranking::cohesion::{self, Tolerance};
use crate::ranking::picks::{MINIMUM_COHESION, Sample, by_tiers, per_discovered_artist};
use crate::ranking::{Candidate, shares};
use crate::recobeat::{Answer, Ask};

/// Reads a page of each artist of the brief, of mentioned artists one from the middle too.
#[derive(Debug, Clone, Copy)]
pub struct ArtistDiscovery;

/// Rows of a page.
const PAGE: usize = 50;

impl Strategy for ArtistDiscovery {
    fn name(&self) -> &'static str {
        "artist_discovery"
    }

    fn source(&self) -> Source {
        Source::ArtistDiscovery
    }

    fn asks(&self, brief: &Brief) -> Vec<Ask> {
        let first = first_pages(brief, brief.artists.iter().map(|artist| artist.id));
        // Optional, so they come last: a plan that is short skips them first.
        let middle = brief.mentions.artists.iter().filter_map(|artist| {
            let pages = brief.pages.get(&(artist.id, 0))?.total_pages;
            (pages > 1).then_some(Ask::ArtistTracks { artist: artist.id, page: pages / 2 })
        });
        first.into_iter().chain(middle).collect()
    }

    fn tracks(&self, brief: &Brief, share: usize, answers: &[(Ask, Answer)]) -> Vec<Track> {
        let each = per_discovered_artist(share, brief.artists.len());
        let sample = Sample::DISCOVERY.obscure(brief.popularity_floor(Sample::DISCOVERY.band.0) == 0);
        let per_artist = brief.artists.iter().map(|artist| {
            let middle = brief.pages.get(&(artist.id, 0)).map_or(0, |first| first.total_pages / 2);
            let pages = if middle == 0 { vec![0] } else { vec![0, middle] };
            let rows: Vec<Track> =
                pages.into_iter().flat_map(|at| page(brief, answers, artist.id, at)).cloned().collect();
            // The sample, then what else is there, for batches that have room left.
            let fitting = sample.take(&rows, 2 * PAGE);
            // What is too little or too much known is only for a catalogue that is small.
            let everything = Sample { band: (0, 100), popular: 0 };
            let rest = if fitting.len() < each { everything.take(&rows, each) } else { Vec::new() };
            [sample.take(&rows, each), fitting, rest].concat()
        });
        in_turn(brief, per_artist.map(distinct).collect())
    }

    fn candidates(&self, brief: &Brief, share: usize, tracks: Vec<Track>) -> Vec<Candidate> {
        let scored = tracks.into_iter().map(|track| {
            let reasoning = format!("by {}, whose music suits the mood", lead(&track));
            let candidate = brief.candidate(track, Source::ArtistDiscovery);
            let confidence = cohesion::of_candidate(&candidate, &brief.mood, Tolerance::Generator);
            Candidate { confidence, reasoning, ..candidate }
        });
        let good = scored.filter(|candidate| candidate.confidence >= MINIMUM_COHESION).collect();
        by_tiers(few_of_each(brief, good), &brief.mood, share * shares::SURPLUS)
    }
}

fn distinct(mut tracks: Vec<Track>) -> Vec<Track> {
    let mut seen = std::collections::HashSet::new();
    tracks.retain(|track| seen.insert(track.id));
    tracks
}
