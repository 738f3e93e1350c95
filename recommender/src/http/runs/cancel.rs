use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::caller::User;
use crate::http::error::{ApiError, Detail, NO_SESSION};
use crate::http::path::Session;

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct CancelledDocument {
    session_id: Uuid,
    #[schema(example = "cancelled")]
    status: &'static str,
    message: &'static str,
}

/// Cancel a run
///
/// One that has ended otherwise stays as it is: 409.
#[utoipa::path(
    delete,
    path = "/recommendations/{session_id}",
    operation_id = "cancel_run",
    tag = "runs",
    params(("session_id" = uuid::Uuid, Path)),
    responses(
        (status = OK, body = CancelledDocument),
        (status = CONFLICT, description = "It has completed or failed", body = Detail),
    ),
    security(("user" = [])),
)]
pub(in crate::http) async fn cancel(
    State(app): State<App>,
    User(user): User,
    Session(session): Session,
) -> Result<Json<CancelledDocument>, ApiError> {
    let row = app.runs.cancel(&user, session).await.map_err(|error| ApiError::run(error, NO_SESSION))?;
    Ok(Json(CancelledDocument {
        session_id: row.session_id,
        status: "cancelled",
        message: "the run was cancelled",
    }))
}
