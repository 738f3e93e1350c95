//! Two stores on one real server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::cmd;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::api::{Id, ParsedRow, RowKind, SpotifyId, Uuid};
use crate::cache::{Category, Key, Known, Settings, Store};
use crate::clock::Clock;
use crate::link::Link;
use crate::link::testing::Server;

const LONG: Duration = Duration::from_secs(20);
const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";

fn store(link: &Arc<Link>) -> Arc<Store> {
    let settings = Settings { link: Some(Arc::clone(link)), ..Settings::default() };
    Store::new(settings, Clock::Shared(link.offset()), &Handle::current())
}

fn row(n: u128) -> ParsedRow {
    ParsedRow {
        kind: RowKind::Track,
        uuid: Uuid::from_bits(n),
        spotify: SpotifyId::parse(SPOTIFY),
        bytes: Bytes::from(format!("{{\"n\":{n}}}")),
    }
}

fn spotify() -> Id {
    Id::parse(SPOTIFY).expect("valid")
}

fn body(text: &str) -> Key {
    Key::Body(text.into())
}

async fn recall(store: &Arc<Store>, id: Id) -> Known {
    let known = store.recall(RowKind::Track, vec![id]).await.expect("the server is up");
    known.into_iter().next().expect("one for one")
}

fn bytes(known: &Known) -> Option<&Bytes> {
    match known {
        Known::Row { held, .. } => Some(&held.entry.body),
        _ => None,
    }
}

async fn text_of(store: &Arc<Store>, key: &Key) -> Option<Bytes> {
    store.recall_body(key.clone()).await.map(|held| held.entry.body)
}

#[tokio::test]
async fn what_one_replica_learns_another_finds_under_both_ids() {
    let server = Server::start(&[]).await;
    let (one, other) = (store(&server.link().await), store(&server.link().await));
    one.learn(&row(7));
    assert!(one.written(LONG).await);
    assert_eq!(bytes(&recall(&other, spotify()).await), Some(&row(7).bytes));
    assert_eq!(bytes(&other.know(RowKind::Track, &Id::Uuid(Uuid::from_bits(7)))), Some(&row(7).bytes));
}

#[tokio::test]
async fn absences_are_shared_and_ended_for_all() {
    let server = Server::start(&[]).await;
    let (one, other) = (store(&server.link().await), store(&server.link().await));
    one.as_of(one.moment()).learn_absence(RowKind::Track, &spotify());
    assert!(one.written(LONG).await);
    assert!(matches!(recall(&other, spotify()).await, Known::Missing(_)));
    one.learn(&row(7));
    assert!(one.written(LONG).await);
    let third = store(&server.link().await);
    assert_eq!(bytes(&recall(&third, spotify()).await), Some(&row(7).bytes));
}

#[tokio::test]
async fn a_late_write_does_not_replace_a_newer_one() {
    let server = Server::start(&[]).await;
    let (early, late) = (server.link().await, server.link().await);
    let newer = store(&early);
    newer.put(body("key"), Category::Search, 200, Bytes::from_static(b"newer"));
    assert!(newer.written(LONG).await);
    // A replica whose clock says that it learned its value a minute before.
    let settings = Settings { link: Some(Arc::clone(&late)), ..Settings::default() };
    let behind = crate::clock::Offset::default();
    behind.set(0, 60_000);
    let older = Store::new(settings, Clock::Shared(behind), &Handle::current());
    older.put(body("key"), Category::Search, 200, Bytes::from_static(b"older"));
    assert!(older.written(LONG).await);
    assert_eq!(text_of(&store(&early), &body("key")).await.as_deref(), Some(&b"newer"[..]));
}

