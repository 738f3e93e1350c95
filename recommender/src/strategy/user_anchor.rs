//! What the user named, and more by the same artists.

use uuid::Uuid;

use super::rows::{first_pages, in_turn, page};
use super::{Brief, Strategy};
use crate::model::{Source, Track};
use crate::ranking::picks::{
    Sample, anchor_places, nearest, per_mentioned_artist, per_mentioned_tracks_artist,
};
use crate::ranking::{Candidate, shares};
use crate::recobeat::{Answer, Ask};

/// Works only with mentions; the tracks that were named come out whatever happens.
#[derive(Debug, Clone, Copy)]
pub struct UserAnchor;

/// Of tracks around what was named.
const CONFIDENCE: f64 = 0.85;

impl Strategy for UserAnchor {
    fn name(&self) -> &'static str {
        "user_anchor"
    }

    fn source(&self) -> Source {
        Source::AnchorTrack
    }

    fn asks(&self, brief: &Brief) -> Vec<Ask> {
        let (of_tracks, named) = artists(brief);
        first_pages(brief, named.into_iter().chain(of_tracks))
    }

    fn tracks(&self, brief: &Brief, share: usize, answers: &[(Ask, Answer)]) -> Vec<Track> {
        let (of_tracks, named) = artists(brief);
        let (track_places, artist_places) =
            anchor_places(share * shares::SURPLUS, !of_tracks.is_empty(), !named.is_empty());
        let sample = |artists: &[Uuid], sample: Sample, each: usize| -> Vec<Vec<Track>> {
            let sample = sample.obscure(brief.popularity_floor(sample.band.0) == 0);
            artists.iter().map(|artist| sample.take(page(brief, answers, *artist, 0), each)).collect()
        };
        let around_tracks = sample(
            &of_tracks,
            Sample::MENTIONED_TRACK,
            per_mentioned_tracks_artist(track_places, of_tracks.len()),
        );
        let by_named =
            sample(&named, Sample::MENTIONED_ARTIST, per_mentioned_artist(artist_places, named.len()));
        let around = in_turn(brief, around_tracks.into_iter().chain(by_named).collect());
        let mentioned = brief.mentions.tracks.iter().cloned();
        mentioned.chain(around.into_iter().filter(|track| !brief.is_mentioned(track))).collect()
    }

    fn candidates(&self, brief: &Brief, share: usize, tracks: Vec<Track>) -> Vec<Candidate> {
        let (mentioned, around): (Vec<Track>, Vec<Track>) =
            tracks.into_iter().partition(|track| brief.is_mentioned(track));
        let mentioned = mentioned.into_iter().map(|track| Candidate {
            confidence: 1.0,
            user_mentioned: true,
            protected: true,
            reasoning: "you named it".into(),
            ..brief.candidate(track, Source::AnchorTrack)
        });
        let around = around.into_iter().map(|track| Candidate {
            confidence: CONFIDENCE,
            reasoning: format!("by {}, near what you named", lead(&track)),
            ..brief.candidate(track, Source::AnchorTrack)
        });
        let around = nearest(around.collect(), &brief.mood, share * shares::SURPLUS);
        mentioned.chain(around).collect()
    }
}

/// Artists of mentioned tracks, and mentioned artists; nobody in both.
fn artists(brief: &Brief) -> (Vec<Uuid>, Vec<Uuid>) {
    let named: Vec<Uuid> = brief.mentions.artists.iter().map(|artist| artist.id).collect();
    let mut of_tracks: Vec<Uuid> = Vec::new();
    for artist in brief.mentions.tracks.iter().flat_map(|track| &track.artists) {
        if !named.contains(&artist.id) && !of_tracks.contains(&artist.id) {
            of_tracks.push(artist.id);
        }
    }
    (of_tracks, named)
}

pub(super) fn lead(track: &Track) -> &str {
    track.artists.first().map_or("an unknown artist", |artist| artist.name.as_str())
}
