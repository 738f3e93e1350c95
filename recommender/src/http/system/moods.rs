use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::body::Body;
use crate::http::caller::{Operator, User};
use crate::http::error::{ApiError, NO_SESSION};
use crate::http::path::Name;
use crate::jobs::{Coverage, Held};
use crate::limits::Class;
use crate::model::{MoodRequest, Recommendation, StartBody, Status};
use crate::pipeline::Finished;

/// Most moods of one warming.
const MOST: usize = 50;

const NOT_HELD: &str = "this mood is not held";

/// Which to make again; all without a choice.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::http) struct WarmBody {
    #[schema(max_items = 50)]
    moods: Option<Vec<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct WarmDocument {
    #[schema(example = "warming_started")]
    status: &'static str,
    moods: Vec<String>,
}

/// Make the lists of popular moods again
///
/// One at a time, in the background, at the lowest priority.
#[utoipa::path(
    post,
    path = "/system/cache/warm-popular-moods",
    operation_id = "warm_popular_moods",
    tag = "popular moods",
    request_body(content = Option<WarmBody>, content_type = "application/json"),
    responses((status = OK, body = WarmDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn warm(
    State(app): State<App>,
    User(user): User,
    body: Body,
) -> Result<Json<WarmDocument>, ApiError> {
    app.limiter.admit(Class::Warm, &user).await?;
    let WarmBody { moods } = body.read()?;
    if let Some(moods) = &moods {
        known(&app, moods)?;
    }
    Ok(Json(WarmDocument { status: "warming_started", moods: app.moods.warm(moods) }))
}

/// A user warms what is popular, not whatever they like.
fn known(app: &App, moods: &[String]) -> Result<(), ApiError> {
    if moods.len() > MOST {
        return Err(ApiError::field("moods", format!("must be at most {MOST}")));
    }
    let popular: Vec<String> = app.moods.moods().iter().map(|mood| normalised(mood)).collect();
    match moods.iter().position(|mood| !popular.contains(&normalised(mood))) {
        None => Ok(()),
        Some(at) => Err(ApiError::field(format!("moods[{at}]"), "is not one of the popular moods")),
    }
}

fn normalised(mood: &str) -> String {
    MoodRequest::of(mood).normalised_prompt()
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MoodsDocument {
    /// The ten, those of the configuration, and those that became popular.
    moods: Vec<String>,
    #[serde(flatten)]
    coverage: Coverage,
}

/// The popular moods
#[utoipa::path(
    get,
    path = "/system/popular-moods",
    operation_id = "popular_moods",
    tag = "popular moods",
    responses((status = OK, body = MoodsDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn list(State(app): State<App>, _: User) -> Json<MoodsDocument> {
    Json(MoodsDocument { moods: app.moods.moods(), coverage: app.moods.coverage().await })
}

/// A list that is kept for everybody.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct HeldDocument {
    mood: String,
    recommendations: Vec<Recommendation>,
    #[schema(value_type = Object)]
    mood_analysis: Value,
    #[schema(value_type = Object)]
    metadata: Value,
    stored_at: DateTime<Utc>,
}

impl From<Held> for HeldDocument {
    fn from(held: Held) -> Self {
        let Held { mood, recommendations, mood_analysis, metadata, stored_at, .. } = held;
        Self { mood, recommendations, mood_analysis, metadata, stored_at }
    }
}

/// The list of a popular mood
#[utoipa::path(
    get,
    path = "/system/popular-moods/{mood}",
    operation_id = "popular_mood",
    tag = "popular moods",
    params(("mood" = String, Path, example = "calm and relaxing")),
    responses((status = OK, body = HeldDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn get(
    State(app): State<App>,
    _: User,
    Name(mood): Name,
) -> Result<Json<HeldDocument>, ApiError> {
    let held = app.moods.get(&mood).await.ok_or(ApiError::Absent(NOT_HELD))?;
    Ok(Json(held.into()))
}

/// Where the list of an own mood comes from.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::http) struct KeepBody {
    /// A completed run; else the list is made.
    session_id: Option<Uuid>,
}

/// Keep a mood
///
/// An own one too. Keeps the list of a run for everybody, or makes one in the background.
#[utoipa::path(
    put,
    path = "/system/popular-moods/{mood}",
    operation_id = "put_popular_mood",
    tag = "popular moods",
    params(("mood" = String, Path)),
    request_body(content = Option<KeepBody>, content_type = "application/json"),
    responses(
        (status = OK, description = "It is kept", body = HeldDocument),
        (status = ACCEPTED, description = "It is being made", body = WarmDocument),
        (status = CONFLICT, description = "The run is not completed", body = super::super::error::Detail),
    ),
    security(("operator" = [])),
)]
pub(in crate::http) async fn put(
    State(app): State<App>,
    _: Operator,
    Name(mood): Name,
    body: Body,
) -> Result<Response, ApiError> {
    let KeepBody { session_id } = body.read()?;
    let mood = StartBody { mood_prompt: Some(mood), ..StartBody::default() }.check()?.mood_prompt;
    let Some(session) = session_id else {
        let moods = app.moods.warm(Some(vec![mood]));
        let document = WarmDocument { status: "warming_started", moods };
        return Ok((StatusCode::ACCEPTED, Json(document)).into_response());
    };
    let row = app.store.by_session(session).await.map_err(|error| ApiError::store(error, NO_SESSION))?;
    if row.status != Status::Completed {
        return Err(ApiError::Conflict(format!("the run is {}, not completed", row.status.name())));
    }
    let list = Finished {
        recommendations: row.recommendations_data,
        mood_analysis: row.mood_analysis_data,
        metadata: row.metadata,
    };
    app.moods.store(&mood, &list).await;
    let held = app.moods.get(&mood).await.ok_or(ApiError::Absent(NOT_HELD))?;
    Ok(Json(HeldDocument::from(held)).into_response())
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ForgottenDocument {
    #[schema(example = "invalidated")]
    status: &'static str,
    mood: String,
}

/// Forget the list of a popular mood
#[utoipa::path(
    delete,
    path = "/system/popular-moods/{mood}",
    operation_id = "delete_popular_mood",
    tag = "popular moods",
    params(("mood" = String, Path)),
    responses((status = OK, body = ForgottenDocument)),
    security(("operator" = [])),
)]
pub(in crate::http) async fn delete(
    State(app): State<App>,
    _: Operator,
    Name(mood): Name,
) -> Result<Json<ForgottenDocument>, ApiError> {
    if app.moods.invalidate(&mood).await {
        Ok(Json(ForgottenDocument { status: "invalidated", mood }))
    } else {
        Err(ApiError::Absent(NOT_HELD))
    }
}
