//! Bodies and parameters, read with errors that name the field.

use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::App;
use super::error::ApiError;
use crate::model::{FieldError, Unreadable};

/// For a body to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body of JSON within the limit, not yet read; empty when none was sent.
#[derive(Debug)]
pub(super) struct Body(Bytes);

impl Body {
    /// An empty body is an empty object.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.0.is_empty() { b"{}" } else { &self.0 }
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let mut reader = serde_json::Deserializer::from_slice(self.bytes());
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let error = error.into_inner();
            if error.is_data() {
                let message = error.to_string();
                let message =
                    message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
                ApiError::field(if path == "." { "body" } else { &path }, message)
            } else {
                malformed(&error.to_string())
            }
        })?;
        reader.end().map_err(|error| malformed(&error.to_string()))?;
        Ok(value)
    }
}

impl From<Unreadable> for ApiError {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Syntax(reason) => malformed(&reason),
            Unreadable::Shape(error) => Self::Invalid(vec![error]),
        }
    }
}

impl From<Vec<FieldError>> for ApiError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

fn malformed(reason: &str) -> ApiError {
    ApiError::Malformed(format!("the body is not JSON: {reason}"))
}

impl FromRequest<App> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let most = usize::try_from(app.config.limits.body).unwrap_or(usize::MAX);
        let (parts, body) = request.into_parts();
        let told = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if told.is_some_and(|told: usize| told > most) {
            return Err(ApiError::TooLarge(most));
        }
        let read = timeout(PATIENCE, to_bytes(body, most)).await.map_err(|_| ApiError::Slow)?;
        let bytes = read.map_err(|error| {
            // The other cause is a sender that went away, who reads no answer.
            tracing::debug!(%error, "a body was not read");
            ApiError::TooLarge(most)
        })?;
        // A page of another site can send text and forms, but not this.
        if !bytes.is_empty() && !is_json(&parts.headers) {
            return Err(ApiError::MediaType);
        }
        Ok(Self(bytes))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

/// The query as `T`.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                let (field, message) = text.split_once(": ").unwrap_or(("query", text));
                Err(ApiError::field(field, message))
            }
        }
    }
}
