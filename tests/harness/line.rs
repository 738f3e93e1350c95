//! One keep-alive connection to the proxy.
//!
//! Connections are values of their own, not a pool's secret: "1,000 at once" means a thousand open
//! sockets, and whether an error keeps its connection is something tests ask.

use super::Answer;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;
use tokio::time::timeout;

/// Longer than anything the proxy may take with a client under its default settings, except a
/// `Retry-After` obeyed by the client itself. Whoever exceeds it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// What went wrong with a connection instead of an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("no answer within {PATIENCE:?}")]
    Hang,
    #[error("connection lost: {0}")]
    Gone(String),
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    pub(crate) fn new(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }
}

#[derive(Debug)]
pub(crate) struct Line {
    to: SocketAddr,
    from: IpAddr,
    sender: SendRequest<Full<Bytes>>,
    /// How often a connection had to be opened.
    pub(crate) opened: usize,
}

impl Line {
    pub(crate) async fn to(to: SocketAddr) -> Self {
        Self::between(Ipv4Addr::LOCALHOST.into(), to).await
    }

    /// From a loopback address of the caller's choice: the proxy is fair between addresses.
    pub(crate) async fn between(from: IpAddr, to: SocketAddr) -> Self {
        Self::try_between(from, to).await.unwrap_or_else(|lost| panic!("{to}: {lost}"))
    }

    /// The same for a server that may be away.
    pub(crate) async fn try_between(from: IpAddr, to: SocketAddr) -> Result<Self, Lost> {
        let opened = open(from, to).await.map_err(|error| Lost::Gone(format!("at opening: {error}")));
        Ok(Self { to, from, sender: opened?, opened: 1 })
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }

    /// Panics when there is no answer; [`Line::try_ask`] makes that a value.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Answer {
        let target = ask.target.clone();
        self.try_ask(ask).await.unwrap_or_else(|lost| panic!("{}: {lost}", brief(&target)))
    }

    /// Opens a new connection first if the proxy has closed this one.
    pub(crate) async fn try_ask(&mut self, ask: Ask) -> Result<Answer, Lost> {
        if self.sender.ready().await.is_err() {
            self.sender =
                open(self.from, self.to).await.map_err(|error| Lost::Gone(format!("at opening: {error}")))?;
            self.opened += 1;
        }
        let mut request =
            Request::builder().method(ask.method).uri(&ask.target).header(header::HOST, self.to.to_string());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(ask.body)).map_err(|error| Lost::Gone(error.to_string()))?;
        let begun = Instant::now();
        let exchange = async {
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body, took: begun.elapsed() })
        };
        match timeout(PATIENCE, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(gone(&error)),
            Err(_) => Err(Lost::Hang),
        }
    }
}

fn gone(error: &hyper::Error) -> Lost {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Lost::Gone(format!("{error}{cause}"))
}

async fn open(from: IpAddr, to: SocketAddr) -> std::io::Result<SendRequest<Full<Bytes>>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

fn brief(target: &str) -> String {
    target.chars().take(120).collect()
}
