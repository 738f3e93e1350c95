use axum::Json;
use axum::extract::State;

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_SESSION};
use crate::http::path::Session;
use crate::jobs::StatusDocument;
use crate::limits::Class;

/// Where a run stands
#[utoipa::path(
    get,
    path = "/recommendations/{session_id}/status",
    operation_id = "run_status",
    tag = "runs",
    params(("session_id" = uuid::Uuid, Path)),
    responses((status = OK, body = StatusDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn status(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
) -> Result<Json<StatusDocument>, ApiError> {
    app.limiter.admit(Class::Status, &user).await?;
    app.runs.status(&user, session).await.map(Json).map_err(|error| ApiError::run(error, NO_SESSION))
}
