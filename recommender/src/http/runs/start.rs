use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::outcome::outcome;
use crate::http::App;
use crate::http::body::{Body, Params};
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_SESSION};
use crate::jobs::{Start, Started};
use crate::limits::Class;
use crate::model::{Outcome, StartBody};
use crate::spotify::Token;

/// A start's answer.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the two forms in the document of the interface")]
enum StartAnswer {
    Started(StartedDocument),
    Results(Box<Outcome>),
}

/// Of a start.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StartParams {
    /// The mood, when the body does not name one.
    mood_prompt: Option<String>,
    /// Answer with the results when they are there within so many seconds: `30` or `30s`.
    #[param(example = "30s")]
    wait: Option<String>,
}

/// A run that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StartedDocument {
    session_id: Uuid,
    /// Always the same; `…/status` tells more.
    #[schema(example = "started")]
    status: &'static str,
    mood_prompt: String,
    /// For people.
    message: String,
}

impl StartedDocument {
    pub(super) fn new(started: Started) -> Self {
        let message = format!("follow it at /api/agents/recommendations/{}/stream", started.session_id);
        Self { session_id: started.session_id, status: "started", mood_prompt: started.mood_prompt, message }
    }
}

/// Start a run
///
/// Turns a mood into a playlist, in the background. With `wait` the answer is the results when
/// they come in time.
#[utoipa::path(
    post,
    path = "/recommendations/start",
    operation_id = "start_run",
    tag = "runs",
    params(StartParams),
    request_body(content = Option<StartBody>, content_type = "application/json"),
    responses(
        (status = OK, description = "It has begun; with `wait`, in time: its results", body = StartAnswer),
    ),
    security(("user" = [])),
)]
pub(in crate::http) async fn start(
    State(app): State<App>,
    User(user): User,
    Params(params): Params<StartParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    app.limiter.admit(Class::Start, &user).await?;
    let mut start = StartBody::read(body.bytes())?;
    start.mood_prompt = start.mood_prompt.or(params.mood_prompt);
    let wait = params.wait.as_deref().map(wait).transpose()?;
    start.clone().check()?;
    app.limiter.admit(Class::StartOfDay, &user).await?;
    let start = app.taste.complete(&user, spotify_token(&headers).as_ref(), start).await;
    let mut request = start.clone().check()?;
    request.fresh = wants_fresh(&headers);
    let kept = kept(&start)?;
    let started = app.runs.start(Start { user: user.clone(), body: kept, request }).await;
    let started = started.map_err(|error| ApiError::run(error, NO_SESSION))?;
    let Some(wait) = wait else { return Ok(begun(started)) };
    let row = app.runs.wait(&user, started.session_id, wait.min(app.config.run.deadline)).await;
    let row = row.map_err(|error| ApiError::run(error, NO_SESSION))?;
    if row.status.is_end() { Ok(Json(outcome(row)).into_response()) } else { Ok(begun(started)) }
}

fn begun(started: Started) -> Response {
    Json(StartedDocument::new(started)).into_response()
}

/// What a caller lends us to read their taste with.
fn spotify_token(headers: &HeaderMap) -> Option<Token> {
    Token::parse(headers.get("x-spotify-token")?.to_str().ok()?)
}

/// The body as it is kept with the run.
pub(super) fn kept(start: &StartBody) -> Result<Value, ApiError> {
    serde_json::to_value(start).map_err(|error| {
        tracing::error!(%error, "a checked body cannot be written");
        ApiError::Internal
    })
}

/// RFC 9111 §5.2.1.4: the caller wants other tracks than last time.
pub(super) fn wants_fresh(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case("no-cache"))
}

/// `30` or `30s`, in seconds.
fn wait(text: &str) -> Result<Duration, ApiError> {
    let seconds = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
    seconds
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| ApiError::field("wait", "must be seconds, such as 30 or 30s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::number("30", Some(30_000))]
    #[case::seconds("30s", Some(30_000))]
    #[case::part("0.5", Some(500))]
    #[case::none("0", Some(0))]
    #[case::negative("-1", None)]
    #[case::minutes("1m", None)]
    #[case::endless("inf", None)]
    #[case::no_number("NaN", None)]
    #[case::empty("", None)]
    fn a_wait_is_read_in_seconds(#[case] text: &str, #[case] millis: Option<u64>) {
        assert_eq!(wait(text).ok(), millis.map(Duration::from_millis));
    }
}
