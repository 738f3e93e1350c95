//! What a prompt means.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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

impl Theme {
    pub const ALL: [Self; 4] = [Self::Holiday, Self::Religious, Self::Kids, Self::Comedy];

    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holiday => "holiday",
            Self::Religious => "religious",
            Self::Kids => "kids",
            Self::Comedy => "comedy",
        }
    }

    /// The theme of that name, in capitals or not.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name().eq_ignore_ascii_case(name.trim()))
    }
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mood {
    /// A few words, for people.
    pub interpretation: String,
    pub emotion: Emotion,
    pub energy_level: EnergyLevel,
    /// Target ranges; `None` where the mood does not care.
    #[serde(with = "by_name")]
    pub targets: PerFeature<Option<Range>>,
    /// 0 to 1; `None` where nothing set one (such a target counts 0.5).
    #[serde(with = "by_name")]
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

    /// `mood_analysis` of the API.
    pub fn to_json(&self) -> Value {
        json!({
            "mood_interpretation": self.interpretation,
            "primary_emotion": self.emotion,
            "energy_level": self.energy_level,
            "target_features": by_name::map(&self.targets),
            "feature_weights": by_name::map(&self.weights),
            "search_keywords": self.search_keywords,
            "artist_recommendations": self.artist_recommendations,
            "genre_keywords": self.genre_keywords,
            "preferred_regions": self.preferred_regions,
            "excluded_regions": self.excluded_regions,
            "excluded_themes": self.excluded_themes,
            "temporal_context": self.temporal_context,
            "color_scheme": self.color_scheme,
            "reasoning": self.reasoning,
        })
    }
}

/// Features as a JSON object of those that have a value, in the order of all tables.
pub(crate) mod by_name {
    use std::collections::BTreeMap;

    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Map, Value, json};

    use crate::model::{Feature, PerFeature};

    pub(crate) fn map<T: Copy + Serialize>(values: &PerFeature<Option<T>>) -> Map<String, Value> {
        values.known().map(|(feature, value)| (feature.name().to_owned(), json!(value))).collect()
    }

    pub(crate) fn serialize<T: Copy + Serialize, S: Serializer>(
        values: &PerFeature<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        map(values).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Copy + DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PerFeature<Option<T>>, D::Error> {
        let named = BTreeMap::<Feature, T>::deserialize(deserializer)?;
        Ok(PerFeature::from_fn(|feature| named.get(&feature).copied()))
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
