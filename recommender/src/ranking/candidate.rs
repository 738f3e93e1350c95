//! A track on its way into the list.

use uuid::Uuid;

use crate::model::{Feature, Features, FeaturesSource, Source, Track};

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
    /// Year of release, where known: rows of RecoBeat have none.
    pub released: Option<u16>,
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
            released: None,
            reasoning: String::new(),
        }
    }

    pub fn id(&self) -> Uuid {
        self.track.id
    }

    /// No rule takes it out: the user named it, or it is protected.
    pub fn is_safe(&self) -> bool {
        self.user_mentioned || self.protected
    }

    pub fn features_source(&self) -> FeaturesSource {
        match self.known_features() {
            0 => FeaturesSource::Default,
            11 => FeaturesSource::Api,
            _ => FeaturesSource::Partial,
        }
    }

    /// Something of it was measured; popularity, which every row has, does not count.
    pub fn has_features(&self) -> bool {
        self.known_features() > 0
    }

    /// 0 to 11, without popularity.
    pub(crate) fn known_features(&self) -> usize {
        self.features.known().filter(|(feature, _)| *feature != Feature::Popularity).count()
    }
}
