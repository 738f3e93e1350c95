//! Runs: from a mood to a list.

mod cancel;
mod outcome;
mod playlist;
mod prefetch;
mod remix;
mod start;
mod status;
mod stream;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) use stream::stream;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start::start))
        .routes(routes!(remix::remix))
        .routes(routes!(prefetch::prefetch))
        .routes(routes!(status::status))
        .routes(routes!(stream::stream))
        .routes(routes!(outcome::results))
        .routes(routes!(playlist::playlist))
        .routes(routes!(cancel::cancel))
}
