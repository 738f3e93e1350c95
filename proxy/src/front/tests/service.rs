use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use pingora::upstreams::peer::HttpPeer;
use tokio::sync::Notify;

use crate::engine::{Answer, Caller};
use crate::front::{Outcome, Service};

/// Answers by path: `/own/…` itself, everything else goes upstream.
#[derive(Default)]
pub(super) struct Stub {
    upstream: Option<SocketAddr>,
    /// The upstream speaks HTTP/2 without asking.
    pub h2: bool,
    pub callers: Mutex<Vec<Caller>>,
    pub outcomes: Mutex<Vec<Outcome>>,
    pub held: Arc<AtomicUsize>,
    pub passes: AtomicUsize,
    /// `/own/wait` is being answered.
    pub waiting: Notify,
    /// Lets `/own/wait` be answered.
    pub go: Notify,
}

/// A permit that counts itself.
pub(super) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stub {
    pub(super) fn new(upstream: Option<SocketAddr>) -> Self {
        Self { upstream, ..Self::default() }
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    pub(super) fn caller(&self) -> Caller {
        self.callers.lock().unwrap().last().cloned().unwrap()
    }
}

pub(super) fn rows(count: usize) -> String {
    let rows: Vec<_> = (0..count).map(|n| format!("{{\"id\":\"{n}\",\"tempo\":120.5}}")).collect();
    format!("{{\"content\":[{}]}}", rows.join(","))
}

fn good(body: String) -> Answer {
    Answer {
        status: StatusCode::OK,
        body: Bytes::from(body),
        etag: Some("0123abcd".to_owned()),
        age: Some(7),
        retry_after: None,
        cache_status: "recobeat; hit; ttl=60".to_owned(),
        outcome: crate::telemetry::Outcome::Hit,
        error: None,
    }
}

fn bad(status: StatusCode, retry_after: Option<u64>) -> Answer {
    Answer {
        status,
        body: Bytes::from_static(b"{\"status\":4002}"),
        etag: None,
        age: None,
        retry_after,
        cache_status: "recobeat; fwd=miss".to_owned(),
        outcome: crate::telemetry::Outcome::Error,
        error: None,
    }
}

#[async_trait]
impl Service for Stub {
    type Permit = Slot;

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        caller: &Caller,
    ) -> Option<Answer> {
        self.callers.lock().unwrap().push(caller.clone());
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        match path {
            "/own/small" => Some(good(rows(2))),
            "/own/large" => Some(good(rows(100))),
            "/own/echo" => Some(good(format!("{{\"query\":\"{}\"}}", query.unwrap_or("-")))),
            "/own/bad" => Some(bad(StatusCode::BAD_REQUEST, None)),
            "/own/busy" => Some(bad(StatusCode::TOO_MANY_REQUESTS, Some(17))),
            "/own/broken" => Some(Answer { cache_status: "not a\nheader".to_owned(), ..good(rows(2)) }),
            "/own/wait" => {
                self.waiting.notify_one();
                self.go.notified().await;
                Some(good(rows(2)))
            }
            _ => None,
        }
    }

    async fn pass(&self, _: &str, _: &Caller) -> Result<Slot, Answer> {
        if self.upstream.is_none() {
            return Err(bad(StatusCode::SERVICE_UNAVAILABLE, Some(3)));
        }
        self.passes.fetch_add(1, Ordering::SeqCst);
        self.held.fetch_add(1, Ordering::SeqCst);
        Ok(Slot(self.held.clone()))
    }

    async fn peer(&self, _: &str, _: &Slot) -> Result<Box<HttpPeer>, Answer> {
        let upstream = self.upstream.ok_or_else(|| bad(StatusCode::BAD_GATEWAY, None))?;
        let mut peer = HttpPeer::new(upstream, false, String::new());
        peer.options.connection_timeout = Some(Duration::from_secs(5));
        peer.options.read_timeout = Some(Duration::from_secs(5));
        if self.h2 {
            peer.options.set_http_version(2, 2);
        }
        Ok(Box::new(peer))
    }

    fn observed(&self, outcome: Outcome) {
        self.outcomes.lock().unwrap().push(outcome);
    }
}
