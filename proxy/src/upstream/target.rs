//! The configured upstream: where it is, who vouches for it, how long it may take.
//!
//! [`Target::peer`] is the only door to a connection, and it asks to see a [`Permit`]: the
//! buffered client goes through it, and so does the streaming pass-through in Pingora's
//! `upstream_peer`. Whoever has a peer has paid for it.
//!
//! Every limit of a peer is set here, because Pingora's defaults are none at all. One call uses
//! one connection, over HTTP/2 as well (`max_h2_streams` 1): with six calls in flight at most,
//! multiplexing saves nothing, while a connection of its own can be thrown away with a call that
//! timed out on it instead of swallowing the next calls too. It follows that open connections
//! never outnumber the calls in flight at the busiest moment. That is why `pool_max` needs no
//! semaphore, which would also hold permits back and so bunch the starts that the budget spaced:
//! `budget.max_in_flight` must not exceed `pool_max`, and idle connections are clipped to it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use http::HeaderValue;
use pingora::connectors::ConnectorOptions;
use pingora::protocols::TcpKeepalive;
use pingora::tls::ServerName;
use pingora::upstreams::peer::{ALPN, HttpPeer};

use super::CallError;
use super::resolver::{Addresses, Lookup, SystemLookup, keep_resolved};
use super::trust::{self, TrustError};
use crate::budget::Permit;

/// Everything an operator can say about the upstream.
#[derive(Debug, Clone)]
pub struct TargetSettings {
    /// TLS, with the certificate verified; else plain HTTP/1.1.
    pub https: bool,
    /// A name, or an IPv4 or IPv6 address with or without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Put before every path; empty, or starting with `/`. A slash at its end is ignored.
    pub prefix: String,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Trust these authorities instead of the system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Limit for TCP connect, and for TCP and TLS together, per address.
    pub connect_timeout: Duration,
    /// Limit for each read and write of the pass-through. The buffered client has one deadline
    /// per call instead, from the request.
    pub total_timeout: Duration,
    /// Idle connections kept.
    pub pool_idle: usize,
    /// Connections at most; see the module's head for how that holds.
    pub pool_max: usize,
    /// An idle connection is closed after this time.
    pub idle_timeout: Duration,
}

/// The upstream cannot be what the settings say. Being unreachable is not such an error.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Neither a DNS name nor an IP address.
    #[error("the upstream's host {0:?} is neither a name nor an IP address")]
    Host(String),
    /// The path prefix would not make a path.
    #[error("the upstream's path prefix {0:?} must start with / and hold no ?, # or blank")]
    Prefix(String),
    /// Not a header value.
    #[error("the user agent {0:?} cannot be sent in a header")]
    UserAgent(String),
    /// No usable certificate authorities.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// The upstream, shared by everybody who talks to it.
pub struct Target {
    settings: TargetSettings,
    /// `host` or `host:port`, as `Host` and `:authority` want it.
    authority: HeaderValue,
    terms: ArcSwap<Terms>,
    ca_file: Option<String>,
    addresses: Arc<Addresses>,
    /// `None` for a literal address.
    lookup: Option<Arc<dyn Lookup>>,
}

/// What may change while calls are made; the same fields of the settings are those of the start.
#[derive(Debug)]
struct Terms {
    user_agent: HeaderValue,
    connect_timeout: Duration,
    total_timeout: Duration,
    idle_timeout: Duration,
}

impl Terms {
    fn of(settings: &TargetSettings) -> Result<Self, TargetError> {
        let user_agent = HeaderValue::from_str(&settings.user_agent)
            .map_err(|_| TargetError::UserAgent(settings.user_agent.clone()))?;
        let TargetSettings { connect_timeout, total_timeout, idle_timeout, .. } = *settings;
        Ok(Self { user_agent, connect_timeout, total_timeout, idle_timeout })
    }
}

impl Target {
    /// Checks the settings and the certificate authorities; touches no network. Names resolve
    /// once [`Target::keep_resolved`] runs.
    pub fn new(settings: TargetSettings) -> Result<Self, TargetError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    pub(super) fn with_lookup(
        mut settings: TargetSettings,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, TargetError> {
        settings.host = settings.host.trim_matches(['[', ']']).to_ascii_lowercase();
        let authority = authority(&settings)?;
        let prefix = settings.prefix.trim_end_matches('/').len();
        settings.prefix.truncate(prefix);
        let is_path = settings.prefix.is_empty() || settings.prefix.starts_with('/');
        if !is_path || !settings.prefix.bytes().all(is_path_byte) {
            return Err(TargetError::Prefix(settings.prefix));
        }
        let terms = ArcSwap::from_pointee(Terms::of(&settings)?);
        trust::check(settings.https, settings.ca_file.as_deref())?;
        let ca_file = match &settings.ca_file {
            Some(path) => Some(path.to_str().map(str::to_owned).ok_or_else(|| TrustError::File {
                path: path.clone(),
                reason: "its path is not UTF-8".into(),
            })?),
            None => None,
        };
        let (addresses, lookup) = match settings.host.parse::<IpAddr>() {
            Ok(ip) => (Addresses::fixed(ip, settings.port), None),
            Err(_) => (Addresses::unknown(), Some(lookup)),
        };
        Ok(Self { authority, terms, ca_file, addresses: Arc::new(addresses), lookup, settings })
    }

    /// Goes by the name and the time limits of these settings from now on; where the upstream is and
    /// how many connections are kept stays.
    ///
    /// # Errors
    /// When the name cannot be sent; nothing is changed then.
    pub fn apply(&self, settings: &TargetSettings) -> Result<(), TargetError> {
        self.terms.store(Arc::new(Terms::of(settings)?));
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        format!("{:?}", self.terms())
    }

    fn terms(&self) -> Guard<Arc<Terms>> {
        self.terms.load()
    }

    /// The task that keeps the addresses fresh. Spawn it once, on the runtime whose blocking
    /// threads shall do the lookups; it ends when the target is dropped.
    pub fn keep_resolved(&self) -> impl Future<Output = ()> + Send + 'static {
        let task = self.lookup.clone().map(|lookup| {
            let Self { settings, addresses, .. } = self;
            let addresses = Arc::downgrade(addresses);
            keep_resolved(addresses, lookup, settings.host.clone(), settings.port)
        });
        async move {
            if let Some(task) = task {
                task.await;
            }
        }
    }

