//! The registry as operators see it.

use bytes::Bytes;
use rstest::rstest;
use tokio::time::{Duration, advance};

use super::*;
use crate::api::{Id, ParsedRow, RowKind, SpotifyId, Uuid};

const UUID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";
const OTHER: &str = "0d9a7be1-52c4-4c0f-8a3b-6b1f5e7c9a10";
const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const UNKNOWN: &str = "1AbCdEfGhIjKlMnOpQrStU";

fn console() -> Console {
    Console::new(Arc::new(Unreachable))
}

fn learn(console: &Console, kind: RowKind) {
    let body = match kind {
        RowKind::Artist => {
            format!(r#"{{"id":"{UUID}","name":"N","href":"https://open.spotify.com/artist/{SPOTIFY}"}}"#)
        }
        _ => format!(
            r#"{{"id":"{UUID}","trackTitle":"T","artists":[],"href":"https://open.spotify.com/track/{SPOTIFY}"}}"#
        ),
    };
    let (uuid, spotify) = (Uuid::parse(UUID).unwrap(), SpotifyId::parse(SPOTIFY));
    console.engine.store().learn(&ParsedRow { kind, uuid, spotify, bytes: Bytes::from(body) });
}

fn learn_absence(console: &Console, kind: RowKind, id: &Id) {
    let store = console.engine.store();
    store.as_of(store.moment()).learn_absence(kind, id);
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_track_is_known_by_both_its_ids() {
    let console = console();
    learn(&console, RowKind::Track);
    learn_absence(&console, RowKind::Features, &id(UUID));
    advance(Duration::from_secs(60)).await;
    for asked in [UUID, SPOTIFY] {
        let told = console.told(Method::GET, &format!("/registry/{asked}"), "").await;
        assert_eq!(told["known"].as_array().unwrap().len(), 1, "{told}");
        let known = &told["known"][0];
        assert_eq!((&known["entity"], &known["uuid"]), (&json!("track"), &json!(UUID)));
        assert_eq!(known["spotify_id"], json!(SPOTIFY));
        assert_eq!(known["rows"]["track"]["age_seconds"], json!(60));
        assert_eq!(known["rows"]["track"]["state"], json!("fresh"));
        assert_eq!(known["mapping"]["age_seconds"], json!(60));
        let missing = &known["missing"][0];
        assert_eq!((&missing["kind"], &missing["id"]), (&json!("features"), &json!(UUID)));
        assert_eq!(missing["ttl_seconds"], json!(14 * 24 * 3600 - 60));
    }
}

#[tokio::test(start_paused = true)]
async fn artists_are_registered_like_tracks() {
    let console = console();
    learn(&console, RowKind::Artist);
    let told = console.told(Method::GET, &format!("/registry/{SPOTIFY}"), "").await;
    assert_eq!((&told["known"][0]["entity"], &told["known"][0]["uuid"]), (&json!("artist"), &json!(UUID)));
}

#[tokio::test(start_paused = true)]
async fn an_id_nobody_asked_for_is_known_as_nothing() {
    let told = console().told(Method::GET, &format!("/registry/{UNKNOWN}"), "").await;
    assert_eq!(told, json!({ "id": UNKNOWN, "known": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_mapping_can_be_corrected() {
    let console = console();
    learn(&console, RowKind::Track);
    learn_absence(&console, RowKind::Track, &id(UNKNOWN));
    let body = json!({ "uuid": UUID, "entity": "track" }).to_string();
    let told = console.told(Method::PUT, &format!("/registry/{UNKNOWN}"), &body).await;
    assert_eq!((&told["known"][0]["uuid"], &told["known"][0]["missing"]), (&json!(UUID), &json!([])));
    assert!(told["known"][0]["rows"]["track"].is_object(), "it answers with that row: {told}");
    let known = console.engine.store().know(RowKind::Track, &id(UNKNOWN));
    assert!(matches!(known, crate::cache::Known::Row { uuid, .. } if uuid.to_string() == UUID));
}

#[tokio::test(start_paused = true)]
async fn a_uuid_can_be_linked_to_another() {
    let console = console();
    learn(&console, RowKind::Track);
    let body = json!({ "uuid": OTHER, "entity": "track" }).to_string();
    console.told(Method::PUT, &format!("/registry/{UUID}"), &body).await;
    let known = console.engine.store().know(RowKind::Track, &id(UUID));
    assert_eq!(known, crate::cache::Known::Nothing(id(OTHER)));
}

#[rstest]
#[case::not_json(SPOTIFY, "uuid", "the body must be")]
#[case::no_uuid(SPOTIFY, r#"{"uuid": "X", "entity": "track"}"#, "uuid \"X\" is no lower-case UUID")]
#[case::no_entity(SPOTIFY, r#"{"uuid": "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d"}"#, "missing field `entity`")]
#[case::features(
    SPOTIFY,
    r#"{"uuid": "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d", "entity": "features"}"#,
    "none of track, artist and album"
)]
#[case::itself(
    UUID,
    r#"{"uuid": "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d", "entity": "track"}"#,
    "cannot be mapped to itself"
)]
#[case::malformed(
    "nobody",
    r#"{"uuid": "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d", "entity": "track"}"#,
    "only Spotify ids and UUIDs"
)]
#[case::isrc("XXABC2500001", "{}", "nothing that an id can be")]
#[tokio::test(start_paused = true)]
async fn an_impossible_correction_says_why(#[case] id: &str, #[case] body: &str, #[case] why: &str) {
    let wrong = console().wrong(Method::PUT, &format!("/registry/{id}"), body).await;
    assert!(wrong.contains(why), "{wrong}");
}

