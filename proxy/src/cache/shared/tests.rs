//! Two stores on one real server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::cmd;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::api::{Id, ParsedRow, RowKind, SpotifyId, Uuid};
use crate::cache::{Category, Key, Known, Mode, Scope, Settings, Store};
use crate::clock::{Clock, Offset};
use crate::link::Link;
use crate::link::testing::Server;

const LONG: Duration = Duration::from_secs(20);
const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";

async fn store(link: &Arc<Link>) -> Arc<Store> {
    with_clock(link, Clock::Shared(link.offset())).await
}

async fn with_clock(link: &Arc<Link>, clock: Clock) -> Arc<Store> {
    let settings = Settings { link: Some(Arc::clone(link)), ..Settings::default() };
    let store = Store::new(settings, clock, &Handle::current());
    assert!(store.connected(LONG).await);
    store
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
    let (one, other) = (store(&server.link().await).await, store(&server.link().await).await);
    one.learn(&row(7));
    assert!(one.written(LONG).await);
    assert_eq!(bytes(&recall(&other, spotify()).await), Some(&row(7).bytes));
    assert_eq!(bytes(&other.know(RowKind::Track, &Id::Uuid(Uuid::from_bits(7)))), Some(&row(7).bytes));
}

#[tokio::test]
async fn absences_are_shared_and_ended_for_all() {
    let server = Server::start(&[]).await;
    let (one, other) = (store(&server.link().await).await, store(&server.link().await).await);
    one.as_of(one.moment()).learn_absence(RowKind::Track, &spotify());
    assert!(one.written(LONG).await);
    assert!(matches!(recall(&other, spotify()).await, Known::Missing(_)));
    one.learn(&row(7));
    assert!(one.written(LONG).await);
    let third = store(&server.link().await).await;
    assert_eq!(bytes(&recall(&third, spotify()).await), Some(&row(7).bytes));
}

#[tokio::test]
async fn a_late_write_does_not_replace_a_newer_one() {
    let server = Server::start(&[]).await;
    let (early, late) = (server.link().await, server.link().await);
    let newer = store(&early).await;
    newer.put(body("key"), Category::Search, 200, Bytes::from_static(b"newer"));
    assert!(newer.written(LONG).await);
    // A replica whose clock says that it learned its value a minute before.
    let behind = Offset::default();
    behind.set(0, 60_000);
    let older = with_clock(&late, Clock::Shared(behind)).await;
    older.put(body("key"), Category::Search, 200, Bytes::from_static(b"older"));
    assert!(older.written(LONG).await);
    assert_eq!(text_of(&store(&early).await, &body("key")).await.as_deref(), Some(&b"newer"[..]));
}

#[tokio::test]
async fn what_is_learned_while_the_server_is_away_is_there_when_it_is_back() {
    let mut server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link).await;
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
    let other = store(&server.link().await).await;
    for key in ["before anybody noticed", "while away"] {
        assert!(text_of(&other, &body(key)).await.is_some(), "{key}");
    }
}

#[tokio::test]
async fn keys_begin_with_the_prefix_and_expire_with_the_stale_window() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link).await;
    one.put(body("a search"), Category::Search, 200, Bytes::from_static(b"1"));
    assert!(one.written(LONG).await);
    let names: Vec<String> = link.ask(cmd("KEYS").arg("*")).await.expect("up");
    assert!(names.iter().all(|name| name.starts_with("test:")), "{names:?}");
    let entries: Vec<&String> = names.iter().filter(|name| name.ends_with("}:e")).collect();
    assert!(matches!(entries[..], [entry] if entry.starts_with("test:{")), "{names:?}");
    let left: u64 = link.ask(cmd("PTTL").arg(entries[0])).await.expect("up");
    let two_days = 2 * 24 * 3600 * 1000;
    assert!((two_days * 9 / 10..=two_days).contains(&left), "{left}");
}

#[tokio::test]
async fn a_value_of_an_unknown_layout_is_a_miss() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link).await;
    one.put(body("key"), Category::Search, 200, Bytes::from_static(b"1"));
    assert!(one.written(LONG).await);
    let names: Vec<String> = link.ask(cmd("KEYS").arg("*:e")).await.expect("up");
    let _: String = link.ask(cmd("SET").arg(&names[0]).arg("\u{9}of a later version")).await.expect("up");
    let other = store(&link).await;
    assert_eq!(text_of(&other, &body("key")).await, None);
    // And it is replaced by the next write.
    other.put(body("key"), Category::Search, 200, Bytes::from_static(b"2"));
    assert!(other.written(LONG).await);
    assert_eq!(text_of(&store(&link).await, &body("key")).await.as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn many_look_ups_at_once_share_round_trips() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    let one = store(&link).await;
    for n in 0..200 {
        one.put(body(&n.to_string()), Category::Search, 200, Bytes::from(n.to_string()));
    }
    assert!(one.written(LONG).await);
    let other = store(&link).await;
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
    let one = store(&link).await;
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
    let one = store(&link).await;
    one.put(body("key"), Category::Search, 200, Bytes::from_static(b"old"));
    assert!(one.written(LONG).await);
    let other = store(&link).await;
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

/// Replicas that have heeded what the server says, one after another.
async fn fleet(server: &Server, size: usize) -> Vec<Arc<Store>> {
    let mut stores = Vec::new();
    for _ in 0..size {
        stores.push(store(&server.link().await).await);
    }
    stores
}

async fn until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, waiting).await.expect("in time");
}

