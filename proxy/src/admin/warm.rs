//! `/warm`: jobs that fetch ahead. A job is the engine's, not the connection's: who asked for it may
//! leave and come back to its events, each with a number to go on from.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::wrong::{self, Wrong};
use crate::api::RowKind;
use crate::engine::warm::{Bad, Job, MOST_IDS, MOST_URLS, Order, read_id, read_url};

/// Bytes of an order: a million ids in JSON.
pub(super) const LARGEST: usize = 64 << 20;
/// Bad lines that are told.
const ERRORS: usize = 100;
const FORM: &str = r#"{"ids": ["<id of a track>"], "urls": ["<URL or path>"], "rows": ["track", "features"], "dry_run": false, "skip_bad": false}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default)]
    urls: Vec<String>,
    /// What is wanted of each id.
    rows: Option<Vec<String>>,
    #[serde(default)]
    dry_run: bool,
    /// Go on without lines that cannot be warmed.
    #[serde(default)]
    skip_bad: bool,
}

/// `POST /warm`: the plan alone (200) or a job (202, or its events).
pub(super) async fn post(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Wrong> {
    let asked: Asked = wrong::body(&bytes, FORM)?;
    drop(bytes);
    let dry_run = asked.dry_run;
    let (order, left_out) = read(&admin, asked)?;
    if dry_run {
        let plan = admin.engine.estimate(&order).await;
        return Ok(Json(json!({ "plan": plan, "left_out": left_out })).into_response());
    }
    let job = admin.engine.warm(order).await.map_err(|busy| Wrong::conflict(busy.to_string()))?;
    if wants_events(&headers) {
        return Ok(stream(&job, 0).into_response());
    }
    let told = json!({ "id": job.id(), "plan": job.plan(), "left_out": left_out });
    Ok((StatusCode::ACCEPTED, Json(told)).into_response())
}

/// Running jobs and the last that ended, newest first.
pub(super) async fn list(State(admin): State<Arc<Admin>>) -> Json<Value> {
    let jobs: Vec<_> = admin.engine.jobs().list().iter().map(|job| job.status()).collect();
    Json(json!({ "jobs": jobs }))
}

/// How a job stands, or its events from `Last-Event-ID` on.
pub(super) async fn get(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Wrong> {
    let job = find(&admin, &id)?;
    if !wants_events(&headers) {
        return Ok(Json(job.status()).into_response());
    }
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(stream(&job, after.unwrap_or_default()).into_response())
}

/// Cancels a job; what is under way ends and is kept.
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Response, Wrong> {
    let job = find(&admin, &id)?;
    job.cancel();
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": job.id(), "cancelled": true }))).into_response())
}

fn find(admin: &Admin, id: &str) -> Result<Arc<Job>, Wrong> {
    let none = || Wrong::absent(format!("no warm job {id:?}: it was started before a restart, or long ago"));
    admin.engine.jobs().get(id).ok_or_else(none)
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

fn stream(job: &Job, after: u64) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let events = job.events(after).map(|event| {
        let data = event.data.to_string();
        Ok(Event::default().id(event.id.to_string()).event(event.kind.name()).data(data))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// The order and what is left out of it, or everything that is wrong with it.
fn read(admin: &Admin, asked: Asked) -> Result<(Order, Vec<String>), Wrong> {
    let Asked { ids, urls, rows, skip_bad, .. } = asked;
    let kinds = kinds(rows.as_deref())?;
    for (name, given, most) in [("ids", ids.len(), MOST_IDS), ("urls", urls.len(), MOST_URLS)] {
        if given > most {
            return Err(Wrong::new(format!(
                "{given} {name}: at most {most} in one job; split them into several"
            )));
        }
    }
    let mut bad = Vec::new();
    let mut complain =
        |list: &str, at: usize, text: &str, why: &Bad| bad.push(format!("{list}[{at}] {text:?} {why}"));
    let mut read_ids = Vec::with_capacity(ids.len());
    for (at, text) in ids.iter().enumerate() {
        match read_id(text) {
            Ok(id) => read_ids.push(id),
            Err(why) => complain("ids", at, text, &why),
        }
    }
    let mut wanted = Vec::with_capacity(urls.len());
    for (at, text) in urls.iter().enumerate() {
        let read = read_url(text).and_then(|wanted| match admin.engine.unwarmable(&wanted) {
            None => Ok(wanted),
            Some(why) => Err(why),
        });
        match read {
            Ok(one) => wanted.push(one),
            Err(why) => complain("urls", at, text, &why),
        }
    }
    let more = bad.len().saturating_sub(ERRORS);
    bad.truncate(ERRORS);
    if more > 0 {
        bad.push(format!("and {more} more"));
    }
    if !bad.is_empty() && !skip_bad {
        bad.push("nothing was started; correct them, or leave them out with skip_bad".to_owned());
        return Err(Wrong::all(bad));
    }
    let order = Order::new(read_ids, &kinds, wanted);
    if order.is_empty() {
        return Err(Wrong::new(format!("nothing to warm: the body must be {FORM}")));
    }
    Ok((order, bad))
}

fn kinds(rows: Option<&[String]>) -> Result<Vec<RowKind>, Wrong> {
    let all = [RowKind::Track, RowKind::Features];
    let Some(rows) = rows else { return Ok(all.into()) };
    let kind = |name: &String| {
        let found = all.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Wrong::new(format!("rows has {name:?}: there are track and features")))
    };
    rows.iter().map(kind).collect()
}
