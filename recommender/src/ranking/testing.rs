//! Candidates and moods for tests.

use proptest::collection::{hash_set, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Candidate, Wanted};
use crate::model::{
    ArtistName, ColorScheme, Emotion, EnergyLevel, Feature, Features, Intent, IntentKind, Mood, PerFeature,
    Range, Size, Source, TemporalContext, Track,
};

pub(super) const SIZE: Size = Size { target: 20, minimum: 16, quality_goal: 0.75 };

pub(super) fn intent() -> Intent {
    Intent { intent_type: IntentKind::MoodVariety, genre_strictness: 0.6, primary_genre: None }
}

/// Of target ranges; no weights, nothing excluded.
pub(super) fn mood(targets: &[(Feature, f64, f64)]) -> Mood {
    let mut ranges = PerFeature::default();
    targets.iter().for_each(|(feature, low, high)| ranges[*feature] = Some(Range::new(*low, *high)));
    let color = || "#000000".to_owned();
    Mood {
        interpretation: String::new(),
        emotion: Emotion::Neutral,
        energy_level: EnergyLevel::Medium,
        targets: ranges,
        weights: PerFeature::default(),
        search_keywords: Vec::new(),
        artist_recommendations: Vec::new(),
        genre_keywords: Vec::new(),
        preferred_regions: Vec::new(),
        excluded_regions: Vec::new(),
        excluded_themes: Vec::new(),
        temporal_context: None,
        color_scheme: ColorScheme { primary: color(), secondary: color(), tertiary: color() },
        reasoning: String::new(),
    }
}

pub(super) fn features(values: &[(Feature, f64)]) -> Features {
    let mut features = Features::default();
    values.iter().for_each(|(feature, value)| features[*feature] = Some(*value));
    features
}

pub(super) fn track(number: u128) -> Track {
    Track {
        id: Uuid::from_u128(number),
        spotify: format!("{number:022}").parse().ok(),
        title: format!("Song {number}"),
        artists: vec![artist(number)],
        duration_ms: 180_000,
        isrc: Some(format!("XX{number:010}")),
        popularity: None,
    }
}

pub(super) fn artist(number: u128) -> ArtistName {
    ArtistName { id: Uuid::from_u128(1_000_000 + number), name: format!("Artist {number}") }
}

/// A track of its own artist, in no way like another.
pub(super) fn candidate(number: u128, source: Source) -> Candidate {
    Candidate::new(track(number), Features::default(), source)
}

impl Candidate {
    pub(super) fn by(mut self, artists: &[u128]) -> Self {
        self.track.artists = artists.iter().map(|number| artist(*number)).collect();
        self
    }

    pub(super) fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.track.title);
        self
    }

    pub(super) fn popular(mut self, popularity: u8) -> Self {
        self.track.popularity = Some(popularity);
        self.features[Feature::Popularity] = Some(popularity.into());
        self
    }

    pub(super) fn sounding(mut self, values: &[(Feature, f64)]) -> Self {
        values.iter().for_each(|(feature, value)| self.features[*feature] = Some(*value));
        self
    }

    pub(super) fn trusted(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    pub(super) fn mentioned(mut self) -> Self {
        self.user_mentioned = true;
        self.protected = true;
        self
    }
}

pub(super) fn ids(list: &[Candidate]) -> Vec<u128> {
    list.iter().map(|candidate| candidate.id().as_u128()).collect()
}

/// A wish, owned.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) intent: Intent,
    pub(super) mood: Mood,
    pub(super) size: Size,
    pub(super) with_mentions: bool,
    pub(super) mentioned_artists: Vec<u128>,
    pub(super) negatives: Vec<u128>,
}

impl Wish {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            with_mentions: self.with_mentions,
            mentioned_artists: self.mentioned_artists.iter().map(|number| artist(*number).id).collect(),
            negatives: self.negatives.iter().map(|number| Uuid::from_u128(*number).into()).collect(),
            excluded_words: vec!["christmas".into()],
            ..Wanted::new("a prompt", &self.intent, &self.mood, self.size)
        }
    }
}

fn any_value(feature: Feature) -> impl Strategy<Value = f64> {
    let limits = feature.limits();
    (0..=20_u8).prop_map(move |step| limits.low + limits.span() * f64::from(step) / 20.0)
}

pub(super) fn any_mood() -> impl Strategy<Value = Mood> {
    let range = |feature| {
        option::of((any_value(feature), any_value(feature)).prop_map(|(a, b)| Range::new(a.min(b), a.max(b))))
    };
    let weights = vec(option::of((0..=10_u8).prop_map(|step| f64::from(step) / 10.0)), 12);
    let years = option::of((1950..2020_u16, 0..30_u16).prop_map(|(first, more)| TemporalContext {
        decade: None,
        era: None,
        year_range: Some([first, first + more]),
        is_temporal: true,
    }));
    (Feature::ALL.map(range), weights, years).prop_map(|(ranges, weights, years)| Mood {
        targets: PerFeature::from_fn(|feature| ranges[feature as usize]),
        weights: PerFeature::from_fn(|feature| weights[feature as usize]),
        temporal_context: years,
        ..mood(&[])
    })
}

pub(super) fn any_wish() -> impl Strategy<Value = Wish> {
    let mentioned =
        prop_oneof![Just(Vec::new()), hash_set(0..12_u128, 1..4).prop_map(|set| set.into_iter().collect())];
    (any_mood(), 15..=30_usize, any::<bool>(), mentioned, hash_set(0..60_u128, 0..5)).prop_map(
        |(mood, target, with_mentions, mentioned_artists, negatives)| Wish {
            intent: intent(),
            mood,
            size: Size { target, minimum: target.min(16), quality_goal: 0.75 },
            with_mentions,
            mentioned_artists,
            negatives: negatives.into_iter().collect(),
        },
    )
}

/// From a small world, so that ids, artists, titles and codes often meet.
pub(super) fn any_candidate() -> impl Strategy<Value = Candidate> {
    let source = prop_oneof![
        Just(Source::AnchorTrack),
        Just(Source::ArtistDiscovery),
        Just(Source::Reccobeat),
        Just(Source::Fallback)
    ];
    let row = (0..60_u128, 0..60_u128, 0..60_u128, vec(0..12_u128, 1..3), 0..60_u128, option::of(0..=100_u8));
    let kind = (source, (0..=100_u8), (0..20_u8), option::of(1950..2020_u16));
    let values = Feature::ALL.map(|feature| option::weighted(0.8, any_value(feature)));
    (row, kind, values).prop_map(|((id, spotify, title, artists, isrc, popularity), kind, values)| {
        let (source, confidence, luck, released) = kind;
        let mut candidate = candidate(id, source).by(&artists).trusted(f64::from(confidence) / 100.0);
        candidate.track.spotify = format!("{spotify:022}").parse().ok();
        candidate.track.isrc = (isrc < 55).then(|| format!("XX{isrc:010}"));
        candidate.track.title = match luck {
            2 => format!("Christmas {title}"),
            3 => format!("Song {title} (Remastered 2011)"),
            _ => format!("Song {title}"),
        };
        candidate.track.popularity = popularity;
        candidate.features = PerFeature::from_fn(|feature| values[feature as usize]);
        candidate.features[Feature::Popularity] = popularity.map(f64::from);
        candidate.released = released;
        candidate.user_mentioned = luck == 0;
        candidate.protected = luck <= 1;
        candidate
    })
}

pub(super) fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    vec(any_candidate(), 0..80)
}
