//! What a run gives: the list as callers see it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Feature, Features, FeaturesSource, SpotifyId, Status};

/// Which strategy brought a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    AnchorTrack,
    ArtistDiscovery,
    Reccobeat,
    Fallback,
}

/// The part of the list a track stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Opening,
    Build,
    Mid,
    High,
    Descent,
    Closure,
}

/// All twelve features; what is unknown is completed by defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs, reason = "units and ranges are those of `Feature`")]
pub struct AudioFeatures {
    pub acousticness: f64,
    pub danceability: f64,
    pub energy: f64,
    pub instrumentalness: f64,
    pub key: f64,
    pub liveness: f64,
    pub loudness: f64,
    pub mode: f64,
    pub speechiness: f64,
    pub tempo: f64,
    pub valence: f64,
    pub popularity: f64,
}

impl From<&Features> for AudioFeatures {
    fn from(features: &Features) -> Self {
        let of = |feature: Feature| features[feature].unwrap_or(feature.default_value());
        Self {
            acousticness: of(Feature::Acousticness),
            danceability: of(Feature::Danceability),
            energy: of(Feature::Energy),
            instrumentalness: of(Feature::Instrumentalness),
            key: of(Feature::Key),
            liveness: of(Feature::Liveness),
            loudness: of(Feature::Loudness),
            mode: of(Feature::Mode),
            speechiness: of(Feature::Speechiness),
            tempo: of(Feature::Tempo),
            valence: of(Feature::Valence),
            popularity: of(Feature::Popularity),
        }
    }
}

/// One track of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recommendation {
    /// The Spotify id; null when RecoBeat knows none.
    #[schema(value_type = Option<String>)]
    pub track_id: Option<SpotifyId>,
    pub reccobeat_id: Uuid,
    pub track_name: String,
    pub artists: Vec<String>,
    pub spotify_uri: Option<String>,
    /// 0 to 1.
    pub confidence_score: f64,
    /// 0 to 1.
    pub cohesion_score: f64,
    /// Why it is in the list, for people.
    pub reasoning: String,
    pub source: Source,
    pub duration_ms: u64,
    /// 0 to 100; null when unknown.
    pub popularity: Option<u8>,
    pub isrc: Option<String>,
    pub audio_features: AudioFeatures,
    pub features_source: FeaturesSource,
    pub user_mentioned: bool,
    /// Never cut.
    pub protected: bool,
    /// From 0, without gaps.
    pub position: usize,
    pub phase: Phase,
}

/// A finished run as `results` answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    pub session_id: Uuid,
    pub status: Status,
    pub mood_prompt: String,
    /// See the mood analysis of the API.
    pub mood_analysis: Value,
    pub recommendations: Vec<Recommendation>,
    /// What an editor or a saver added: name, Spotify ids.
    pub playlist: Option<Value>,
    pub metadata: Value,
    pub created_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}
