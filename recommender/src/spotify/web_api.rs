use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, header};
use tokio::time::timeout;

use super::{ARTISTS, RANGE, Source, SpotifyError, TRACKS, Token, rows};
use crate::config;
use crate::model::{SpotifyId, TopArtist, TopTrack};
use crate::recobeat::{ClientError, wire};

/// Bytes of an answer, at most.
const LARGEST: usize = 2 * 1024 * 1024;

/// Spotify's Web API.
#[derive(Debug)]
pub struct WebApi {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    timeout: Duration,
}

impl WebApi {
    /// Connects to nothing yet. Whether it is used at all (`spotify.enabled`) is the caller's to see.
    pub fn new(spotify: &config::Spotify) -> Result<Self, ClientError> {
        let base = wire::base("spotify.api_url", &spotify.api_url)?;
        let http = wire::agent().build().map_err(ClientError::Http)?;
        Ok(Self { http, base, timeout: spotify.timeout })
    }

    /// The body of a 200, in time.
    async fn get(&self, token: &Token, target: &str) -> Result<Vec<u8>, SpotifyError> {
        let exchange = self.exchange(token, target);
        let outcome = timeout(self.timeout, exchange).await;
        outcome.unwrap_or(Err(SpotifyError::TimedOut(self.timeout)))
    }

    async fn exchange(&self, token: &Token, target: &str) -> Result<Vec<u8>, SpotifyError> {
        let request = self.http.get(format!("{}{target}", self.base));
        let response = request.header(header::AUTHORIZATION, token.authorization()).send().await;
        let response = response.map_err(|error| SpotifyError::Unreachable(wire::reason(&error)))?;
        let status = response.status();
        let retry_after = wire::retry_after(response.headers());
        match status {
            StatusCode::OK if wire::is_json(response.headers()) => {
                let body = wire::body(response, LARGEST).await;
                body.map_err(|broken| SpotifyError::Shape(broken.to_string()))
            }
            StatusCode::OK => Err(SpotifyError::Shape("no JSON".into())),
            StatusCode::UNAUTHORIZED => Err(SpotifyError::Expired),
            StatusCode::FORBIDDEN => Err(SpotifyError::Forbidden),
            StatusCode::NOT_FOUND => Err(SpotifyError::Unknown),
            StatusCode::TOO_MANY_REQUESTS => Err(SpotifyError::Busy { retry_after }),
            status => Err(SpotifyError::Failed { status: status.as_u16() }),
        }
    }
}

#[async_trait]
impl Source for WebApi {
    async fn top_tracks(&self, token: &Token) -> Result<Vec<TopTrack>, SpotifyError> {
        let body = self.get(token, &format!("/me/top/tracks?time_range={RANGE}&limit={TRACKS}")).await?;
        rows::items(&body, rows::track)
    }

    async fn top_artists(&self, token: &Token) -> Result<Vec<TopArtist>, SpotifyError> {
        let body = self.get(token, &format!("/me/top/artists?time_range={RANGE}&limit={ARTISTS}")).await?;
        rows::items(&body, rows::artist)
    }

    async fn playlist_tracks(
        &self,
        token: &Token,
        playlist: &SpotifyId,
    ) -> Result<Vec<TopTrack>, SpotifyError> {
        let body = self.get(token, &format!("/playlists/{playlist}/tracks?limit=50")).await?;
        rows::items(&body, rows::entry)
    }
}
