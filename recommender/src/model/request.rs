//! A request for a playlist, checked: within all limits, ids of a known form.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PerFeature, Range, SpotifyId, TemporalContext, TrackId};

/// What a run starts from. Made by validation only; kept with the run, so that it can be resumed.
#[derive(Debug, Clone, PartialEq)]
pub struct MoodRequest {
    /// 1 to 500 characters, trimmed.
    pub mood_prompt: String,
    /// 15 to 30.
    pub target_count: Option<usize>,
    /// Within the limits of each feature.
    pub target_features: PerFeature<Option<Range>>,
    /// 0 to 1.
    pub feature_weights: PerFeature<Option<f64>>,
    /// At most 20.
    pub top_tracks: Vec<TopTrack>,
    /// At most 15.
    pub top_artists: Vec<TopArtist>,
    /// At most 10.
    pub mentioned_tracks: Vec<MentionedTrack>,
    /// Names or ids, at most 10.
    pub mentioned_artists: Vec<String>,
    /// At most 30.
    pub remix_tracks: Vec<TopTrack>,
    /// At most 5.
    pub negative_tracks: Vec<TrackId>,
    /// At most 5.
    pub genres: Vec<String>,
    /// At most 15 names.
    pub artist_recommendations: Vec<String>,
    /// 0 to 1.
    pub genre_strictness: Option<f64>,
    /// 0 to 1; replaces the quality goal.
    pub quality_threshold: Option<f64>,
    pub language_preferences: Vec<String>,
    pub preferred_regions: Vec<String>,
    pub excluded_regions: Vec<String>,
    pub excluded_themes: Vec<String>,
    /// Lifts the lower limits of popularity.
    pub allow_obscure_artists: bool,
    pub temporal_context: Option<TemporalContext>,
    /// A new draw is wanted: `Cache-Control: no-cache` was sent.
    pub fresh: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopTrack {
    pub id: TrackId,
    pub name: String,
    pub artists: Vec<String>,
    pub popularity: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopArtist {
    /// A RecoBeat UUID or a Spotify id, of an artist.
    pub id: Option<TrackId>,
    pub name: String,
    pub genres: Vec<String>,
    pub popularity: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MentionedTrack {
    pub id: Option<TrackId>,
    /// Empty only when `id` is given.
    pub track_name: String,
    pub artist_name: String,
    pub priority: Priority,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    High,
    #[default]
    Medium,
}

impl MoodRequest {
    /// A prompt and nothing else.
    pub fn of(mood_prompt: impl Into<String>) -> Self {
        Self {
            mood_prompt: mood_prompt.into(),
            target_count: None,
            target_features: PerFeature::default(),
            feature_weights: PerFeature::default(),
            top_tracks: Vec::new(),
            top_artists: Vec::new(),
            mentioned_tracks: Vec::new(),
            mentioned_artists: Vec::new(),
            remix_tracks: Vec::new(),
            negative_tracks: Vec::new(),
            genres: Vec::new(),
            artist_recommendations: Vec::new(),
            genre_strictness: None,
            quality_threshold: None,
            language_preferences: Vec::new(),
            preferred_regions: Vec::new(),
            excluded_regions: Vec::new(),
            excluded_themes: Vec::new(),
            allow_obscure_artists: false,
            temporal_context: None,
            fresh: false,
        }
    }

    /// The prompt as a cache key: trimmed, case-folded, white space collapsed.
    pub fn normalised_prompt(&self) -> String {
        self.mood_prompt.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// Nothing but the prompt was given, so the answer is the same for everybody.
    pub fn is_prompt_only(&self) -> bool {
        let bare = Self { mood_prompt: self.mood_prompt.clone(), ..Self::of("") };
        *self == bare
    }

    /// Tracks or artists were named as wanted.
    pub fn has_mentions(&self) -> bool {
        !self.mentioned_tracks.is_empty() || !self.mentioned_artists.is_empty()
    }
}

impl From<SpotifyId> for TopTrack {
    fn from(id: SpotifyId) -> Self {
        Self { id: id.into(), name: String::new(), artists: Vec::new(), popularity: None }
    }
}
