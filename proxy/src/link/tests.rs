//! Against real servers, in real time.

use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, timeout};

use super::testing::{Server, link};
use super::*;

const LONG: Duration = Duration::from_secs(20);

async fn until(link: &Link, up: bool) {
    let mut ups = link.ups();
    let changed = timeout(LONG, ups.wait_for(|now| now.is_some() == up)).await;
    assert!(changed.is_ok(), "the link is {:?}", link.state());
}

async fn ping(link: &Link) -> Option<String> {
    link.ask(&cmd("PING")).await
}

#[tokio::test]
async fn a_command_is_answered() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    assert_eq!(ping(&link).await.as_deref(), Some("PONG"));
    assert!(link.offset().millis().abs() < 2_000, "{:?}", link.offset());
}

#[tokio::test]
async fn a_server_that_is_absent_at_the_start_is_found_later() {
    let mut server = Server::start(&[]).await;
    server.kill();
    let link = link(&server.url());
    assert!(link.settled(LONG).await);
    assert!(link.state().away_because.is_some());
    assert_eq!(ping(&link).await, None);
    server.restart().await;
    until(&link, true).await;
    assert_eq!(link.state().away_because, None);
}

#[tokio::test]
async fn a_killed_server_takes_the_link_down_and_brings_it_back_with_another_number() {
    let mut server = Server::start(&[]).await;
    let link = server.link().await;
    let first = *link.ups().borrow();
    server.kill();
    until(&link, false).await;
    server.restart().await;
    until(&link, true).await;
    assert_ne!(*link.ups().borrow(), first);
    assert_eq!((ping(&link).await.as_deref(), link.state().lost), (Some("PONG"), 1));
}

#[tokio::test]
async fn a_frozen_server_lets_everybody_go_at_the_first_missed_answer() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    server.signal("STOP");
    let begun = Instant::now();
    let late = {
        let link = Arc::clone(&link);
        tokio::spawn(async move { ping(&link).await })
    };
    // One that is ready to wait for an hour is let go together with the first.
    let patient: Option<String> = link.ask_within(&cmd("PING"), Duration::from_secs(3600)).await;
    assert_eq!((patient, late.await.expect("no panic")), (None, None));
    assert!(begun.elapsed() < LONG);
    assert!(!link.is_up());
    assert_eq!(ping(&link).await, None);
    server.signal("CONT");
    until(&link, true).await;
    assert_eq!(ping(&link).await.as_deref(), Some("PONG"));
}

/// Late, but not gone: whoever looks something up does without for a moment, who is patient is answered.
#[tokio::test]
async fn a_server_that_answers_after_all_was_never_away() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    server.signal("STOP");
    let patient = {
        let link = Arc::clone(&link);
        tokio::spawn(async move { link.ask_within::<String>(&cmd("PING"), Duration::from_millis(400)).await })
    };
    assert_eq!(ping(&link).await, None);
    server.signal("CONT");
    assert_eq!(patient.await.expect("no panic").as_deref(), Some("PONG"));
    while ping(&link).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!((link.state().lost, link.state().up), (0, true));
}

#[tokio::test]
async fn a_refusal_is_counted_and_leaves_the_link_up() {
    let server = Server::start(&[]).await;
    let link = server.link().await;
    assert_eq!(link.ask::<String>(cmd("NONSENSE").arg(1)).await, None);
    assert_eq!((link.is_up(), link.state().refused), (true, 1));
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let server = Server::start(&["--requirepass", "right"]).await;
    let wrong = link(&server.url().replace("//", "//:wrong@"));
    assert!(wrong.settled(LONG).await);
    let reason = wrong.state().away_because.expect("refused");
    assert!(reason.to_lowercase().contains("password") || reason.contains("WRONGPASS"), "{reason}");
    let right = link(&server.url().replace("//", "//:right@"));
    until(&right, true).await;
    assert_eq!(ping(&right).await.as_deref(), Some("PONG"));
}

#[tokio::test]
async fn replicas_hear_each_other() {
    let server = Server::start(&[]).await;
    let (one, other) = (server.link().await, server.link().await);
    let mut heard = other.events();
    // Until the other has subscribed, messages are lost: that is their nature.
    let told = async {
        loop {
            one.announce(&Event::Purged).await;
            if let Ok(event) = timeout(Duration::from_millis(20), heard.recv()).await {
                return event;
            }
        }
    };
    assert_eq!(timeout(LONG, told).await.expect("heard in time"), Ok(Event::Purged));
}

#[tokio::test]
async fn a_single_node_of_a_cluster_leads_to_the_cluster() {
    let server = Server::start(&["--cluster-enabled", "yes"]).await;
    let plain = redis::Client::open(server.url()).expect("valid");
    let mut plain = plain.get_multiplexed_async_connection().await.expect("it listens");
    let _: () =
        cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16_383).query_async(&mut plain).await.expect("ours");
    let link = link(&server.url());
    until(&link, true).await;
    assert!(link.state().cluster);
    let keys: Vec<String> = (0..20).map(|n| format!("key{n}")).collect();
    for key in &keys {
        assert_eq!(link.ask::<String>(cmd("SET").arg(key).arg(key)).await.as_deref(), Some("OK"));
    }
    assert_eq!(link.ask::<Vec<String>>(cmd("MGET").arg(&keys)).await, Some(keys));
}
