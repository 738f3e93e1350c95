//! Rows of RecoBeat as the recommender uses them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SpotifyId;

/// A track's row. Everything inside a run is such a row: ids in a request are resolved first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub id: Uuid,
    /// From `href`; a row without one cannot be played on Spotify.
    pub spotify: Option<SpotifyId>,
    pub title: String,
    pub artists: Vec<ArtistName>,
    pub duration_ms: u64,
    pub isrc: Option<String>,
    /// 0 to 100.
    pub popularity: Option<u8>,
}

/// An artist as a track's row names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtistName {
    pub id: Uuid,
    pub name: String,
}

/// An artist's row, with what a request or Spotify told beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artist {
    pub id: Uuid,
    pub spotify: Option<SpotifyId>,
    pub name: String,
    /// Empty is unknown: RecoBeat has none.
    pub genres: Vec<String>,
    /// Unknown to RecoBeat; estimated from tracks or told.
    pub popularity: Option<u8>,
}
