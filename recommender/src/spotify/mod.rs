//! What a user listens to, read from Spotify when they lend us their token.
//!
//! Optional twice over: the operator switches it on, and the caller sends a token. It only fills
//! fields that the request could have carried itself, so **an error here never fails a run**: the
//! caller notes it and goes on with what the request has. A token is used for the calls of one
//! request; it is neither kept nor logged, and its type cannot be printed.

mod error;
mod rows;
mod taste;
mod token;
mod web_api;

#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use error::SpotifyError;
pub use taste::Taste;
pub use token::Token;
pub use web_api::WebApi;

use crate::model::{SpotifyId, TopArtist, TopTrack};

/// What is asked for: about the last six months, so many tracks and artists.
const RANGE: &str = "medium_term";
const TRACKS: usize = 20;
const ARTISTS: usize = 15;

/// Where taste is read from, in Spotify's order: most listened to first.
#[async_trait]
pub trait Source: Send + Sync {
    /// At most 20, of about the last six months. Rows that are no tracks are left out.
    async fn top_tracks(&self, token: &Token) -> Result<Vec<TopTrack>, SpotifyError>;
    /// At most 15, of about the last six months, with genres and popularity.
    async fn top_artists(&self, token: &Token) -> Result<Vec<TopArtist>, SpotifyError>;
    /// The first 50 entries of a playlist the user can see, less episodes and local files.
    async fn playlist_tracks(
        &self,
        token: &Token,
        playlist: &SpotifyId,
    ) -> Result<Vec<TopTrack>, SpotifyError>;
}
