//! `/deny`: what the upstream refuses for good. What `GET` lists, `POST` takes, on another machine
//! or after a restart; all of it or nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Admin;
use super::wrong::{self, Query, Wrong};
use crate::api::{ErrorCode, complaints};
use crate::engine::named;
use crate::guard::Listed;

/// Denials told unless another number is asked for, and at most.
const TOLD: usize = 100;
const MOST: usize = 10_000;
/// Bytes of a listing, and of an import.
pub(super) const LARGEST: usize = 16 << 20;
/// Bad items of an import that are told.
const ERRORS: usize = 20;

const FORM: &str =
    r#"as GET /deny lists it, {"denied": [{"request": "<URL>", "body": "<the upstream's 400>"}]}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    limit: Option<usize>,
}

/// One denial, told and taken in the same form.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    /// The canonical text of the request; a URL is taken too.
    request: String,
    /// The upstream's answer, to the byte.
    body: String,
    #[serde(default)]
    code: u16,
    #[serde(default)]
    reason: String,
    /// The request that is answered instead.
    #[serde(default)]
    instead: Option<String>,
    #[serde(default)]
    age_seconds: u64,
    /// Absent in an import: as long as a denial lasts.
    #[serde(default)]
    seconds_left: Option<i64>,
    /// Times it was answered from here since the start.
    #[serde(default)]
    answered: u64,
}

/// Newest first.
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Query(asked): Query<List>,
) -> Result<Json<Value>, Wrong> {
    let limit = asked.limit.unwrap_or(TOLD);
    if !(1..=MOST).contains(&limit) {
        return Err(Wrong::new(format!("limit={limit}: it must be between 1 and {MOST}")));
    }
    let listing = admin.engine.denials().list(limit).await;
    let now = admin.engine.store().now();
    let mut room = LARGEST;
    let item = |Listed { request, denial, answered }: Listed| Item {
        code: ErrorCode::of(&denial.refusal.body).map_or(0, |code| code.0),
        reason: complaints(&denial.refusal.body).join("; "),
        body: String::from_utf8_lossy(&denial.refusal.body).into_owned(),
        age_seconds: denial.refusal.age(now),
        seconds_left: Some(denial.refusal.ttl(now)),
        instead: denial.instead,
        request: request.to_string(),
        answered,
    };
    let fits = |item: &Item| {
        let weight = 200 + item.request.len() + 2 * item.body.len();
        room.checked_sub(weight).map(|left| room = left).is_some()
    };
    let denied: Vec<Item> = listing.newest.into_iter().map(item).take_while(fits).collect();
    Ok(Json(json!({ "total": listing.total, "told": denied.len(), "denied": denied })))
}

/// Takes in what another proxy has learned. Ages begin anew; what was left is left.
pub(super) async fn import(State(admin): State<Arc<Admin>>, bytes: Bytes) -> Result<Json<Value>, Wrong> {
    #[derive(Deserialize)]
    struct Import {
        denied: Vec<Item>,
    }
    let Import { denied } = wrong::body(&bytes, FORM)?;
    let read = denied.iter().enumerate().map(|(index, item)| {
        read(item).map_err(|why| format!("denied[{index}] {why}; nothing was taken in"))
    });
    let (good, bad): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
    if !bad.is_empty() {
        return Err(Wrong::all(bad.into_iter().filter_map(Result::err).take(ERRORS).collect()));
    }
    let denials = admin.engine.denials();
    let good: Vec<_> = good.into_iter().filter_map(Result::ok).collect();
    for Denied { text, body, instead, left } in &good {
        denials.import(text, body.clone(), instead.as_deref(), *left);
    }
    Ok(Json(json!({ "imported": good.len() })))
}

struct Denied {
    text: String,
    body: Bytes,
    instead: Option<String>,
    left: Duration,
}

fn read(item: &Item) -> Result<Denied, String> {
    let request = named(&item.request).map_err(|why| format!("request {:?} {why}", item.request))?;
    if ErrorCode::permanent(item.body.as_bytes()).is_none() {
        return Err("body is no error body of the API with a status of 4001 to 4004".to_owned());
    }
    let instead = match &item.instead {
        None => None,
        Some(text) => {
            let body = named(text).map_err(|why| format!("instead {text:?} {why}"))?;
            let instead =
                body.recommendation.ok_or("instead is no recommendation, or not an understood one")?;
            Some(instead.into_body().target)
        }
    };
    let left = match item.seconds_left {
        None => Duration::MAX,
        Some(left) => match u64::try_from(left) {
            Ok(left @ 1..) => Duration::from_secs(left),
            _ => return Err(format!("seconds_left is {left}: it has expired")),
        },
    };
    Ok(Denied { text: request.key, body: item.body.clone().into(), instead, left })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forget {
    request: Option<String>,
    all: Option<bool>,
}

/// Forgets one denial, or all.
pub(super) async fn forget(
    State(admin): State<Arc<Admin>>,
    Query(asked): Query<Forget>,
) -> Result<Json<Value>, Wrong> {
    let denials = admin.engine.denials();
    match (asked.request, asked.all) {
        (Some(text), None | Some(false)) => {
            let request = named(&text).map_err(|why| Wrong::new(format!("request {text:?} {why}")))?;
            let mut forgotten = Vec::new();
            for text in admin.engine.texts(&request) {
                if denials.forget(&text).await {
                    forgotten.push(text.to_string());
                }
            }
            Ok(Json(json!({ "forgotten": forgotten.len(), "requests": forgotten })))
        }
        (None, Some(true)) => {
            let forgotten = denials.forget_all().await.map_err(|full| Wrong::conflict(full.to_string()))?;
            Ok(Json(json!({ "forgotten": forgotten })))
        }
        _ => Err(Wrong::new(
            "name what to forget: request=<URL, percent-encoded, or the text of GET /deny>, or all=true",
        )),
    }
}
