//! Anchor tracks: the few that a list is built around.

use std::cmp::Ordering;

use super::{Candidate, Wanted, rank, script};
use crate::model::{Feature, Features, Mood, Source};
use crate::ranking::fit::mean;
use crate::ranking::script::WritingSystem;

/// How a track came to be a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by the user, or among the first five of a list to remix.
    Mentioned,
    /// Among the best five of an artist the user named.
    MentionedArtist,
    /// Among the best three of an artist recommended for the mood.
    RecommendedArtist,
    /// A favourite of the user, or found by genre.
    TopTrack,
}

impl Origin {
    /// 0 to 1, in the finished list.
    pub fn confidence(self) -> f64 {
        match self {
            Self::Mentioned | Self::MentionedArtist => 0.95,
            Self::RecommendedArtist => 0.90,
            Self::TopTrack => 0.85,
        }
    }

    /// 0 to 1, among the candidates.
    pub fn score(self, features: &Features, mood: &Mood) -> f64 {
        match self {
            Self::Mentioned => 1.0,
            Self::MentionedArtist => 0.9,
            Self::RecommendedArtist => 0.8,
            Self::TopTrack => {
                0.7 * closeness(features, mood) + 0.3 * features[Feature::Popularity].unwrap_or(0.0) / 100.0
            }
        }
    }
}

const COMPARED: [Feature; 5] = [
    Feature::Energy,
    Feature::Valence,
    Feature::Danceability,
    Feature::Acousticness,
    Feature::Instrumentalness,
];

/// Mean of `1 − |value − target|` over five features; 0.6 if none is comparable.
pub fn closeness(features: &Features, mood: &Mood) -> f64 {
    let targets = mood.target_values();
    mean(
        COMPARED.into_iter().filter_map(|feature| Some(1.0 - (features[feature]? - targets[feature]?).abs())),
    )
    .unwrap_or(0.6)
}

/// The anchors among `candidates`, best first: five, or more if the user named several artists.
/// A title in writing that nobody asked for counts half. What the user named always stays.
pub fn select(candidates: Vec<(Candidate, Origin)>, wanted: &Wanted<'_>) -> Vec<Candidate> {
    let asked = wanted.writing_systems();
    let foreign = |title: &str| {
        script::of_text(title).iter().any(|system| *system != WritingSystem::Latin && !asked.contains(system))
    };
    let mut scored: Vec<(f64, Candidate)> = candidates
        .into_iter()
        .map(|(mut candidate, origin)| {
            let half = if foreign(&candidate.track.title) && !candidate.is_safe() { 0.5 } else { 1.0 };
            let score = half * origin.score(&candidate.features, wanted.mood);
            candidate.source = Source::AnchorTrack;
            candidate.confidence = origin.confidence();
            (score, candidate)
        })
        .collect();
    scored.sort_by(best_first);
    let mut seen = std::collections::HashSet::new();
    scored.retain(|(_, candidate)| seen.insert(candidate.id()));
    let keep = (2 * wanted.mentioned_artists.len() + 2).max(5);
    let places = scored.into_iter().enumerate();
    places
        .filter(|(place, (_, anchor))| *place < keep || anchor.is_safe())
        .map(|(_, (_, anchor))| anchor)
        .collect()
}

fn best_first((one, a): &(f64, Candidate), (other, b): &(f64, Candidate)) -> Ordering {
    b.is_safe().cmp(&a.is_safe()).then(other.total_cmp(one)).then_with(|| rank::tie(a, b))
}
