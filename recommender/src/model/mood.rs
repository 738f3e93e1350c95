//! What a prompt means.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PerFeature, Range};

/// What kind of list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    SpecificTrackSimilar,
    ArtistFocus,
    GenreExploration,
    MoodVariety,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Intent {
    pub intent_type: IntentKind,
    /// 0 to 1.
    pub genre_strictness: f64,
    pub primary_genre: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    Positive,
    Neutral,
    Negative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnergyLevel {
    Low,
    Medium,
    High,
}

/// Subjects of titles that a mood leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    Holiday,
    Religious,
    Kids,
    Comedy,
}

/// Three colours as `#RRGGBB`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColorScheme {
    pub primary: String,
    pub secondary: String,
    pub tertiary: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporalContext {
    #[serde(default)]
    pub decade: Option<String>,
    #[serde(default)]
    pub era: Option<String>,
    /// First and last year.
    #[serde(default)]
    pub year_range: Option<[u16; 2]>,
    #[serde(default)]
    pub is_temporal: bool,
}

/// The result of mood analysis; request fields have been worked in.
#[derive(Debug, Clone, PartialEq)]
pub struct Mood {
    /// A few words, for people.
    pub interpretation: String,
    pub emotion: Emotion,
    pub energy_level: EnergyLevel,
    /// Target ranges; `None` where the mood does not care.
    pub targets: PerFeature<Option<Range>>,
    /// 0 to 1; `None` where nothing set one (such a target counts 0.5).
    pub weights: PerFeature<Option<f64>>,
    /// At most 10, most important first.
    pub search_keywords: Vec<String>,
    pub artist_recommendations: Vec<String>,
    pub genre_keywords: Vec<String>,
    pub preferred_regions: Vec<String>,
    pub excluded_regions: Vec<String>,
    pub excluded_themes: Vec<Theme>,
    pub temporal_context: Option<TemporalContext>,
    pub color_scheme: ColorScheme,
    /// Which rules matched, for people.
    pub reasoning: String,
}

impl Mood {
    /// Middle of the target range of each feature that has one.
    pub fn target_values(&self) -> PerFeature<Option<f64>> {
        PerFeature::from_fn(|feature| self.targets[feature].map(Range::middle))
    }
}

/// How many tracks, and when that is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub target: usize,
    pub minimum: usize,
    /// 0 to 1.
    pub quality_goal: f64,
}
