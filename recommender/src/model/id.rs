//! The two kinds of track id, told apart by form and never mixed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// 22 characters of `[0-9A-Za-z]`, case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpotifyId(String);

/// An id as callers write it: a RecoBeat UUID or a Spotify id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TrackId {
    Uuid(Uuid),
    Spotify(SpotifyId),
}

/// Neither a UUID nor a Spotify id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: give a RecoBeat UUID or the 22 letters and digits of a Spotify id")]
pub struct NotAnId;

impl SpotifyId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last path segment of an `href`, if it is an id.
    pub fn from_href(href: &str) -> Option<Self> {
        href.rsplit('/').next()?.parse().ok()
    }
}

impl FromStr for SpotifyId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let good = text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        good.then(|| Self(text.to_owned())).ok_or(NotAnId)
    }
}

impl FromStr for TrackId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Other spellings of a UUID (braces, no hyphens, capitals) are other ids upstream.
        match Uuid::try_parse(text) {
            Ok(uuid) if uuid.hyphenated().to_string() == text => Ok(Self::Uuid(uuid)),
            _ => text.parse().map(Self::Spotify),
        }
    }
}

impl TryFrom<String> for SpotifyId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl TryFrom<String> for TrackId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<SpotifyId> for String {
    fn from(id: SpotifyId) -> Self {
        id.0
    }
}

impl From<TrackId> for String {
    fn from(id: TrackId) -> Self {
        id.to_string()
    }
}

impl From<Uuid> for TrackId {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl From<SpotifyId> for TrackId {
    fn from(id: SpotifyId) -> Self {
        Self::Spotify(id)
    }
}

impl fmt::Display for SpotifyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(id) => write!(f, "{id}"),
            Self::Spotify(id) => write!(f, "{id}"),
        }
    }
}
