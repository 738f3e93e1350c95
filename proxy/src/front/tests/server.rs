use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::service::Stub;
use super::{Running, SOON, eventually};
use crate::front::{FrontError, FrontSettings, TlsFiles, prepare};

fn failure(settings: &FrontSettings) -> FrontError {
    match prepare(settings, Arc::new(Stub::new(None))) {
        Ok(_) => panic!("prepared"),
        Err(error) => error,
    }
}

#[test]
fn a_busy_port_is_one_clear_error_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let error = failure(&FrontSettings { listen, ..FrontSettings::default() });
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on {listen}: address already in use; stop what listens there or set `listen` to another port"
        )
    );
}

#[test]
fn a_foreign_address_is_named() {
    let listen = "203.0.113.1:8080".parse().unwrap();
    let error = failure(&FrontSettings { listen, ..FrontSettings::default() });
    assert!(error.to_string().contains("no such address on this machine"), "{error}");
}

#[test]
fn a_missing_certificate_is_named() {
    let files = TlsFiles { cert: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
    let listen = super::free_port();
    let error = failure(&FrontSettings { listen, tls: Some(files), ..FrontSettings::default() });
    assert!(error.to_string().contains("/nowhere/cert.pem"), "{error}");
}

#[test]
fn a_missing_authorities_file_is_named() {
    let (listen, ca_file) = (super::free_port(), Some("/nowhere/ca.pem".into()));
    let error = failure(&FrontSettings { listen, ca_file, ..FrontSettings::default() });
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

#[test]
fn a_server_is_prepared_outside_of_any_runtime() {
    let settings = FrontSettings { listen: super::free_port(), ..FrontSettings::default() };
    assert!(prepare(&settings, Arc::new(Stub::new(None))).is_ok());
}

#[tokio::test]
async fn a_running_request_ends_before_the_server_does() {
    let mut front = Running::start(|settings| settings.grace = SOON);
    let mut idle = front.client().await;
    assert_eq!(idle.get("/own/small", "").await.status, 200);
    let mut busy = front.client().await;
    busy.send("GET /own/wait HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
    front.stub.waiting.notified().await;

    front.stop();
    assert!(idle.closed().await);
    // Who comes now is told to come again.
    assert_eq!(front.client().await.response(true).await.status, 503);
    front.stub.go.notify_one();
    let response = busy.response(true).await;
    assert_eq!(response.status, 200);
    assert!(busy.closed().await);
    let addr = front.addr;
    let started = Instant::now();
    drop(front);
    // Long before the grace is over: nothing was left to wait for.
    assert!(started.elapsed() < SOON / 2);
    assert!(std::net::TcpStream::connect(addr).is_err());
}

#[tokio::test]
async fn a_request_that_does_not_end_is_not_waited_for_longer_than_the_grace() {
    let mut front = Running::start(|settings| settings.grace = Duration::from_millis(200));
    let mut busy = front.client().await;
    busy.send("GET /own/wait HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
    front.stub.waiting.notified().await;
    front.stop();
    let addr = front.addr;
    eventually("listener gone", || std::net::TcpStream::connect(addr).is_err()).await;
    drop(front);
    assert!(busy.closed().await);
}
