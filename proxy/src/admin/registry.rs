//! `/registry`: which ids name the same track, artist or album, and which of them the API lacks.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Admin;
use super::wrong::{self, Wrong};
use crate::api::{Entity, Id, RowKind, SpotifyId, Uuid};
use crate::cache::{Category, Held, Known};
use crate::clock::Timestamp;
use crate::engine::{Registered, spotify_of};

/// Ids of one bulk look-up.
const MOST: usize = 1_000;

/// How the registry does: look-ups, ids that were not asked upstream, what memory holds.
pub(super) async fn statistics(State(admin): State<Arc<Admin>>) -> Json<Value> {
    let (metrics, store) = (admin.engine.metrics(), admin.engine.store());
    let count = |category, result| metrics.lookups(category, result);
    let rows = RowKind::ALL.map(Category::from);
    let held = rows.iter().map(|category| count(*category, "hit") + count(*category, "stale")).sum::<u64>();
    let asked = rows.iter().map(|category| count(*category, "miss")).sum::<u64>();
    let missing = count(Category::Missing, "hit");
    let mut memory = Map::new();
    for ((sort, about), tally) in store.census().await {
        let sort = memory.entry(sort).or_insert_with(|| Value::Object(Map::new()));
        sort[about] =
            json!({ "entries": tally.entries, "stale": tally.stale, "oldest_seconds": tally.oldest });
    }
    let ttl = |category| store.ttl(category).fresh.as_secs();
    Json(json!({
        "ids": {
            "looked_up": held + missing + asked,
            "avoided_upstream": { "held": held, "known_missing": missing },
            "asked_upstream": asked,
        },
        "mappings": { "hit": count(Category::Mapping, "hit"), "miss": count(Category::Mapping, "miss") },
        "memory": memory,
        "disk": store.disk().map(|disk| json!({ "entries": disk.entries })),
        "ttl_seconds": { "mapping": ttl(Category::Mapping), "missing": ttl(Category::Missing) },
    }))
}

