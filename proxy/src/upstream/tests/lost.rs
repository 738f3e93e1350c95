//! Connections that go away around a request: when it is sent again, and when never.

use std::sync::Arc;

use pingora::connectors::http::Connector;
use pingora::protocols::http::client::HttpSession;
use tokio::sync::Notify;

use super::stub::{Seen, Wire, ok, serve};
use super::{client, get, request, settings};
use crate::budget::Permit;
use crate::upstream::unread::Mark;
use crate::upstream::{CallError, Target, exchange};

/// Sends a request on an open connection that the server ends with `last_act`, and says whether
/// that proves the request unread. The client acts when the server is ready for it.
async fn proven_unread<E>(last_act: fn(Wire, Arc<Notify>) -> E) -> (bool, Arc<Seen>)
where
    E: Future<Output = ()> + Send + 'static,
{
    let ready = Arc::new(Notify::new());
    let tell = Arc::clone(&ready);
    let (address, seen) = serve(move |wire| last_act(wire, Arc::clone(&tell))).await;
    let target = Target::new(settings(address)).unwrap();
    let peer = target.peer(&Permit::unmetered()).await.unwrap();
    let connector = Connector::new(Some(target.connector_options()));
    let (mut session, _): (HttpSession, bool) = connector.get_http_session(&peer).await.unwrap();
    ready.notified().await;

    let header = exchange::request_header(&target, &request("/")).unwrap();
    let mark = Mark::on(&session);
    exchange::send(&mut session, header).await.unwrap();
    let error = exchange::read_header(&mut session).await.unwrap_err();
    (mark.proves_unread(&session, &error), seen)
}

#[tokio::test]
async fn an_end_that_crossed_the_request_proves_it_unread() {
    let (proven, seen) = proven_unread(|wire, ready| async move {
        drop(wire);
        ready.notify_one();
    })
    .await;
    assert_eq!(proven, cfg!(target_os = "linux"));
    assert!(seen.requests().is_empty());
}

#[tokio::test]
async fn an_end_after_the_request_proves_nothing() {
    let (proven, seen) = proven_unread(|mut wire, ready| async move {
        ready.notify_one();
        wire.hear().await;
    })
    .await;
    assert!(!proven);
    assert_eq!(seen.requests().len(), 1);
}

#[tokio::test]
async fn an_end_within_the_answer_proves_nothing() {
    let (proven, _) = proven_unread(|mut wire, ready| async move {
        wire.say("HTTP/1.1 2").await;
        drop(wire);
        ready.notify_one();
    })
    .await;
    assert!(!proven);
}

#[tokio::test]
async fn a_connection_the_server_closed_while_idle_is_replaced() {
    let closed = Arc::new(Notify::new());
    let tell = Arc::clone(&closed);
    let (address, seen) = serve(move |mut wire| {
        let closed = Arc::clone(&tell);
        async move {
            wire.hear().await;
            wire.say(ok("{}")).await;
            drop(wire);
            closed.notify_one();
        }
    })
    .await;
    let client = client(settings(address));
    get(&client, "/").await.unwrap();
    closed.notified().await;
    assert_eq!(get(&client, "/").await.unwrap().body, "{}");
    assert_eq!((seen.connections(), seen.requests().len()), (2, 2));
}

#[tokio::test]
async fn a_request_the_upstream_read_is_not_sent_again() {
    let (address, seen) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say(ok("{}")).await;
        wire.hear().await;
    })
    .await;
    let client = client(settings(address));
    get(&client, "/").await.unwrap();
    let ended = get(&client, "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
    assert_eq!((seen.connections(), seen.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_request_answered_by_a_reset_is_not_sent_again() {
    let (address, seen) = serve(|mut wire| async move {
        wire.hear().await;
        wire.say(ok("{}")).await;
        wire.hear().await;
        wire.stream.set_zero_linger().unwrap();
    })
    .await;
    let client = client(settings(address));
    get(&client, "/").await.unwrap();
    let ended = get(&client, "/").await;
    assert!(matches!(ended, Err(CallError::Broken(_))), "{ended:?}");
    assert_eq!((seen.connections(), seen.requests().len()), (1, 2));
}
