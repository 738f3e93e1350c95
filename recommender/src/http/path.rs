//! Names in paths. What cannot be one is answered as one that does not exist.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use uuid::Uuid;

use super::App;
use super::error::{ApiError, NO_PLAYLIST, NO_SESSION};

/// Of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session(pub(super) Uuid);

/// The number of a playlist.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaylistId(pub(super) i64);

/// Any other name.
#[derive(Debug, Clone)]
pub(super) struct Name(pub(super) String);

impl FromRequestParts<App> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let id = Path::<Uuid>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ApiError::Absent(NO_SESSION))
    }
}

impl FromRequestParts<App> for PlaylistId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let id = Path::<i64>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ApiError::Absent(NO_PLAYLIST))
    }
}

impl FromRequestParts<App> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let name = Path::<String>::from_request_parts(parts, app).await;
        name.map(|Path(name)| Self(name)).map_err(|_| ApiError::Absent("no such name"))
    }
}