#[tokio::test]
async fn what_is_learned_while_the_server_is_away_is_there_when_it_is_back() {
    let mut server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    server.kill();
    let mut ups = link.ups();
    one.put(body("before anybody noticed"), Category::Page, 200, Bytes::from_static(b"1"));
    timeout(LONG, ups.wait_for(Option::is_none)).await.expect("noticed").expect("it lives");
    one.put(body("while away"), Category::Page, 200, Bytes::from_static(b"2"));
    assert_eq!(one.behind(), None);
    assert_eq!(one.recall_body(body("anything")).await, None);
    server.restart().await;
    timeout(LONG, ups.wait_for(Option::is_some)).await.expect("back").expect("it lives");
    assert!(one.written(LONG).await);
    let other = store(&server.link().await);
    for key in ["before anybody noticed", "while away"] {
        assert!(text_of(&other, &body(key)).await.is_some(), "{key}");
    }
}

#[tokio::test]
async fn keys_begin_with_the_prefix_and_expire_with_the_stale_window() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    one.put(body("a search"), Category::Search, 200, Bytes::from_static(b"1"));
    assert!(one.written(LONG).await);
    let names: Vec<String> = link.ask(cmd("KEYS").arg("*")).await.expect("up");
    assert_eq!(names.len(), 1);
    assert!(names[0].starts_with("test:{") && names[0].ends_with("}:e"), "{names:?}");
    let left: u64 = link.ask(cmd("PTTL").arg(&names[0])).await.expect("up");
    let two_days = 2 * 24 * 3600 * 1000;
    assert!((two_days * 9 / 10..=two_days).contains(&left), "{left}");
}

#[tokio::test]
async fn a_value_of_an_unknown_layout_is_a_miss() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    one.put(body("key"), Category::Search, 200, Bytes::from_static(b"1"));
    assert!(one.written(LONG).await);
    let names: Vec<String> = link.ask(cmd("KEYS").arg("*")).await.expect("up");
    let _: String = link.ask(cmd("SET").arg(&names[0]).arg("\u{9}of a later version")).await.expect("up");
    let other = store(&link);
    assert_eq!(text_of(&other, &body("key")).await, None);
    // And it is replaced by the next write.
    other.put(body("key"), Category::Search, 200, Bytes::from_static(b"2"));
    assert!(other.written(LONG).await);
    assert_eq!(text_of(&store(&link), &body("key")).await.as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn many_look_ups_at_once_share_round_trips() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    for n in 0..200 {
        one.put(body(&n.to_string()), Category::Search, 200, Bytes::from(n.to_string()));
    }
    assert!(one.written(LONG).await);
    let other = store(&link);
    let before = link.state().commands;
    let asks = (0..200).map(|n| {
        let other = Arc::clone(&other);
        async move { text_of(&other, &body(&n.to_string())).await }
    });
    let found = futures_util::future::join_all(asks).await;
    assert!(found.iter().enumerate().all(|(n, found)| found.as_deref() == Some(n.to_string().as_bytes())));
    assert!(link.state().commands - before < 20, "{} commands", link.state().commands - before);
}

#[tokio::test]
async fn a_frozen_server_is_a_miss() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    server.signal("STOP");
    assert_eq!(timeout(LONG, one.recall_body(body("key"))).await.expect("let go"), None);
    timeout(LONG, link.ups().wait_for(Option::is_none)).await.expect("noticed").expect("it lives");
    assert_eq!(one.behind(), None);
    server.signal("CONT");
}

/// What a read brought back must not undo what was written while it was under way.
#[tokio::test]
async fn a_forgotten_fact_does_not_come_back_through_a_slow_read() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link);
    one.put(body("key"), Category::Search, 200, Bytes::from_static(b"old"));
    assert!(one.written(LONG).await);
    let other = store(&link);
    server.signal("STOP");
    let before = link.state().commands;
    let slow = {
        let other = Arc::clone(&other);
        tokio::spawn(async move { other.recall_body(body("key")).await })
    };
    while link.state().commands == before {
        yield_now().await;
    }
    other.remove(&body("key"));
    server.signal("CONT");
    assert_eq!(slow.await.expect("no panic"), None);
    assert_eq!(other.get(&body("key")), None);
}