fn searches() -> Scope {
    Scope::Category(Category::Search)
}

#[tokio::test]
async fn a_purge_reaches_the_other_replicas() {
    let server = Server::start(&[]).await;
    let stores = fleet(&server, 3).await;
    for (n, store) in stores.iter().enumerate() {
        store.put(body(&n.to_string()), Category::Search, 200, Bytes::from_static(b"{}"));
    }
    let key = Key::Body("=/v1/track/search?searchText=a&page=0".into());
    for store in &stores {
        store.put(key.clone(), Category::Search, 200, Bytes::from_static(b"{}"));
    }
    stores[0].purge(&[searches()], Mode::Hard).expect("one");
    assert_eq!(stores[0].get(&key), None);
    until(|| stores[1..].iter().all(|store| store.get(&key).is_none())).await;
    // What is learned since stays.
    stores[1].put(key.clone(), Category::Search, 200, Bytes::from_static(b"new"));
    assert!(stores[1].written(LONG).await);
    assert_eq!(text_of(&stores[2], &key).await.as_deref(), Some(&b"new"[..]));
}

#[tokio::test]
async fn a_purge_outlives_the_data_of_the_server() {
    let mut server = Server::start(&[]).await;
    let stores = fleet(&server, 2).await;
    let at = stores[0].purge(&[searches()], Mode::Hard).expect("one");
    until(|| stores[1].barriers().of(&searches()).hard == Some(at)).await;
    let link = server.link().await;
    let _: String = link.ask(&cmd("FLUSHALL")).await.expect("up");
    let late = fleet(&server, 1).await;
    until(|| late[0].barriers().of(&searches()).hard == Some(at)).await;
    server.kill();
    server.restart().await;
    let later = fleet(&server, 1).await;
    until(|| later[0].barriers().of(&searches()).hard == Some(at)).await;
}

/// The data are lost before anybody else has seen the purge.
#[tokio::test]
async fn a_purge_that_is_lost_as_soon_as_it_was_told_is_told_again() {
    let server = Server::start(&[]).await;
    let stores = fleet(&server, 1).await;
    let link = server.link().await;
    let at = stores[0].purge(&[searches()], Mode::Hard).expect("one");
    until_told(&link).await;
    let _: String = link.ask(&cmd("FLUSHALL")).await.expect("up");
    until_told(&link).await;
    let late = fleet(&server, 1).await;
    until(|| late[0].barriers().of(&searches()).hard == Some(at)).await;
}

#[tokio::test]
async fn a_purge_while_the_server_is_away_is_told_when_it_is_back() {
    let mut server = Server::start(&[]).await;
    let stores = fleet(&server, 2).await;
    server.kill();
    until(|| stores[0].behind().is_none()).await;
    let at = stores[0].purge(&[searches()], Mode::Soft).expect("one");
    server.restart().await;
    until(|| stores[1].barriers().of(&searches()).soft == Some(at)).await;
}

/// An entry that was purged while a replica was away is not read by it before it knows.
#[tokio::test]
async fn nothing_is_read_before_purges_are_heeded() {
    let server = Server::start(&[]).await;
    let one = fleet(&server, 1).await.remove(0);
    let key = Key::Body("=/v1/track/search?searchText=a&page=0".into());
    one.put(key.clone(), Category::Search, 200, Bytes::from_static(b"{}"));
    assert!(one.written(LONG).await);
    one.purge(&[searches()], Mode::Hard).expect("one");
    let link = server.link().await;
    until_told(&link).await;
    let settings = Settings { link: Some(Arc::clone(&link)), ..Settings::default() };
    let other = Store::new(settings, Clock::Shared(link.offset()), &Handle::current());
    assert_eq!(other.recall_body(key.clone()).await, None);
    assert!(other.connected(LONG).await);
    assert_eq!(other.recall_body(key).await, None);
}

async fn until_told(link: &Link) {
    while link.ask::<u64>(cmd("EXISTS").arg("{test:purge}:version")).await != Some(1) {
        yield_now().await;
    }
}

#[tokio::test]
async fn denials_are_listed_and_forgotten_for_all() {
    let server = Server::start(&[]).await;
    let stores = fleet(&server, 2).await;
    let key = Key::Denied("=/v1/track/recommendation?seeds=a&size=1&".into());
    stores[0].put(key.clone(), Category::Denied, 400, Bytes::from_static(b"no"));
    assert!(stores[0].written(LONG).await);
    let listed = stores[1].denials(10).await;
    assert_eq!((listed.total, listed.newest[0].1.body.as_ref()), (1, &b"no"[..]));
    assert!(stores[1].recall_body(key.clone()).await.is_some());
    stores[0].forget(std::slice::from_ref(&key));
    until(|| stores[1].get(&key).is_none()).await;
    assert!(stores[0].written(LONG).await);
    assert_eq!(stores[1].denials(10).await.total, 0);
}
