use std::time::Duration;

/// Why Spotify told nothing. None of the texts holds the token or anything of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpotifyError {
    /// 401: a new token helps.
    #[error("the Spotify token has expired or is not one")]
    Expired,
    /// 403: a token with more scopes helps (`user-top-read`, `playlist-read-private`).
    #[error("the Spotify token does not allow this")]
    Forbidden,
    /// 404: no such playlist, or not for this user.
    #[error("Spotify has no such playlist")]
    Unknown,
    /// 429.
    #[error("Spotify has no room for the call")]
    Busy { retry_after: Option<Duration> },
    #[error("Spotify answered {status}")]
    Failed { status: u16 },
    #[error("Spotify cannot be reached: {0}")]
    Unreachable(String),
    #[error("no answer from Spotify within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("an answer of an unexpected shape from Spotify: {0}")]
    Shape(String),
}
