use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::Admin;
use super::wrong::{Query, Wrong};
use crate::engine::explain::Explanation;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    url: String,
}

/// `GET /explain?url=`: what would become of a request if it came now. Makes no call.
pub(super) async fn get(
    State(admin): State<Arc<Admin>>,
    Query(Asked { url }): Query<Asked>,
) -> Result<Json<Explanation>, Wrong> {
    let told = admin.engine.explain(&url).await;
    told.map(Json)
        .map_err(|why| Wrong::new(format!("url {url:?} {why}; in `url` it must be percent-encoded")))
}
