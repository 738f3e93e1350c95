//! The control API under `/_sim/`: the library's methods over HTTP, for tests in other processes
//! and for people with curl. Never logged, limited, delayed or broken.

use crate::contract::{Params, Reply};
use crate::fault::Rule;
use crate::lock::held;
use crate::settings::Behaviour;
use crate::wire::Head;
use crate::world::World;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) const PREFIX: &str = "/_sim/";

const PATHS: &str = "GET|DELETE /_sim/log, GET /_sim/stats, GET|PUT /_sim/settings, \
    GET|POST|DELETE /_sim/faults, GET /_sim/catalogue, GET /_sim/catalogue/artists, \
    GET /_sim/catalogue/albums, GET /_sim/catalogue/unknown";

/// What was wrong, where, and what to do about it.
struct Complaint {
    status: u16,
    error: String,
    hint: &'static str,
}

type Outcome = Result<Value, Complaint>;

pub(crate) fn answer(world: &World, head: &Head, body: &[u8]) -> Reply {
    match route(world, head, body) {
        Ok(value) => Reply::json(200, value.to_string()),
        Err(Complaint { status, error, hint }) => {
            let place = format!("{} {}", head.method, head.path);
            Reply::json(status, json!({"error": error, "where": place, "hint": hint}).to_string())
        }
    }
}

fn route(world: &World, head: &Head, body: &[u8]) -> Outcome {
    let params = Params::of(&head.query);
    let method = if head.method == "HEAD" { "GET" } else { head.method.as_str() };
    match (method, &head.path[PREFIX.len()..]) {
        ("GET", "log") => value(&world.ledger.calls()),
        ("DELETE", "log") => {
            world.ledger.clear();
            Ok(json!({"cleared": true}))
        }
        ("GET", "stats") => value(&world.ledger.stats()),
        ("GET", "settings") => value(&*held(&world.behaviour)),
        ("PUT", "settings") => settings(world, body),
        ("GET", "faults") => value(&held(&world.board).list()),
        ("POST", "faults") => faults(world, body),
        ("DELETE", "faults") => remove(world, &params),
        ("GET", "catalogue") => tracks(world, &params),
        ("GET", "catalogue/artists") => artists(world, &params),
        ("GET", "catalogue/albums") => albums(world, &params),
        ("GET", "catalogue/unknown") => unknown(world, &params),
        _ => Err(Complaint { status: 404, error: "no such control".to_owned(), hint: PATHS }),
    }
}

fn value(of: &impl Serialize) -> Outcome {
    serde_json::to_value(of).map_err(|error| Complaint {
        status: 500,
        error: error.to_string(),
        hint: "this is a defect of the simulator",
    })
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8], hint: &'static str) -> Result<T, Complaint> {
    serde_json::from_slice(body).map_err(|error| bad(&error, hint))
}

fn bad(error: &impl ToString, hint: &'static str) -> Complaint {
    Complaint { status: 400, error: error.to_string(), hint }
}

/// Lays the given keys over the present settings; the others stay.
fn settings(world: &World, body: &[u8]) -> Outcome {
    const HINT: &str = r#"send a JSON object with any of latency ("500ms"), endpoint_latency ({"artists":"1s"}), rate_limit ("90/60s", "off", or an object with windows, max_in_flight, retry_after), user_agent_check (true)"#;
    let patch: Map<String, Value> = read(body, HINT)?;
    let mut failure = None;
    world.change(|behaviour| {
        let changed = serde_json::to_value(&*behaviour).and_then(|mut whole| {
            if let Some(whole) = whole.as_object_mut() {
                whole.extend(patch);
            }
            serde_json::from_value::<Behaviour>(whole)
        });
        match changed {
            Ok(changed) => *behaviour = changed,
            Err(error) => failure = Some(bad(&error, HINT)),
        }
    });
    match failure {
        Some(complaint) => Err(complaint),
        None => value(&*held(&world.behaviour)),
    }
}

/// One rule or a list of them; all are read before the first is added.
fn faults(world: &World, body: &[u8]) -> Outcome {
    const HINT: &str = r#"send a rule or a list of rules like {"match":{"endpoint":"tracks"},"fault":{"too_many":{"retry_after":15}},"times":3,"after":0}; match is "any", {"endpoint":…}, {"path":…} or {"query":…}; fault is a name or {name:{details}}: internal_error, unavailable, too_many, refuse, hang, close, reset, truncated, garbage, wrong_shape, html403, slow_body, no_store, gzip, relink, drop_rows, endless, padded"#;
    let rules = match read(body, HINT)? {
        Value::Array(rules) => rules,
        one => vec![one],
    };
    let rules: Vec<Rule> = rules
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(&error, HINT))?;
    let mut board = held(&world.board);
    let ids: Vec<u64> = rules.into_iter().map(|rule| board.add(rule)).collect();
    Ok(json!({"ids": ids}))
}

fn remove(world: &World, params: &Params) -> Outcome {
    const HINT: &str = "GET /_sim/faults lists the rules and their ids; without id all are removed";
    let mut board = held(&world.board);
    let Some(text) = params.first("id") else {
        board.clear();
        return Ok(json!({"removed": "all"}));
    };
    let id: u64 = text.parse().map_err(|_| bad(&format!("id {text:?} is no number"), HINT))?;
    if board.remove(id) {
        Ok(json!({"removed": id}))
    } else {
        Err(Complaint { status: 404, error: format!("no rule has id {id}"), hint: HINT })
    }
}

fn tracks(world: &World, params: &Params) -> Outcome {
    let catalogue = &world.catalogue;
    slice(params, "tracks", catalogue.tracks(), |track| {
        let artist = &catalogue.artists()[track.artists[0]];
        json!({
            "id": track.id,
            "spotify": track.spotify,
            "isrc": track.isrc,
            "title": track.title,
            "artist": {"id": artist.id, "spotify": artist.spotify, "name": artist.name},
            "album_id": catalogue.albums()[track.album].id,
            "has_features": track.features_row.is_some(),
        })
    })
}

fn artists(world: &World, params: &Params) -> Outcome {
    slice(params, "artists", world.catalogue.artists(), |artist| {
        json!({
            "id": artist.id,
            "spotify": artist.spotify,
            "name": artist.name,
            "tracks": artist.tracks.len(),
            "albums": artist.albums.len(),
        })
    })
}

fn albums(world: &World, params: &Params) -> Outcome {
    let catalogue = &world.catalogue;
    slice(params, "albums", catalogue.albums(), |album| {
        json!({
            "id": album.id,
            "spotify": album.spotify,
            "name": album.name,
            "artist_id": catalogue.artists()[album.artist].id,
            "tracks": album.tracks.len(),
        })
    })
}

fn unknown(world: &World, params: &Params) -> Outcome {
    slice(params, "unknown", world.catalogue.unknown(), |id| json!(id))
}

fn slice<T>(params: &Params, name: &str, all: &[T], show: impl Fn(&T) -> Value) -> Outcome {
    let number = |name: &str, default: usize| match params.first(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| {
            bad(&format!("{name} {text:?} is no number"), "give offset and limit as whole numbers")
        }),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", 100)?);
    let shown: Vec<Value> = all.iter().skip(offset).take(limit).map(show).collect();
    Ok(json!({"total": all.len(), "offset": offset, name: shown}))
}
