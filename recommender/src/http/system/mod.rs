//! For operators: how the service does, and what can be done about it.

mod cache;
mod invalidate;
mod moods;
mod profiling;
mod registry;
mod status;
mod workflows;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use cache::stats as cache_stats;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(profiling::metrics))
        .routes(routes!(profiling::samples))
        .routes(routes!(cache::stats))
        .routes(routes!(invalidate::invalidate))
        .routes(routes!(registry::stats))
        .routes(routes!(moods::warm))
        .routes(routes!(moods::list))
        .routes(routes!(moods::get, moods::put, moods::delete))
        .routes(routes!(workflows::active))
        .routes(routes!(workflows::recent))
}
