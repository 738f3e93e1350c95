//! From candidates to a list: scores, filters, shares, quality, order. Pure: equal input, equal
//! output; ties by higher popularity, then smaller id.

use uuid::Uuid;

use crate::model::{Feature, Features, FeaturesSource, Source, Track};

/// A track on its way into the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub track: Track,
    /// Only what is really known; `popularity` is the row's.
    pub features: Features,
    pub source: Source,
    /// 0 to 1.
    pub confidence: f64,
    /// 0 to 1; set by quality evaluation.
    pub cohesion: f64,
    pub user_mentioned: bool,
    /// Never cut.
    pub protected: bool,
    /// Genres of its artists, where known.
    pub genres: Vec<String>,
    /// For people.
    pub reasoning: String,
}

impl Candidate {
    pub fn new(track: Track, mut features: Features, source: Source) -> Self {
        features[Feature::Popularity] = track.popularity.map(f64::from);
        Self {
            track,
            features,
            source,
            confidence: 0.0,
            cohesion: 0.0,
            user_mentioned: false,
            protected: false,
            genres: Vec::new(),
            reasoning: String::new(),
        }
    }

    pub fn id(&self) -> Uuid {
        self.track.id
    }

    pub fn features_source(&self) -> FeaturesSource {
        let known = Feature::ALL
            .into_iter()
            .filter(|feature| *feature != Feature::Popularity && self.features[*feature].is_some())
            .count();
        match known {
            0 => FeaturesSource::Default,
            11 => FeaturesSource::Api,
            _ => FeaturesSource::Partial,
        }
    }
}
