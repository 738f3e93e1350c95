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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ranking::testing::{SIZE, candidate, features, ids, intent, mood};

    #[test]
    fn closeness_is_the_mean_nearness_of_five_features() {
        let mood = mood(&[
            (Feature::Energy, 0.0, 0.4),
            (Feature::Instrumentalness, 0.8, 1.0),
            (Feature::Tempo, 60.0, 90.0),
        ]);
        let track =
            features(&[(Feature::Energy, 0.5), (Feature::Instrumentalness, 0.0), (Feature::Tempo, 200.0)]);
        // 1 − 0.3 and 1 − 0.9
        assert!((closeness(&track, &mood) - f64::midpoint(0.7, 0.1)).abs() < 1e-12);
        assert!((closeness(&Features::default(), &mood) - 0.6).abs() < 1e-12);
    }

    #[rstest]
    #[case(Origin::Mentioned, 1.0, 0.95)]
    #[case(Origin::MentionedArtist, 0.9, 0.95)]
    #[case(Origin::RecommendedArtist, 0.8, 0.90)]
    #[case(Origin::TopTrack, 0.7 * 0.7 + 0.3 * 0.4, 0.85)] // energy 0.5 against 0.2, popularity 40
    fn origins_score_as_in_the_table(#[case] origin: Origin, #[case] score: f64, #[case] confidence: f64) {
        let track = features(&[(Feature::Energy, 0.5), (Feature::Popularity, 40.0)]);
        assert!((origin.score(&track, &mood(&[(Feature::Energy, 0.0, 0.4)])) - score).abs() < 1e-12);
        assert!((origin.confidence() - confidence).abs() < 1e-12);
    }

    fn top(number: u128, popularity: u8) -> (Candidate, Origin) {
        (candidate(number, Source::Reccobeat).popular(popularity), Origin::TopTrack)
    }

    #[test]
    fn the_best_five_are_kept_and_more_for_named_artists() {
        let (intent, mood) = (intent(), mood(&[]));
        let all: Vec<(Candidate, Origin)> =
            (0..10).map(|number| top(u128::from(number), 10 * number)).chain([top(3, 30)]).collect();
        let mut wanted = Wanted::new("", &intent, &mood, SIZE);
        let anchors = select(all.clone(), &wanted);
        assert_eq!(ids(&anchors), [9, 8, 7, 6, 5]);
        assert!(anchors.iter().all(|anchor| anchor.source == Source::AnchorTrack && anchor.confidence > 0.8));
        wanted.mentioned_artists = (1..=3).map(uuid::Uuid::from_u128).collect();
        assert_eq!(select(all, &wanted).len(), 2 * 3 + 2);
    }

    #[test]
    fn what_the_user_named_is_never_cut() {
        let (intent, mood) = (intent(), mood(&[]));
        let named =
            (10..17).map(|number| (candidate(number, Source::AnchorTrack).mentioned(), Origin::Mentioned));
        let all = [top(1, 100)].into_iter().chain(named).collect();
        assert_eq!(ids(&select(all, &Wanted::new("", &intent, &mood, SIZE))), [10, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn a_title_in_writing_nobody_asked_for_counts_half() {
        let (intent, mood) = (intent(), mood(&[]));
        let korean = (candidate(1, Source::Reccobeat).popular(90).titled("사랑"), Origin::TopTrack);
        let all = vec![korean, top(2, 20)];
        let order = |wanted: &Wanted<'_>| ids(&select(all.clone(), wanted));
        let languages = ["korean".to_owned()];
        assert_eq!(order(&Wanted::new("happy", &intent, &mood, SIZE)), [2, 1]);
        assert_eq!(order(&Wanted::new("행복", &intent, &mood, SIZE)), [1, 2]);
        assert_eq!(
            order(&Wanted { languages: &languages, ..Wanted::new("happy", &intent, &mood, SIZE) }),
            [1, 2]
        );
    }
}