/// Everything known about one id of either kind.
pub(super) async fn get(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Wrong> {
    let id = read(&id)?;
    let known = admin.engine.registered(&id).await;
    Ok(Json(json!({ "id": id.to_string(), "known": told(&admin, &known) })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    uuid: String,
    entity: String,
}

/// Says what an id names from now on. A row that the API answers for it later speaks last.
pub(super) async fn put(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, Wrong> {
    let id = read(&id)?;
    let form = r#"{"uuid": "<RecoBeat id>", "entity": "track"}"#;
    let Correction { uuid, entity } = wrong::body(&bytes, form)?;
    let uuid = Uuid::parse(&uuid)
        .ok_or_else(|| Wrong::new(format!("uuid {uuid:?} is no lower-case UUID with hyphens")))?;
    let named = Entity::ALL.into_iter().find(|named| named.name() == entity);
    let entity =
        named.ok_or_else(|| Wrong::new(format!("entity {entity:?} is none of track, artist and album")))?;
    admin.engine.correct(entity, &id, uuid).map_err(|why| Wrong::new(format!("id {id}: {why}")))?;
    let known = admin.engine.registered(&id).await;
    Ok(Json(json!({ "id": id.to_string(), "known": told(&admin, &known) })))
}

/// Forgets mappings and missing marks of an id in all its spellings; rows stay.
pub(super) async fn delete(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Wrong> {
    let id = read(&id)?;
    let forgotten = admin.engine.forget(&id).await;
    let mappings = forgotten.iter().filter(|one| one.mapping.is_some()).count();
    let missing: usize = forgotten.iter().map(|one| one.missing.len()).sum();
    Ok(Json(json!({ "id": id.to_string(), "forgotten": { "mappings": mappings, "missing_marks": missing } })))
}

/// Many ids at once, in the order asked.
pub(super) async fn look_up(State(admin): State<Arc<Admin>>, bytes: Bytes) -> Result<Json<Value>, Wrong> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct LookUp {
        ids: Vec<String>,
    }
    let LookUp { ids } = wrong::body(&bytes, r#"{"ids": ["<UUID or Spotify id>"]}"#)?;
    if ids.len() > MOST {
        let given = ids.len();
        return Err(Wrong::new(format!("{given} ids are too many: ask for at most {MOST} at a time")));
    }
    let read = ids.iter().enumerate().map(|(index, id)| Id::parse(id).ok_or(index));
    let (good, bad): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
    if !bad.is_empty() {
        let bad = bad.into_iter().filter_map(Result::err).take(20);
        return Err(Wrong::all(bad.map(|index| format!("ids[{index}] {:?} {NO_ID}", ids[index])).collect()));
    }
    let ids: Vec<Id> = good.into_iter().filter_map(Result::ok).collect();
    let known = admin.engine.look_up(&ids).await;
    let rows: Vec<Value> = ids.iter().zip(known).map(|(id, known)| summary(id, &known)).collect();
    Ok(Json(json!({ "ids": rows })))
}

const NO_ID: &str = "is nothing that an id can be; give a RecoBeat UUID or a Spotify id";

/// Malformed ids too, as far as the upstream may be asked for them: they can be missing.
fn read(text: &str) -> Result<Id, Wrong> {
    Id::parse(text).ok_or_else(|| Wrong::new(format!("id {text:?} {NO_ID}")))
}

fn told(admin: &Admin, known: &[Registered]) -> Vec<Value> {
    let now = admin.engine.store().now();
    let tell = |one: &Registered| {
        let rows: Map<_, _> =
            one.rows.iter().map(|(kind, held)| (kind.name().to_owned(), lasting(held, now))).collect();
        let missing = one.missing.iter().map(|(kind, id, held)| {
            let mut mark = lasting(held, now);
            mark["kind"] = json!(kind.name());
            mark["id"] = json!(id.to_string());
            mark
        });
        json!({
            "entity": one.entity.name(),
            "uuid": one.uuid.map(|uuid| uuid.to_string()),
            "spotify_id": one.spotify.map(|spotify| spotify.to_string()),
            "mapping": one.mapping.as_ref().map(|held| lasting(held, now)),
            "rows": rows,
            "missing": missing.collect::<Vec<_>>(),
        })
    };
    known.iter().map(tell).collect()
}

fn lasting(held: &Held, now: Timestamp) -> Value {
    json!({
        "state": if held.stale { "stale" } else { "fresh" },
        "age_seconds": held.entry.age(now),
        "ttl_seconds": held.entry.ttl(now),
    })
}

/// One id of a bulk look-up: per entity both spellings and the state of each kind of row.
fn summary(id: &Id, known: &[(RowKind, Known)]) -> Value {
    let mut entities = Vec::new();
    for entity in Entity::ALL {
        let (mut uuid, mut spotify, mut states) = (None::<Uuid>, None::<SpotifyId>, Map::new());
        for (kind, known) in known.iter().filter(|(kind, _)| kind.entity() == entity) {
            let state = match known {
                Known::Row { uuid: found, held } => {
                    uuid = Some(*found);
                    spotify = spotify.or_else(|| spotify_of(*kind, held));
                    if held.stale { "stale" } else { "fresh" }
                }
                Known::Missing(_) => "missing",
                Known::Nothing(Id::Uuid(found)) if Id::Uuid(*found) != *id => {
                    uuid = Some(*found);
                    "unknown"
                }
                Known::Nothing(_) => "unknown",
            };
            states.insert(kind.name().to_owned(), json!(state));
        }
        let nothing = uuid.is_none() && states.values().all(|state| state == "unknown");
        if !nothing {
            // Its own spelling, unless something better is known.
            match id {
                Id::Uuid(own) => uuid = uuid.or(Some(*own)),
                Id::Spotify(own) => spotify = spotify.or(Some(*own)),
                Id::Malformed(_) => {}
            }
            entities.push(json!({
                "entity": entity.name(),
                "uuid": uuid.map(|uuid| uuid.to_string()),
                "spotify_id": spotify.map(|spotify| spotify.to_string()),
                "rows": states,
            }));
        }
    }
    json!({ "id": id.to_string(), "known": entities })
}
