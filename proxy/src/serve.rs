//! Puts the parts together and runs them.
//!
//! The engine lives on a runtime of its own. Each Pingora service has its own runtime and takes
//! everything spawned there with it when it stops; flights, connection pools and the operators'
//! listener must not die with the service that happened to start them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use pingora::tls::install_default_crypto_provider;
use pingora::upstreams::peer::HttpPeer;
use recobeat_ops::Watch;
use recobeat_ops::health::local;
use recobeat_ops::reload::Triggers;
use recobeat_ops::telemetry::TelemetryError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::admin::{self, Admin};
use crate::budget::Permit;
use crate::clock::Clock;
use crate::config::{Config, Loaded, Sources};
use crate::engine::{Answer, Caller, Engine};
use crate::front::{self, FrontError, Outcome, Service};
use crate::link::{AddressError, Link};
use crate::parts::{Parts, engine_settings, front_settings, link_settings, target_settings};
use crate::reload::Running;
use crate::upstream::{Client, Target, TargetError};

/// How often the upstream is probed for being reachable, while it is and while it is not. A probe
/// is a TCP connection without a request: it costs no call.
const PROBE_EVERY: Duration = Duration::from_secs(30);
const PROBE_AGAIN: Duration = Duration::from_secs(2);
/// How long the first request waits for the cache's file, and the stop for the last batch.
const OPEN: Duration = Duration::from_secs(5);
const CLOSE: Duration = Duration::from_secs(5);
/// What the libraries say at `info` is of no use to operators; what they say at `warn` is.
/// A pooled connection that was taken at the same moment is logged as an error, and is none.
const QUIET: &str =
    "pingora=warn,pingora_core=warn,pingora_core::connectors=off,pingora_proxy=warn,pingora_pool=warn";

/// Why the proxy does not start. One line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot start a runtime: {0}")]
    Runtime(#[from] std::io::Error),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Redis(#[from] AddressError),
    #[error(transparent)]
    Front(#[from] FrontError),
    #[error("{0}")]
    Admin(String),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
}

/// Runs until SIGTERM or SIGINT.
pub fn serve(loaded: &Loaded, sources: Sources) -> Result<(), ServeError> {
    let config = &loaded.config;
    // The exporter may speak TLS.
    install_default_crypto_provider();
    let (log, traces) = config.telemetry.start(QUIET, "recobeat-proxy", env!("CARGO_PKG_VERSION"))?;
    let file = Watch::of_settings(loaded);
    let runtime = Builder::new_multi_thread().thread_name("engine").enable_all().build()?;
    let triggers = runtime.block_on(async { Triggers::new(file) });
    let proxy = Arc::new(assemble(config, runtime.handle())?);

    let admin_listener = admin::bind(config.admin.listen).map_err(ServeError::Admin)?;
    let mut front_settings = front_settings(config, &proxy.target);
    front_settings.listen = settled(front_settings.listen);
    let prepared = front::prepare(&front_settings, Arc::clone(&proxy))?;

    let admin_address = admin_listener.local_addr()?;
    let parts = Parts {
        engine: Arc::clone(&proxy.engine),
        target: Arc::clone(&proxy.target),
        terms: prepared.terms.clone(),
        log: Box::new(move |directives| log.set_level(directives).map_err(|error| error.to_string())),
    };
    let metrics = Arc::clone(proxy.engine.metrics());
    let running = Running::new(sources, loaded, metrics, move |config| parts.apply(config));
    start_admin(&running, &proxy, admin_listener, front_settings.listen, &runtime)?;
    runtime.spawn(running.follow(triggers));
    runtime.block_on(proxy.engine.connected(OPEN));
    if !proxy.engine.settled(OPEN) {
        tracing::info!("the cache's file is still being opened: answering without it until then");
    }
    if config.cache.redis.url.is_none() {
        runtime.block_on(proxy.engine.recall_rate());
    }
    tracing::info!(
        listen = %front_settings.listen,
        admin = %admin_address,
        upstream = %config.upstream.base_url,
        version = env!("CARGO_PKG_VERSION"),
        "recobeat-proxy serves"
    );
    warn(front_settings.listen);
    prepared.run(front::stop_signal());
    if !runtime.block_on(proxy.engine.written(CLOSE)) {
        tracing::warn!("Redis is slow or away: what was learned last may be lost");
    }
    runtime.block_on(proxy.engine.leave());
    // Fills that still run are given up: their waiters are gone, and nothing else waits for them.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if !proxy.engine.close(CLOSE) {
        tracing::warn!("the disk is slow: what was learned last may be lost");
    }
    drop(traces);
    tracing::info!("recobeat-proxy stopped");
    Ok(())
}

