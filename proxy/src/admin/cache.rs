//! Looking into the cache and purging parts of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Admin;
use super::wrong::{Query, Wrong};
use crate::api::{Call, ENDPOINTS, Id, classify_target};
use crate::cache::{Category, Found, Key, Mode, Scope, Store};
use crate::clock::Timestamp;
use crate::engine::{Subject, named, target_of};

type Parameters = Query<Vec<(String, String)>>;

/// `DELETE /cache`: stale from now on; with `hard=true` as if never known.
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Wrong> {
    let (mut subjects, mut mode) = (Vec::new(), Mode::Soft);
    for (name, value) in &parameters {
        match (name.as_str(), value.as_str()) {
            ("hard", "true") => mode = Mode::Hard,
            ("hard", "false") => {}
            ("all", "true") => subjects.push(Subject::Scope(Scope::All)),
            ("endpoint", path) => subjects.push(endpoint(path)?),
            (name, value) => subjects.push(subject(name, value)?),
        }
    }
    let [subject] = subjects.as_slice() else {
        return Err(Wrong::new("name what to purge by one of category, endpoint, id, key or all=true"));
    };
    let purged = admin.engine.purge(subject, mode).await;
    let purged = purged.map_err(|too_many| Wrong::conflict(too_many.to_string()))?;
    let scopes: Vec<String> = purged.scopes.iter().map(ToString::to_string).collect();
    let mode = if mode == Mode::Hard { "hard" } else { "soft" };
    Ok(Json(json!({ "purged": scopes, "mode": mode, "at": at(purged.at) })))
}

/// `GET /cache`: what the tiers hold for a key or an id, or how a category is kept.
pub(super) async fn get(
    State(admin): State<Arc<Admin>>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Wrong> {
    let [(name, value)] = parameters.as_slice() else {
        return Err(Wrong::new("name what to look at by one of category, id or key"));
    };
    let subject = subject(name, value)?;
    if let Subject::Scope(Scope::Category(category)) = subject {
        return Ok(Json(kept(&admin, category)));
    }
    let store = admin.engine.store();
    let found = admin.engine.inspect(&subject).await;
    Ok(Json(json!({ "entries": found.iter().map(|found| row(store, found)).collect::<Vec<_>>() })))
}

fn subject(name: &str, value: &str) -> Result<Subject, Wrong> {
    match name {
        "category" => {
            let category = Category::named(value).ok_or_else(|| {
                Wrong::new(format!(
                    "no category {value:?}; there are {}",
                    Category::ALL.map(Category::name).join(", ")
                ))
            })?;
            Ok(Subject::Scope(Scope::Category(category)))
        }
        "id" => {
            let id = Id::parse(value)
                .ok_or_else(|| Wrong::new(format!("{value:?} is neither a UUID nor a Spotify id")))?;
            Ok(Subject::Id(id))
        }
        "key" => key(value),
        "hard" | "all" => {
            Err(Wrong::new(format!("{name}={value:?}: the only values are true and, for hard, false")))
        }
        _ => Err(Wrong::new(format!(
            "no parameter {name:?}; DELETE takes one of category, endpoint, id, key or all=true, and hard=true; \
             GET one of category, id or key. A URL in `key` must be percent-encoded"
        ))),
    }
}

fn endpoint(path: &str) -> Result<Subject, Wrong> {
    let paths = || ENDPOINTS.iter().map(|endpoint| endpoint.path).collect::<Vec<_>>().join(", ");
    let scope = Scope::endpoint(path);
    scope
        .map(Subject::Scope)
        .ok_or_else(|| Wrong::new(format!("no endpoint {path:?}; there are {}", paths())))
}

/// A URL as a client would send it, or a key as shown here.
fn key(text: &str) -> Result<Subject, Wrong> {
    let wrong = |why: &str| Wrong::new(format!("key {text:?}: {why}"));
    if text.starts_with('=') {
        let body = named(text).map_err(|why| wrong(&why.to_string()))?;
        return Ok(Subject::Scope(Scope::Key(Key::Body(body.key.into()))));
    }
    let target = target_of(text);
    if !target.starts_with('/') {
        let key =
            text.parse().map_err(|_| wrong("neither a URL of the API nor a key as shown by GET /cache"))?;
        return Ok(Subject::Scope(Scope::Key(key)));
    }
    match classify_target(target) {
        Ok(Call::Cacheable(request)) => Ok(Subject::Request(request)),
        Ok(Call::PassThrough) => Err(wrong("answers of this path are not kept")),
        Err(malformed) => Err(wrong(&malformed.to_string())),
    }
}

fn row(store: &Store, found: &Found) -> Value {
    let (entry, now) = (&found.entry, store.now());
    let state = match &found.held {
        Some(held) if held.stale => "stale",
        Some(_) => "fresh",
        None => "gone",
    };
    // What is left after a purge counts, not what was meant when it was stored.
    let ttl = found.held.as_ref().map(|held| held.entry.ttl(now));
    let stale_left = found.held.as_ref().map(|held| held.entry.ttl(now) + i64::from(held.entry.stale_for));
    json!({
        "key": found.key.to_string(),
        "tier": found.tier,
        "category": found.key.category(entry.status).name(),
        "state": state,
        "status": entry.status,
        "stored_at": at(entry.stored_at),
        "age_seconds": entry.age(now),
        "ttl_seconds": ttl,
        "stale_left_seconds": stale_left,
        "bytes": entry.body.len(),
    })
}

/// Entries are not counted by category: that would mean walking all of them.
fn kept(admin: &Admin, category: Category) -> Value {
    let (store, metrics) = (admin.engine.store(), admin.engine.metrics());
    let ttl = store.ttl(category);
    let all = store.barriers().of(&Scope::All);
    let barrier = store.barriers().of(&Scope::Category(category)).and(all);
    let looked_up = |result| metrics.lookups(category, result);
    json!({
        "category": category.name(),
        "ttl_seconds": ttl.fresh.as_secs(),
        "stale_seconds": ttl.stale.as_secs(),
        "purged_soft_at": barrier.soft.map(at),
        "purged_hard_at": barrier.hard.map(at),
        "lookups": { "hit": looked_up("hit"), "stale": looked_up("stale"), "miss": looked_up("miss") },
    })
}

fn at(at: Timestamp) -> String {
    DateTime::<Utc>::from(at.to_system_time()).to_rfc3339_opts(SecondsFormat::Millis, true)
}
