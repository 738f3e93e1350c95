use std::time::Duration;

use super::Running;

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
    assert_eq!(
        (response.status, response.header("connection")),
        (408, Some("close"))
    );
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
            if tokio::io::AsyncWriteExt::write_all(&mut client.stream, b"X: y\r\n")
                .await
                .is_err()
            {
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
    // The probe of the test's own start-up may still be counted.
    super::eventually("start-up probe gone", || front.stub.held() == 0).await;
    let mut first = front.client().await;
    assert_eq!(first.get("/own/small", "").await.status, 200);
    let mut second = front.client().await;
    assert_eq!(second.get("/own/small", "").await.status, 200);
    let mut third = front.client().await;
    let response = third.response(true).await;
    assert_eq!(
        (response.status, response.header("retry-after")),
        (503, Some("1"))
    );
    assert!(third.closed().await);
    drop(first);
    let mut tries = 0;
    loop {
        let mut fourth = front.client().await;
        fourth
            .send("GET /own/small HTTP/1.1\r\nHost: proxy\r\n\r\n")
            .await;
        if fourth.response(true).await.status == 200 {
            break;
        }
        tries += 1;
        assert!(tries < 1000, "room never came back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
