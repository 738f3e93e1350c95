use std::time::Duration;

use super::Running;
use super::client::Client;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_mins(10);

#[tokio::test]
async fn half_a_header_section_is_not_waited_for() {
    let front = Running::start(|settings| {
        settings.limits.header_deadline = SHORT;
        settings.limits.idle = LONG;
    });
    let mut client = front.client().await;
    client.send("GET /own/small HTTP/1.1\r\nHost:").await;
    let response = client.response(true).await;
    assert_eq!((response.status, response.header("connection")), (408, Some("close")));
    assert_eq!(response.json()["path"], "uri=/own/small");
    assert!(client.closed().await);
}

#[tokio::test]
async fn dribbling_does_not_move_the_deadline() {
    let front = Running::start(|settings| {
        settings.limits.header_deadline = SHORT;
        settings.limits.idle = LONG;
    });
    let mut client = front.client().await;
    assert_eq!(client.get("/own/small", "").await.status, 200);
    client.send("GET /own/small HTTP/1.1\r\n").await;
    // Each pause is far shorter than the deadline, all of them together are not.
    let dribble = async {
        for _ in 0..1000 {
            tokio::time::sleep(SHORT / 10).await;
            if tokio::io::AsyncWriteExt::write_all(&mut client.stream, b"X: y\r\n").await.is_err() {
                return;
            }
        }
        panic!("still reading");
    };
    dribble.await;
}

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let front = Running::start(|settings| {
        settings.limits.header_deadline = SHORT;
        settings.limits.idle = LONG;
    });
    assert!(front.client().await.closed().await);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let front = Running::start(|settings| {
        settings.limits.header_deadline = LONG;
        settings.limits.idle = SHORT;
    });
    let mut client = front.client().await;
    assert_eq!(client.get("/own/small", "").await.status, 200);
    assert!(client.closed().await);
}

#[tokio::test]
async fn an_idle_connection_gets_a_whole_deadline_for_its_next_request() {
    let front = Running::start(|settings| settings.limits.header_deadline = SHORT);
    let mut client = front.client().await;
    assert_eq!(client.get("/own/small", "").await.status, 200);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(client.get("/own/small", "").await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away_at_once() {
    let front = Running::start(|settings| settings.limits.connections = 2);
    let first = admitted(&front).await;
    let _second = admitted(&front).await;
    let mut third = front.client().await;
    let response = third.response(true).await;
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    assert!(third.closed().await);
    drop(first);
    admitted(&front).await;
}

/// A connection with room; one that has just been closed may still be counted.
async fn admitted(front: &Running) -> Client {
    for _ in 0..1000 {
        let mut client = front.client().await;
        client.send("GET /own/small HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
        if client.response(true).await.status == 200 {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("there was never room");
}
