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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Feature, FeaturesSource, Source};
    use crate::ranking::testing::candidate;

    #[test]
    fn a_list_is_written_for_callers() {
        let first =
            candidate(1, Source::Reccobeat).sounding(&[(Feature::Energy, 0.31)]).trusted(0.812_5).popular(12);
        let mut second = candidate(2, Source::AnchorTrack).by(&[3, 4]).mentioned();
        second.track.spotify = None;
        second.cohesion = 0.666;
        let list = to_recommendations(vec![(first, Phase::Opening), (second, Phase::Closure)]);

        let [first, second] = list.as_slice() else { panic!("two tracks") };
        assert_eq!((first.position, second.position), (0, 1));
        assert_eq!((first.phase, second.phase), (Phase::Opening, Phase::Closure));
        assert_eq!(first.spotify_uri.as_deref(), Some("spotify:track:0000000000000000000001"));
        assert_eq!(
            first.track_id.as_ref().map(crate::model::SpotifyId::as_str),
            Some("0000000000000000000001")
        );
        assert_eq!((second.track_id.as_ref(), second.spotify_uri.as_ref()), (None, None));
        assert_eq!(second.artists, ["Artist 3", "Artist 4"]);
        assert_eq!(
            (first.confidence_score.to_bits(), second.cohesion_score.to_bits()),
            (0.81_f64.to_bits(), 0.67_f64.to_bits())
        );
        assert!(second.user_mentioned && second.protected && !first.protected);
    }

    #[test]
    fn only_here_defaults_stand_in_for_the_unknown() {
        let known = candidate(1, Source::Reccobeat).sounding(&[(Feature::Energy, 0.31)]).popular(12);
        let list =
            to_recommendations(vec![(known, Phase::Mid), (candidate(2, Source::Reccobeat), Phase::Mid)]);
        let features = &list[0].audio_features;
        assert_eq!(
            [features.energy, features.valence, features.popularity].map(f64::to_bits),
            [0.31, 0.5, 12.0].map(f64::to_bits)
        );
        assert_eq!(list[0].features_source, FeaturesSource::Partial);
        assert_eq!((list[1].features_source, list[1].popularity), (FeaturesSource::Default, None));
    }
}
