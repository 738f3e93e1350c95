//! The finished list, as callers see it.

use super::Candidate;
use crate::model::{AudioFeatures, Phase, Recommendation};

/// Positions from 0 in the order given; scores in hundredths; unknown features by their defaults.
pub fn to_recommendations(list: Vec<(Candidate, Phase)>) -> Vec<Recommendation> {
    list.into_iter()
        .enumerate()
        .map(|(position, (candidate, phase))| recommendation(candidate, position, phase))
        .collect()
}

fn recommendation(candidate: Candidate, position: usize, phase: Phase) -> Recommendation {
    let features_source = candidate.features_source();
    let track = candidate.track;
    Recommendation {
        spotify_uri: track.spotify.as_ref().map(|id| format!("spotify:track:{}", id.as_str())),
        track_id: track.spotify,
        reccobeat_id: track.id,
        track_name: track.title,
        artists: track.artists.into_iter().map(|artist| artist.name).collect(),
        confidence_score: hundredths(candidate.confidence),
        cohesion_score: hundredths(candidate.cohesion),
        reasoning: candidate.reasoning,
        source: candidate.source,
        duration_ms: track.duration_ms,
        popularity: track.popularity,
        isrc: track.isrc,
        audio_features: AudioFeatures::from(&candidate.features),
        features_source,
        user_mentioned: candidate.user_mentioned,
        protected: candidate.protected,
        position,
        phase,
    }
}

fn hundredths(score: f64) -> f64 {
    (score * 100.0).round() / 100.0
}
