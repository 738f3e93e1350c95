//! `/deny/exempt`: requests that are asked upstream even when it has refused them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::wrong::{self, Query, Wrong};
use crate::engine::named;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exemption {
    request: String,
}

pub(super) async fn list(State(admin): State<Arc<Admin>>) -> Json<Value> {
    Json(json!({ "exempt": texts(&admin).await }))
}

/// What was added is told, in canonical form: a request that is repaired is exempt as that.
pub(super) async fn add(State(admin): State<Arc<Admin>>, bytes: Bytes) -> Result<Json<Value>, Wrong> {
    let exemption: Exemption = wrong::body(&bytes, r#"{"request": "<URL or canonical text>"}"#)?;
    let mut added = Vec::new();
    for text in named_texts(&admin, &exemption)? {
        let exempt = admin.engine.denials().exempt();
        if exempt.add(&text).await.map_err(|full| Wrong::conflict(full.to_string()))? {
            added.push(text);
        }
    }
    Ok(Json(json!({ "added": added, "exempt": texts(&admin).await })))
}

pub(super) async fn remove(
    State(admin): State<Arc<Admin>>,
    Query(exemption): Query<Exemption>,
) -> Result<Json<Value>, Wrong> {
    let mut removed = Vec::new();
    for text in named_texts(&admin, &exemption)? {
        if admin.engine.denials().exempt().remove(&text).await {
            removed.push(text);
        }
    }
    Ok(Json(json!({ "removed": removed, "exempt": texts(&admin).await })))
}

fn named_texts(admin: &Admin, Exemption { request }: &Exemption) -> Result<Vec<Arc<str>>, Wrong> {
    let body = named(request).map_err(|why| Wrong::new(format!("request {request:?} {why}")))?;
    Ok(admin.engine.texts(&body))
}

async fn texts(admin: &Admin) -> Vec<Arc<str>> {
    admin.engine.denials().exempt().list().await
}
