use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::advance;

use super::*;
use crate::api::{Id, ParsedRow, RowKind, SpotifyId, Uuid};
use crate::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn store() -> Arc<Store> {
    Store::new(Settings::default(), Clock::tokio(), &Handle::current())
}

fn spotify() -> Id {
    Id::parse(SPOTIFY).expect("valid")
}

fn row(kind: RowKind) -> ParsedRow {
    ParsedRow { kind, uuid: Uuid::from_bits(7), spotify: SpotifyId::parse(SPOTIFY), bytes: Bytes::from("{}") }
}

fn is_row(known: &Known, stale: bool) -> bool {
    matches!(known, Known::Row { held, .. } if held.stale == stale)
}

#[tokio::test(start_paused = true)]
async fn a_learned_row_is_found_by_both_ids() {
    let store = store();
    store.learn(&row(RowKind::Track));
    assert!(is_row(&store.know(RowKind::Track, &spotify()), false));
    assert!(is_row(&store.know(RowKind::Track, &Id::Uuid(Uuid::from_bits(7))), false));
}

#[tokio::test(start_paused = true)]
async fn a_mapping_makes_both_spellings_ask_for_the_uuid() {
    let store = store();
    store.learn(&row(RowKind::Track));
    assert_eq!(store.know(RowKind::Features, &spotify()), Known::Nothing(Id::Uuid(Uuid::from_bits(7))));
    assert_eq!(store.know(RowKind::Artist, &spotify()), Known::Nothing(spotify()));
}

#[tokio::test(start_paused = true)]
async fn no_features_is_not_no_track() {
    let store = store();
    store.as_of(store.moment()).learn_absence(RowKind::Features, &spotify());
    assert!(matches!(store.know(RowKind::Features, &spotify()), Known::Missing(_)));
    assert_eq!(store.know(RowKind::Track, &spotify()), Known::Nothing(spotify()));
}

#[tokio::test(start_paused = true)]
async fn a_row_ends_the_absence_of_its_ids() {
    let store = store();
    store.as_of(store.moment()).learn_absence(RowKind::Track, &spotify());
    store.learn(&row(RowKind::Track));
    assert!(is_row(&store.know(RowKind::Track, &spotify()), false));
}

#[tokio::test(start_paused = true)]
async fn an_absence_ends_after_its_ttl_to_the_second() {
    let store = store();
    store.as_of(store.moment()).learn_absence(RowKind::Track, &spotify());
    advance(14 * DAY - Duration::from_secs(1)).await;
    assert!(matches!(store.know(RowKind::Track, &spotify()), Known::Missing(_)));
    advance(Duration::from_secs(1)).await;
    assert_eq!(store.know(RowKind::Track, &spotify()), Known::Nothing(spotify()));
}

#[tokio::test(start_paused = true)]
async fn a_row_is_fresh_then_stale_then_gone() {
    let store = store();
    store.learn(&row(RowKind::Track));
    let id = Id::Uuid(Uuid::from_bits(7));
    advance(28 * DAY).await;
    assert!(is_row(&store.know(RowKind::Track, &id), false), "jitter takes at most 5 %");
    advance(2 * DAY).await;
    assert!(is_row(&store.know(RowKind::Track, &id), true));
    advance(30 * DAY).await;
    assert_eq!(store.know(RowKind::Track, &id), Known::Nothing(id));
}

#[tokio::test(start_paused = true)]
async fn a_relinked_row_answers_the_id_that_was_asked() {
    let store = store();
    let asked = Id::parse("1AbCdEfGhIjKlMnOpQrStU").expect("valid");
    store.as_of(store.moment()).learn_as(&asked, &row(RowKind::Track));
    assert!(is_row(&store.know(RowKind::Track, &asked), false));
    assert!(is_row(&store.know(RowKind::Track, &spotify()), false));
}

#[tokio::test(start_paused = true)]
async fn a_relinked_uuid_leads_to_the_row_instead_of_copying_it() {
    let store = store();
    let asked = Id::Uuid(Uuid::from_bits(8));
    store.learn(&ParsedRow { uuid: Uuid::from_bits(8), spotify: None, ..row(RowKind::Track) });
    store.as_of(store.moment()).learn_as(&asked, &row(RowKind::Track));
    let Known::Row { uuid, .. } = store.know(RowKind::Track, &asked) else { panic!("held") };
    assert_eq!(uuid, Uuid::from_bits(7));
}

#[tokio::test(start_paused = true)]
async fn jitter_only_shortens() {
    let store = store();
    let ttl = u32::try_from(store.ttl(Category::Search).fresh.as_secs()).expect("a day");
    let fresh: Vec<u32> = (0..200)
        .map(|n| store.put(Key::Body(n.to_string().into()), Category::Search, 200, Bytes::new()).fresh_for)
        .collect();
    assert!(fresh.iter().all(|seconds| *seconds <= ttl && *seconds >= ttl / 100 * 95));
    assert!(fresh.iter().any(|seconds| *seconds < ttl));
}
