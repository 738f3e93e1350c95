use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Everything the front can be told. What of it may change while it runs: [`super::Terms`].
#[derive(Debug, Clone)]
pub struct FrontSettings {
    /// Address of the public listener.
    pub listen: SocketAddr,
    /// `None`: plain TCP.
    pub tls: Option<TlsFiles>,
    /// What a client may cost.
    pub limits: Limits,
    /// Origins that browsers may call from; `*` alone allows all.
    pub cors_origins: Vec<String>,
    /// How streamed requests look to the upstream.
    pub upstream: UpstreamFace,
    /// Authorities trusted for the upstream's certificate; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Idle upstream connections kept for streamed calls.
    pub upstream_idle: usize,
    /// Worker threads.
    pub threads: usize,
    /// Longest wait for running requests after a stop signal.
    pub grace: Duration,
    /// Time the other services of the process get after that. Whole seconds.
    pub linger: Duration,
}

/// Certificate chain and private key, PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Leaf first.
    pub cert: PathBuf,
    /// PKCS#1, PKCS#8 or SEC1.
    pub key: PathBuf,
}

/// What a streamed request says about itself.
#[derive(Debug, Clone)]
pub struct UpstreamFace {
    /// `Host`, with the port unless it is the scheme's own.
    pub authority: String,
    /// Path of the base URL without the last slash, mostly empty.
    pub path_prefix: String,
    /// The same for every call.
    pub user_agent: String,
}

/// Bounds in bytes, counts and time.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest request target.
    pub uri: usize,
    /// Longest header section, besides the target.
    pub headers: usize,
    /// From the first byte of a request (or the accept of its connection) to the end of its
    /// header section.
    pub header_deadline: Duration,
    /// Silence between two requests after which a connection is closed.
    pub idle: Duration,
    /// Largest upload.
    pub upload: usize,
    /// From the end of an upload's header section to its last byte.
    pub upload_deadline: Duration,
    /// Uploads held in memory at once.
    pub uploads: usize,
    /// Client connections at once.
    pub connections: usize,
    /// Longest a client may take to accept one piece of an answer (at most 64 KiB).
    pub write: Duration,
    /// Longest a streamed answer may take as a whole.
    pub stream: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            uri: 32 * 1024,
            headers: 32 * 1024,
            header_deadline: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            upload: 6 * 1024 * 1024,
            upload_deadline: Duration::from_mins(2),
            uploads: 32,
            connections: 20_000,
            write: Duration::from_secs(30),
            stream: Duration::from_mins(3),
        }
    }
}

impl Default for FrontSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            limits: Limits::default(),
            cors_origins: vec!["*".to_owned()],
            upstream: UpstreamFace {
                authority: "api.reccobeats.com".to_owned(),
                path_prefix: String::new(),
                user_agent: concat!("recobeat-proxy/", env!("CARGO_PKG_VERSION")).to_owned(),
            },
            ca_file: None,
            upstream_idle: 50,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            grace: Duration::from_secs(5),
            linger: Duration::from_secs(1),
        }
    }
}
