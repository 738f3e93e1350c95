//! A server on loopback that answers as it is told, for tests of clients.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query, undecoded.
    pub(crate) target: String,
    headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// How a body goes on after its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    BreaksOff,
    NeverComes,
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    end: End,
    silent: bool,
}

impl Reply {
    /// JSON with 200.
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), end: End::Whole, silent: false }
            .with("content-type", "application/json")
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Replaces a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(given, _)| *given != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The connection is lost in the middle of the body.
    pub(crate) fn breaks_off(self) -> Self {
        Self { end: End::BreaksOff, ..self }
    }

    /// The rest of the body never comes.
    pub(crate) fn stalls(self) -> Self {
        Self { end: End::NeverComes, ..self }
    }

    /// Not even a status comes.
    pub(crate) fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let start = stream::iter([Ok(self.body.clone())]);
        let body = match self.end {
            End::Whole => Body::from(self.body),
            End::BreaksOff => {
                // The server writes what it has when there is nothing more for now.
                let end = async {
                    tokio::task::yield_now().await;
                    Err(std::io::Error::other("breaks off"))
                };
                Body::from_stream(start.chain(stream::once(end)))
            }
            End::NeverComes => Body::from_stream(start.chain(stream::pending::<Result<Bytes, _>>())),
        };
        response.body(body).expect("a response")
    }
}

/// Ends when dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl StandIn {
    /// `answer` also gets how many requests came before.
    pub(crate) async fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (seen, answer) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::new(answer));
        let log = Arc::clone(&seen);
        let handle = tower::service_fn(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
                let (method, headers) = (request.method().clone(), request.headers().clone());
                let seen = Seen { method, target, headers };
                let before = {
                    let mut log = log.lock().expect("no panic under the lock");
                    log.push(seen.clone());
                    log.len() - 1
                };
                let reply = answer(&seen, before);
                if reply.silent {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Infallible>(reply.into_response())
            }
        });
        let service = axum::Router::new().fallback_service(handle);
        let server = tokio::spawn(async move { axum::serve(listener, service).await.expect("serves") });
        Self { url, seen, server }
    }

    /// Always the same.
    pub(crate) async fn saying(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic under the lock").clone()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}
