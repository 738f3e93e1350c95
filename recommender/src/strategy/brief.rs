//! What is known when tracks are to be found. Filled by the steps before; strategies only read it.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::{Artist, Feature, Features, Intent, Mood, MoodRequest, Size, Source, Track, TrackId};
use crate::ranking::{Candidate, fit};

#[derive(Debug, Clone)]
pub struct Brief {
    pub request: MoodRequest,
    pub intent: Intent,
    pub mood: Mood,
    pub size: Size,
    pub mentions: Mentions,
    /// Of the request, in its order, as far as they are known upstream.
    pub top_tracks: Vec<Track>,
    /// Like `top_tracks`.
    pub remix_tracks: Vec<Track>,
    /// Best first.
    pub anchors: Vec<Candidate>,
    /// Whose tracks are worth reading, best first: mentioned ones, then others.
    pub artists: Vec<Artist>,
    /// Best first.
    pub seeds: Vec<Track>,
    /// Rows of keyword searches, in the order of searches and rows.
    pub searched: Vec<Track>,
    /// Artists' tracks that have been read, by artist and page.
    pub pages: BTreeMap<(Uuid, u32), TrackPage>,
    /// What has been learned of tracks, without their popularity.
    pub features: BTreeMap<Uuid, Features>,
    /// Tracks that must not come out: those of the request, later also outliers.
    pub negatives: Vec<TrackId>,
}

/// Tracks and artists that the request names, found.
#[derive(Debug, Clone, Default)]
pub struct Mentions {
    pub tracks: Vec<Track>,
    pub artists: Vec<Artist>,
    /// As they were written.
    pub unresolved: Vec<String>,
}

/// One page of an artist's tracks, ordered by id.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackPage {
    pub rows: Vec<Track>,
    pub total_pages: u32,
}

impl Brief {
    /// Before anything has been gathered.
    pub fn new(request: MoodRequest, intent: Intent, mood: Mood, size: Size) -> Self {
        Self {
            negatives: request.negative_tracks.clone(),
            request,
            intent,
            mood,
            size,
            mentions: Mentions::default(),
            top_tracks: Vec::new(),
            remix_tracks: Vec::new(),
            anchors: Vec::new(),
            artists: Vec::new(),
            seeds: Vec::new(),
            searched: Vec::new(),
            pages: BTreeMap::new(),
            features: BTreeMap::new(),
        }
    }

    pub fn learn_page(&mut self, artist: Uuid, page: u32, rows: Vec<Track>, total_pages: u32) {
        self.pages.insert((artist, page), TrackPage { rows, total_pages });
    }

    /// What is really known of a track, its popularity included.
    pub fn features_of(&self, track: &Track) -> Features {
        let mut known = self.features.get(&track.id).copied().unwrap_or_default();
        known[Feature::Popularity] = track.popularity.map(f64::from);
        known
    }

    /// A candidate with what is known of it; scores are still to be set.
    pub fn candidate(&self, track: Track, source: Source) -> Candidate {
        let features = self.features.get(&track.id).copied().unwrap_or_default();
        Candidate { genres: self.genres_of(&track), ..Candidate::new(track, features, source) }
    }

    /// `limit` of popularity, unless the request or the mood itself wants less.
    pub fn popularity_floor(&self, limit: u8) -> u8 {
        if self.request.allow_obscure_artists {
            return 0;
        }
        let wanted = self.mood.targets[Feature::Popularity].map_or(100.0, |range| range.low);
        if wanted < f64::from(limit) { 0 } else { limit }
    }

    /// The track must not come out.
    pub fn refused(&self, track: &Track) -> bool {
        self.negatives.iter().any(|id| match id {
            TrackId::Uuid(id) => *id == track.id,
            TrackId::Spotify(id) => Some(id) == track.spotify.as_ref(),
        })
    }

    /// Tracks or artists were named, and found.
    pub fn has_mentions(&self) -> bool {
        !(self.mentions.tracks.is_empty() && self.mentions.artists.is_empty())
    }

    pub fn is_mentioned(&self, track: &Track) -> bool {
        self.mentions.tracks.iter().any(|mentioned| mentioned.id == track.id)
    }

    /// How far the track is from the mood, 0 (inside all ranges) to 1; nothing without features.
    pub fn distance(&self, track: &Track) -> Option<f64> {
        self.features.get(&track.id)?;
        fit::distance(&self.features_of(track), &self.mood)
    }

    fn genres_of(&self, track: &Track) -> Vec<String> {
        let told = |name: &str| {
            let told = self.request.top_artists.iter().find(|artist| artist.name.eq_ignore_ascii_case(name));
            told.map_or(&[][..], |artist| &artist.genres)
        };
        let mut genres: Vec<String> = Vec::new();
        for genre in track.artists.iter().flat_map(|artist| told(&artist.name)) {
            if !genres.contains(genre) {
                genres.push(genre.clone());
            }
        }
        genres
    }
}
