use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::App;
use crate::http::body::Params;
use crate::http::caller::User;
use crate::http::error::{ApiError, NO_PLAYLIST};
use crate::model::{FieldError, PlaylistSummary, Status};
use crate::store::{ListQuery, SortBy, SortOrder};

/// Which part of the list, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ListParams {
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: u32,
    #[serde(default)]
    #[param(maximum = 1_000_000)]
    offset: u32,
    /// Separated by commas.
    #[param(example = "failed,cancelled")]
    exclude_statuses: Option<String>,
    /// Part of prompt, name, emotion, energy level, status, titles or artists.
    #[param(max_length = 200)]
    search: Option<String>,
    /// `created_at`, `name` or `track_count`.
    #[param(default = "created_at")]
    sort_by: Option<String>,
    /// `asc` or `desc`.
    #[param(default = "desc")]
    sort_order: Option<String>,
}

const fn fifty() -> u32 {
    50
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ListDocument {
    playlists: Vec<PlaylistSummary>,
    /// Of the whole list.
    total: i64,
    limit: u32,
    offset: u32,
    sort_by: &'static str,
    sort_order: &'static str,
    search: Option<String>,
}

/// The caller's playlists
#[utoipa::path(
    get,
    path = "/playlists",
    operation_id = "playlists",
    tag = "playlists",
    params(ListParams),
    responses((status = OK, body = ListDocument)),
    security(("user" = [])),
)]
pub(in crate::http) async fn list(
    State(app): State<App>,
    User(user): User,
    Params(params): Params<ListParams>,
) -> Result<Json<ListDocument>, ApiError> {
    let query = query(user, params)?;
    let page = app.store.list(&query).await.map_err(|error| ApiError::store(error, NO_PLAYLIST))?;
    Ok(Json(ListDocument {
        playlists: page.playlists,
        total: page.total,
        limit: query.limit,
        offset: query.offset,
        sort_by: match query.sort_by {
            SortBy::CreatedAt => "created_at",
            SortBy::Name => "name",
            SortBy::TrackCount => "track_count",
        },
        sort_order: match query.sort_order {
            SortOrder::Descending => "desc",
            SortOrder::Ascending => "asc",
        },
        search: query.search,
    }))
}

/// Everything that is wrong is named.
fn query(user_id: String, params: ListParams) -> Result<ListQuery, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut wrong =
        |field: &str, message: String| errors.push(FieldError { field: field.to_owned(), message });
    if !(1..=100).contains(&params.limit) {
        wrong("limit", "must be 1 to 100".to_owned());
    }
    if params.offset > 1_000_000 {
        wrong("offset", "must be at most 1000000".to_owned());
    }
    let mut exclude_statuses = Vec::new();
    let names = params.exclude_statuses.as_deref().unwrap_or_default();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Status::named(name) {
            Some(status) => exclude_statuses.push(status),
            None => wrong("exclude_statuses", format!("no status {name:?}; there are {}", status_names())),
        }
    }
    let search = params.search.map(|search| search.trim().to_owned()).filter(|search| !search.is_empty());
    if search.as_ref().is_some_and(|search| search.chars().count() > 200) {
        wrong("search", "must be at most 200 characters".to_owned());
    }
    if search.as_ref().is_some_and(|search| search.contains('\0')) {
        wrong("search", "must not hold a NUL character".to_owned());
    }
    let sort_by = match params.sort_by.as_deref() {
        None | Some("created_at") => SortBy::CreatedAt,
        Some("name") => SortBy::Name,
        Some("track_count") => SortBy::TrackCount,
        Some(_) => {
            wrong("sort_by", "must be created_at, name or track_count".to_owned());
            SortBy::default()
        }
    };
    let sort_order = match params.sort_order.as_deref() {
        None | Some("desc") => SortOrder::Descending,
        Some("asc") => SortOrder::Ascending,
        Some(_) => {
            wrong("sort_order", "must be asc or desc".to_owned());
            SortOrder::default()
        }
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(ListQuery {
        user_id,
        limit: params.limit,
        offset: params.offset,
        exclude_statuses,
        search,
        sort_by,
        sort_order,
    })
}

fn status_names() -> String {
    Status::ALL.map(Status::name).join(", ")
}