#[rstest]
#[case::by_uuid(UUID)]
#[case::by_spotify_id(SPOTIFY)]
#[tokio::test(start_paused = true)]
async fn forgetting_works_in_both_directions_and_leaves_the_rows(#[case] asked: &str) {
    let console = console();
    learn(&console, RowKind::Track);
    let store = console.engine.store();
    store.as_of(store.moment()).learn_absence(RowKind::Features, &id(UUID));
    store.as_of(store.moment()).learn_absence(RowKind::Features, &id(SPOTIFY));
    let told = console.told(Method::DELETE, &format!("/registry/{asked}"), "").await;
    assert_eq!(told["forgotten"], json!({ "mappings": 1, "missing_marks": 2 }));
    for one in [UUID, SPOTIFY] {
        assert_eq!(store.know(RowKind::Features, &id(one)), crate::cache::Known::Nothing(id(one)));
    }
    assert!(matches!(store.know(RowKind::Track, &id(UUID)), crate::cache::Known::Row { .. }));
}

#[tokio::test(start_paused = true)]
async fn many_ids_are_looked_up_at_once_in_both_directions() {
    let console = console();
    learn(&console, RowKind::Track);
    learn_absence(&console, RowKind::Track, &id(UNKNOWN));
    let body = json!({ "ids": [SPOTIFY, UNKNOWN, OTHER, UUID] }).to_string();
    let told = console.told(Method::POST, "/registry/lookup", &body).await;
    let track = json!([{
        "entity": "track", "uuid": UUID, "spotify_id": SPOTIFY, "rows": { "track": "fresh", "features": "unknown" },
    }]);
    let missing = json!([{
        "entity": "track", "uuid": null, "spotify_id": UNKNOWN, "rows": { "track": "missing", "features": "unknown" },
    }]);
    assert_eq!(told["ids"][0], json!({ "id": SPOTIFY, "known": track }));
    assert_eq!(told["ids"][1], json!({ "id": UNKNOWN, "known": missing }));
    assert_eq!(told["ids"][2], json!({ "id": OTHER, "known": [] }));
    assert_eq!(told["ids"][3], json!({ "id": UUID, "known": track }));
}

#[tokio::test(start_paused = true)]
async fn a_bulk_look_up_is_bounded_and_names_bad_ids() {
    let console = console();
    let ids = json!({ "ids": vec![UUID; 1_001] }).to_string();
    let wrong = console.wrong(Method::POST, "/registry/lookup", &ids).await;
    assert!(wrong.contains("at most 1000"), "{wrong}");
    let ids = json!({ "ids": [UUID, "", "a b"] }).to_string();
    let wrong = console.wrong(Method::POST, "/registry/lookup", &ids).await;
    assert_eq!(wrong.lines().map(|line| &line[..6]).collect::<Vec<_>>(), ["ids[1]", "ids[2]"], "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn statistics_count_entries_by_sort() {
    let console = console();
    learn(&console, RowKind::Track);
    advance(Duration::from_secs(5)).await;
    learn_absence(&console, RowKind::Features, &id(UUID));
    let told = console.told(Method::GET, "/registry", "").await;
    let tally = |oldest| json!({ "entries": 1, "stale": 0, "oldest_seconds": oldest });
    let expected = json!({
        "row": { "track": tally(5) }, "mapping": { "track": tally(5) }, "missing": { "features": tally(0) },
    });
    assert_eq!(told["memory"], expected);
    assert_eq!(told["ids"]["looked_up"], json!(0));
    assert_eq!(told["ttl_seconds"]["mapping"], json!(180 * 24 * 3600));
}
