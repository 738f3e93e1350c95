//! The body that starts a run, as callers write it.
//!
//! Texts, numbers and lists of any size, so that [`StartBody::check`] can name *all* that is wrong with
//! them by the path of the field. What it accepts is a [`MoodRequest`], within every limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MoodRequest, Priority, TemporalContext, TopArtist, TopTrack, closest};

mod check;
#[cfg(test)]
mod tests;

/// What a playlist is wanted for. Only `mood_prompt` is required, here or as a query parameter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StartBody {
    /// The mood in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500, example = "calm and relaxing")]
    pub mood_prompt: Option<String>,
    /// Tracks wanted; else by the mood, 17 to 22.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 15, maximum = 30)]
    pub target_count: Option<i64>,
    /// Lowest and highest value by name of the feature, in the feature's own unit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"energy": [0.2, 0.5]}))]
    pub target_features: BTreeMap<String, [f64; 2]>,
    /// Importance by name of the feature, 0 to 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"energy": 0.9}))]
    pub feature_weights: BTreeMap<String, f64>,
    /// What the user hears most, best first; 20 are used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub top_tracks: Vec<TrackBody>,
    /// Whom the user hears most, best first; 15 are used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub top_artists: Vec<ArtistBody>,
    /// Tracks that must be in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub mentioned_tracks: Vec<MentionBody>,
    /// Names or ids of artists that must be in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub mentioned_artists: Vec<String>,
    /// The list to make another one of; 30 are used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub remix_tracks: Vec<TrackBody>,
    /// Ids of tracks to keep away from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 5)]
    pub negative_tracks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 5)]
    pub genres: Vec<String>,
    /// Names of artists that may fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 15)]
    pub artist_recommendations: Vec<String>,
    /// How much a genre binds; else by the words of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub genre_strictness: Option<f64>,
    /// The quality from which a list is good enough; else by the mood.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub quality_threshold: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub language_preferences: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub preferred_regions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub excluded_regions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub excluded_themes: Vec<String>,
    /// Lifts the lower limits of popularity.
    pub allow_obscure_artists: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporal_context: Option<TemporalContext>,
}

/// A track that the user knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackBody {
    /// A RecoBeat UUID or a Spotify id.
    pub id: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: String,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub artists: Vec<String>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub popularity: Option<i64>,
}

impl From<TopTrack> for TrackBody {
    fn from(track: TopTrack) -> Self {
        Self {
            id: track.id.to_string(),
            name: track.name,
            artists: track.artists,
            popularity: track.popularity.map(i64::from),
        }
    }
}

impl TrackBody {
    /// With texts and lists cut to what a request may carry: nobody can mend what a catalogue says.
    #[must_use]
    pub fn fitting(self) -> Self {
        let artists = fitting_all(&self.artists);
        let popularity = self.popularity.map(|popularity| popularity.clamp(0, 100));
        Self { name: fitting(&self.name), artists, popularity, ..self }
    }
}

impl ArtistBody {
    /// The same.
    #[must_use]
    pub fn fitting(self) -> Self {
        let popularity = self.popularity.map(|popularity| popularity.clamp(0, 100));
        Self { name: fitting(&self.name), genres: fitting_all(&self.genres), popularity, ..self }
    }
}

fn fitting(text: &str) -> String {
    let plain: String = text.chars().filter(|character| !character.is_control()).collect();
    plain.trim().chars().take(check::TEXT).collect()
}

fn fitting_all(texts: &[String]) -> Vec<String> {
    let texts = texts.iter().map(|text| fitting(text)).filter(|text| !text.is_empty());
    texts.take(check::WORDS).collect()
}

impl From<TopArtist> for ArtistBody {
    fn from(artist: TopArtist) -> Self {
        Self {
            id: artist.id.map(|id| id.to_string()),
            name: artist.name,
            genres: artist.genres,
            popularity: artist.popularity.map(i64::from),
        }
    }
}

/// An artist whom the user knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtistBody {
    /// A RecoBeat UUID or a Spotify id.
    #[serde(default)]
    pub id: Option<String>,
    /// May be left out when there is an id.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: String,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub genres: Vec<String>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub popularity: Option<i64>,
}

/// A track that must be in the list: an id, or a title.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MentionBody {
    /// A RecoBeat UUID or a Spotify id.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub track_name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub artist_name: String,
    #[serde(default)]
    pub priority: Priority,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its path: `top_tracks[3].id`.
    #[schema(example = "top_tracks[3].id")]
    pub field: String,
    /// The problem and the bound.
    pub message: String,
}

/// A body that is no [`StartBody`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON; why, with line and column.
    Syntax(String),
    /// JSON of another shape.
    Shape(FieldError),
}

impl StartBody {
    /// Reads JSON; the error names the field.
    pub fn read(json: &[u8]) -> Result<Self, Unreadable> {
        // A list would be read too, its items taken for the fields in their order.
        if json.trim_ascii_start().first() == Some(&b'[') {
            return Err(Unreadable::Shape(shape(".", "must be a JSON object")));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let body = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            if error.inner().is_data() {
                let path = error.path().to_string();
                Unreadable::Shape(shape(&path, &error.into_inner().to_string()))
            } else {
                Unreadable::Syntax(error.into_inner().to_string())
            }
        })?;
        reader.end().map_err(|error| Unreadable::Syntax(error.to_string()))?;
        Ok(body)
    }

    /// The request, or everything that is wrong with it.
    pub fn check(self) -> Result<MoodRequest, Vec<FieldError>> {
        check::check(self)
    }
}

/// The parser's words without the place in the text, which the path replaces; for a field that does
/// not exist, what was probably meant.
fn shape(path: &str, message: &str) -> FieldError {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let path = if path == "." { "body" } else { path };
    let mut quoted = message.split('`').skip(1).step_by(2);
    let message = match (message.starts_with("unknown field"), quoted.next()) {
        (true, Some(name)) => match closest(name, quoted) {
            Some(meant) => format!("unknown field `{name}`, did you mean `{meant}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    };
    FieldError { field: path.to_owned(), message }
}