/// What the front asks: the engine, and where the upstream is.
struct Proxy {
    engine: Arc<Engine>,
    target: Arc<Target>,
}

#[async_trait]
impl Service for Proxy {
    type Permit = Permit;

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: Option<&str>,
        caller: &Caller,
    ) -> Option<Answer> {
        self.engine.answer(method, path, query, caller).await
    }

    async fn pass(&self, path: &str, caller: &Caller) -> Result<Permit, Answer> {
        self.engine.pass(path, caller).await
    }

    async fn peer(&self, path: &str, permit: &Permit) -> Result<Box<HttpPeer>, Answer> {
        self.target.peer(permit).await.map(Box::new).map_err(|error| self.engine.unreachable(path, &error))
    }

    fn departs(&self, permit: &mut Permit) {
        permit.departs();
    }

    fn unreachable(&self, peer: &HttpPeer) {
        self.target.unreachable(peer);
    }

    fn observed(&self, outcome: Outcome) {
        match outcome {
            Outcome::Replied { status, retry_after } => self.engine.passed(status, retry_after),
            Outcome::Failed => self.engine.pass_failed(),
        }
    }
}

fn assemble(config: &Config, runtime: &Handle) -> Result<Proxy, ServeError> {
    let target = Arc::new(Target::new(target_settings(config))?);
    runtime.spawn(target.keep_resolved());
    // The connector spawns its pool's watchers on the runtime it is used from: the engine's.
    let client = Arc::new(Client::new(Arc::clone(&target)));
    let link = link_settings(config)?.map(|settings| Link::start(settings, runtime));
    let clock = link.as_ref().map_or(Clock::System, |link| Clock::Shared(link.offset()));
    let engine = Engine::new(&engine_settings(config, link.clone()), client, clock, runtime);
    Ok(Proxy { engine, target })
}

fn start_admin(
    running: &Arc<Running>,
    proxy: &Proxy,
    listener: TcpListener,
    public: SocketAddr,
    runtime: &Runtime,
) -> Result<(), ServeError> {
    let (reachable, upstream) = watch::channel(None);
    runtime.spawn(watch_upstream(Arc::clone(&proxy.target), reachable));
    let admin = Admin { engine: Arc::clone(&proxy.engine), upstream, running: Arc::clone(running) };
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    runtime.spawn(async move {
        accepts(public).await;
        if let Err(error) = admin.serve(listener).await {
            tracing::error!(%error, "the admin listener ended");
        }
    });
    Ok(())
}

/// Waits until clients can connect. Pingora binds its listener only once it runs, and says nothing;
/// nobody may be told that the proxy is ready before.
async fn accepts(public: SocketAddr) {
    let public = local(public);
    while tokio::net::TcpStream::connect(public).await.is_err() {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Keeps saying whether the upstream can be connected to; one log line per change.
async fn watch_upstream(target: Arc<Target>, reachable: watch::Sender<Option<Result<(), String>>>) {
    loop {
        let limit = target.connect_timeout();
        let outcome = match timeout(limit, target.probe()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no connection within {limit:?}")),
        };
        let before = reachable.borrow().as_ref().map(Result::is_ok);
        match (&outcome, before) {
            (Err(reason), None | Some(true)) => tracing::warn!(reason, "upstream cannot be reached"),
            (Ok(()), Some(false)) => tracing::info!("upstream can be reached"),
            _ => {}
        }
        let pause = if outcome.is_ok() { PROBE_EVERY } else { PROBE_AGAIN };
        if reachable.send(Some(outcome)).is_err() {
            return;
        }
        sleep(pause).await;
    }
}

/// Port 0 means any free one; Pingora would bind another than we could name.
fn settled(listen: SocketAddr) -> SocketAddr {
    if listen.port() != 0 {
        return listen;
    }
    TcpListener::bind(listen).and_then(|listener| listener.local_addr()).unwrap_or(listen)
}

/// What works but may surprise.
fn warn(listen: SocketAddr) {
    if listen.port().to_string().contains("404") {
        tracing::warn!(%listen, "some clients take any error text with 404 in it, the port included, for a missing page");
    }
}
