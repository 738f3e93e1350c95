//! From settings to a running server, and from a signal to its end.
//!
//! Pingora binds inside a service, retries a busy port for 30 s and then panics; its grace period
//! is a sleep of fixed length. So the port is tried here first, where a failure is an error with
//! one line to read; and on a signal the front drains itself: idle connections are closed, running
//! requests end with `Connection: close`, and Pingora is told only when the last one is done or
//! the grace is over.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use pingora::listeners::tls::Acceptor;
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch};
use pingora::services::listening::Service as Listening;
use pingora::tls::{
    RootCertStore, ServerConfig, install_default_crypto_provider, load_ca_file_into_store,
    load_certs_and_key_files,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::connection::Gate;
use super::proxy::Front;
use super::service::Service;
use super::settings::{FrontSettings, TlsFiles};
use super::terms::Terms;
use super::upload::Uploads;

/// Why the front cannot start. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// The address is taken, forbidden, or not this machine's.
    #[error("cannot listen on {listen}: {reason}; {remedy}")]
    Listen {
        /// As configured.
        listen: SocketAddr,
        /// In plain words.
        reason: String,
        /// What helps.
        remedy: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file with the upstream's authorities is missing, unreadable or holds something else.
    #[error("cannot use the certificate authorities in {file}: {reason}; it must be a PEM file of certificates only", file = .file.display())]
    Authorities {
        /// As configured.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate or key are missing, unreadable or do not belong together.
    #[error("cannot use certificate {cert} with key {key}: {reason}; both must be PEM files of one pair", cert = .files.cert.display(), key = .files.key.display())]
    Tls {
        /// As configured.
        files: TlsFiles,
        /// What is wrong with them.
        reason: String,
    },
}

/// A server that is ready to run. Other services of the process join it before it does.
pub struct Prepared {
    /// Add services here; nothing asynchronous may start before [`Prepared::run`].
    pub server: Server,
    /// What can be changed while it runs.
    pub terms: Terms,
    drain: Drain,
}

struct Drain {
    stop: watch::Sender<bool>,
    room: Arc<Semaphore>,
    connections: u32,
    grace: Duration,
}

/// A future that ends when the process shall.
pub type StopSignal = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Stopping {
    signal: Mutex<Option<StopSignal>>,
    drain: Drain,
}

/// Checks that the address and the certificate can be used and builds the server.
pub fn prepare<S: Service>(settings: &FrontSettings, service: Arc<S>) -> Result<Prepared, FrontError> {
    probe(settings.listen)?;
    let tls = settings.tls.as_ref().map(acceptor).transpose()?;
    settings.ca_file.as_deref().map_or(Ok(()), authorities)?;

    let mut server = Server::new_with_opt_and_conf(None, server_conf(settings));
    server.bootstrap();
    let conf = server.configuration.clone();

    let connections = u32::try_from(settings.limits.connections)
        .unwrap_or(u32::MAX)
        .min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
    let room = Arc::new(Semaphore::new(connections as usize));
    let (stop, stopping) = watch::channel(false);
    let (listen, grace) = (settings.listen, settings.grace);
    let uploads = Uploads::new(settings.limits.uploads, &conf);
    let terms = Terms::new(settings);
    let app = Arc::new(http_proxy(&conf, Front::new(terms.clone(), service, uploads)));
    let gate = Gate { app, tls, terms: terms.clone(), room: room.clone(), stop: stopping };
    let mut listening = Listening::new("front".to_owned(), gate);
    listening.add_tcp(&listen.to_string());
    server.add_service(listening);
    Ok(Prepared { server, terms, drain: Drain { stop, room, connections, grace } })
}

impl Prepared {
    /// Runs until `signal`, lets running requests end, and returns when all services are down.
    pub fn run(self, signal: StopSignal) {
        let stopping = Stopping { signal: Mutex::new(Some(signal)), drain: self.drain };
        self.server.run(RunArgs { shutdown_signal: Box::new(stopping) });
    }
}

#[async_trait]
impl ShutdownSignalWatch for Stopping {
    async fn recv(&self) -> ShutdownSignal {
        let signal = self.signal.lock().ok().and_then(|mut signal| signal.take());
        if let Some(signal) = signal {
            signal.await;
        }
        tracing::info!(grace = ?self.drain.grace, "stopping");
        self.drain.stop.send_replace(true);
        // All permits back = no connection left.
        let drained = self.drain.room.acquire_many(self.drain.connections);
        if timeout(self.drain.grace, drained).await.is_err() {
            tracing::warn!("the grace is over, closing connections with requests running");
        }
        ShutdownSignal::GracefulTerminate
    }
}

/// SIGTERM or SIGINT. Without handlers the system's default ends the process.
pub fn stop_signal() -> StopSignal {
    Box::pin(terminated())
}

async fn terminated() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn probe(listen: SocketAddr) -> Result<(), FrontError> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(source) => {
            let (reason, remedy) = match source.kind() {
                io::ErrorKind::AddrInUse => (
                    "address already in use".to_owned(),
                    "stop what listens there or set `listen` to another port",
                ),
                io::ErrorKind::PermissionDenied => (
                    "permission denied".to_owned(),
                    "ports below 1024 need privileges, set `listen` to a higher one",
                ),
                io::ErrorKind::AddrNotAvailable => (
                    "no such address on this machine".to_owned(),
                    "set `listen` to one of its addresses or to 0.0.0.0",
                ),
                _ => (source.to_string(), "set `listen` to another address"),
            };
            Err(FrontError::Listen { listen, reason, remedy, source })
        }
    }
}

fn acceptor(files: &TlsFiles) -> Result<Acceptor, FrontError> {
    let fail = |reason: String| FrontError::Tls { files: files.clone(), reason };
    install_default_crypto_provider();
    let cert = files.cert.to_string_lossy();
    let key = files.key.to_string_lossy();
    let (certs, key) = load_certs_and_key_files(&cert, &key)
        .map_err(|error| fail(error.to_string()))?
        .ok_or_else(|| fail("a certificate or a private key is missing".to_owned()))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certs, key)
        .map_err(|error| fail(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Acceptor::from_server_config(Arc::new(config)))
}

/// Pingora panics on a file it cannot use.
fn authorities(file: &Path) -> Result<(), FrontError> {
    load_ca_file_into_store(file, &mut RootCertStore::empty())
        .map_err(|error| FrontError::Authorities { file: file.to_owned(), reason: error.to_string() })
}

fn server_conf(settings: &FrontSettings) -> ServerConf {
    ServerConf {
        threads: settings.threads.max(1),
        work_stealing: true,
        // Each attempt needs a permit.
        max_retries: 1,
        upstream_keepalive_pool_size: settings.upstream_idle,
        ca_file: settings.ca_file.as_ref().map(|file| file.to_string_lossy().into_owned()),
        grace_period_seconds: Some(settings.linger.as_secs()),
        graceful_shutdown_timeout_seconds: Some(3),
        ..ServerConf::default()
    }
}
