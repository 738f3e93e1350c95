use axum::Json;
use axum::extract::{self, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A request of an operator that cannot be done: what, where, and what helps.
#[derive(Debug)]
pub(super) struct Wrong {
    status: StatusCode,
    errors: Vec<String>,
}

impl Wrong {
    pub(super) fn new(error: impl Into<String>) -> Self {
        Self::all(vec![error.into()])
    }

    pub(super) fn all(errors: Vec<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, errors }
    }

    pub(super) fn absent(error: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, errors: vec![error.into()] }
    }

    pub(super) fn conflict(error: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, errors: vec![error.into()] }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "errors": self.errors }))).into_response()
    }
}

/// Reads a JSON body, whatever its media type says: `curl -d` does not name the right one.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8], form: &str) -> Result<T, Wrong> {
    serde_json::from_slice(bytes).map_err(|error| Wrong::new(format!("the body must be {form}: {error}")))
}

/// Reads the parameters of a URL.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Wrong> {
        let read = extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|extract::Query(read)| Self(read)).map_err(|rejection| {
            let why =
                std::error::Error::source(&rejection).map_or(rejection.to_string(), ToString::to_string);
            Wrong::new(format!("the parameters are not understood: {why}"))
        })
    }
}
