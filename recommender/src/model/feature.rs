//! Audio features: names, ranges, defaults, and which of them are really known.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One of the twelve features a track has; the order is the one of all tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// 0 to 1.
    Acousticness,
    /// 0 to 1.
    Danceability,
    /// 0 to 1.
    Energy,
    /// 0 to 1.
    Instrumentalness,
    /// Pitch class, −1 (none) to 11.
    Key,
    /// 0 to 1.
    Liveness,
    /// Decibels, −60 to 2.
    Loudness,
    /// 0 minor, 1 major.
    Mode,
    /// 0 to 1.
    Speechiness,
    /// Beats per minute, 0 to 250.
    Tempo,
    /// 0 to 1.
    Valence,
    /// 0 to 100; from the track's row, not from its features.
    Popularity,
}

impl Feature {
    pub const ALL: [Self; 12] = [
        Self::Acousticness,
        Self::Danceability,
        Self::Energy,
        Self::Instrumentalness,
        Self::Key,
        Self::Liveness,
        Self::Loudness,
        Self::Mode,
        Self::Speechiness,
        Self::Tempo,
        Self::Valence,
        Self::Popularity,
    ];

    /// As in JSON and in the upstream's parameters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acousticness => "acousticness",
            Self::Danceability => "danceability",
            Self::Energy => "energy",
            Self::Instrumentalness => "instrumentalness",
            Self::Key => "key",
            Self::Liveness => "liveness",
            Self::Loudness => "loudness",
            Self::Mode => "mode",
            Self::Speechiness => "speechiness",
            Self::Tempo => "tempo",
            Self::Valence => "valence",
            Self::Popularity => "popularity",
        }
    }

    /// The feature of that name, as written in JSON.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// All legal values, in the feature's own unit.
    pub const fn limits(self) -> Range {
        match self {
            Self::Key => Range::new(-1.0, 11.0),
            Self::Loudness => Range::new(-60.0, 2.0),
            Self::Tempo => Range::new(0.0, 250.0),
            Self::Popularity => Range::new(0.0, 100.0),
            _ => Range::new(0.0, 1.0),
        }
    }

    /// Completes an answer where the value is unknown; never evidence.
    pub const fn default_value(self) -> f64 {
        match self {
            Self::Acousticness | Self::Danceability | Self::Energy | Self::Valence => 0.5,
            Self::Instrumentalness | Self::Key => 0.0,
            Self::Liveness => 0.2,
            Self::Loudness => -8.0,
            Self::Mode => 1.0,
            Self::Speechiness => 0.05,
            Self::Tempo => 120.0,
            Self::Popularity => 50.0,
        }
    }
}

/// A value for each feature.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerFeature<T>([T; 12]);

impl<T> PerFeature<T> {
    pub fn from_fn(make: impl FnMut(Feature) -> T) -> Self {
        Self(Feature::ALL.map(make))
    }

    /// In the order of [`Feature::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Feature, &T)> {
        Feature::ALL.into_iter().zip(&self.0)
    }
}

impl<T: Copy> PerFeature<Option<T>> {
    /// The features that have a value, in the order of [`Feature::ALL`].
    pub fn known(&self) -> impl Iterator<Item = (Feature, T)> {
        self.iter().filter_map(|(feature, value)| Some((feature, (*value)?)))
    }
}

impl<T> Index<Feature> for PerFeature<T> {
    type Output = T;

    fn index(&self, feature: Feature) -> &T {
        &self.0[feature as usize]
    }
}

impl<T> IndexMut<Feature> for PerFeature<T> {
    fn index_mut(&mut self, feature: Feature) -> &mut T {
        &mut self.0[feature as usize]
    }
}

/// What is really known of a track's features. `None` is unknown and never enters a formula.
pub type Features = PerFeature<Option<f64>>;

/// Where the features of an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeaturesSource {
    /// All eleven upstream features were known.
    Api,
    /// Some were completed by defaults.
    Partial,
    /// None was known.
    Default,
}

impl FeaturesSource {
    pub const ALL: [Self; 3] = [Self::Api, Self::Partial, Self::Default];

    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Partial => "partial",
            Self::Default => "default",
        }
    }
}

/// Closed interval in a feature's own unit, `low <= high`. In JSON `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    pub fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    pub fn span(self) -> f64 {
        self.high - self.low
    }

    /// 0 inside, else the way to the nearer end.
    pub fn distance(self, value: f64) -> f64 {
        (self.low - value).max(value - self.high).max(0.0)
    }
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Range> for [f64; 2] {
    fn from(Range { low, high }: Range) -> Self {
        [low, high]
    }
}
