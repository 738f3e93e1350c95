//! Playlists that are kept, and what they come to.

mod edit;
mod list;
mod row;
mod stats;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(row::by_id, row::delete))
        .routes(routes!(row::by_session))
        .routes(routes!(edit::edit))
        .routes(routes!(stats::summary))
        .routes(routes!(stats::public))
}