    /// A peer at the address that comes first now. Waits for the first lookup, at most the
    /// connect timeout.
    pub async fn peer(&self, permit: &Permit) -> Result<HttpPeer, CallError> {
        let limit = self.connect_timeout();
        let addresses =
            tokio::time::timeout(limit, self.addresses()).await.map_err(|_| CallError::Timeout(limit))??;
        let first = addresses.first().ok_or_else(|| CallError::Connect("no address".into()))?;
        Ok(self.peer_at(permit, *first))
    }

    /// Whether a TCP connection can be had at any address. Sends nothing, so it is no call.
    pub async fn probe(&self) -> Result<(), CallError> {
        let mut last = CallError::Connect("no address".into());
        for address in self.addresses().await?.iter() {
            match tokio::net::TcpStream::connect(address).await {
                Ok(_) => return Ok(()),
                Err(error) => last = CallError::Connect(format!("{address}: {error}")),
            }
        }
        Err(last)
    }

    /// Says that a peer could not be connected to: others are tried first from now on.
    pub fn unreachable(&self, peer: &HttpPeer) {
        if let Some(address) = peer._address.as_inet() {
            self.addresses.unreachable(*address);
        }
    }

    /// What goes into `Host`.
    pub fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// What goes into `User-Agent`.
    pub fn user_agent(&self) -> HeaderValue {
        self.terms().user_agent.clone()
    }

    /// Limit for connecting to one address.
    pub fn connect_timeout(&self) -> Duration {
        self.terms().connect_timeout
    }

    /// A path and query as the upstream shall see it.
    pub fn path(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.settings.prefix)
    }

    /// Options for whichever connector uses this target's peers. A connector that Pingora makes
    /// itself takes them from its server configuration: the CA file must be put there too, and
    /// verification fails if it is not.
    pub fn connector_options(&self) -> ConnectorOptions {
        let idle = self.settings.pool_idle.min(self.settings.pool_max);
        let mut options = ConnectorOptions::new(idle);
        options.ca_file.clone_from(&self.ca_file);
        options
    }

    pub(super) fn idle_timeout(&self) -> Duration {
        self.terms().idle_timeout
    }

    /// The addresses in the order to try them, once there are any.
    pub(super) async fn addresses(&self) -> Result<Arc<[SocketAddr]>, CallError> {
        self.addresses.get().await.map_err(|reason| {
            let host = &self.settings.host;
            CallError::Connect(format!("{host} does not resolve: {reason}"))
        })
    }

    pub(super) fn peer_at(&self, _paid: &Permit, address: SocketAddr) -> HttpPeer {
        let (settings, terms) = (&self.settings, self.terms());
        // An empty name would switch verification off. An IP address is a name as well; it is
        // verified but not sent as SNI (RFC 6066 §3).
        let mut peer = HttpPeer::new(address, settings.https, settings.host.clone());
        let options = &mut peer.options;
        options.verify_cert = true;
        options.verify_hostname = true;
        options.alpn = if settings.https { ALPN::H2H1 } else { ALPN::H1 };
        options.max_h2_streams = 1;
        options.connection_timeout = Some(terms.connect_timeout);
        options.total_connection_timeout = Some(terms.connect_timeout);
        options.read_timeout = Some(terms.total_timeout);
        options.write_timeout = Some(terms.total_timeout);
        options.idle_timeout = Some(terms.idle_timeout);
        options.tcp_keepalive = Some(keepalive());
        peer
    }
}

/// A slow upstream is silent for minutes but acknowledges probes; one that is gone does not.
fn keepalive() -> TcpKeepalive {
    TcpKeepalive {
        idle: Duration::from_secs(15),
        interval: Duration::from_secs(5),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::from_secs(30),
    }
}

fn authority(settings: &TargetSettings) -> Result<HeaderValue, TargetError> {
    let refused = || TargetError::Host(settings.host.clone());
    ServerName::try_from(settings.host.as_str()).map_err(|_| refused())?;
    let mut authority =
        if settings.host.contains(':') { format!("[{}]", settings.host) } else { settings.host.clone() };
    let usual = if settings.https { 443 } else { 80 };
    if settings.port != usual {
        authority = format!("{authority}:{}", settings.port);
    }
    HeaderValue::try_from(authority).map_err(|_| refused())
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#')
}
