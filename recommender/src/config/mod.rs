//! The configuration: one struct per noun, each with the defaults that hold without a file.
//!
//! `config/recommender.yaml` is the same with a line of explanation per key; environment variables
//! (`RECOMMENDER_` and the path of the key, `__` between its parts) are stronger than the file.

mod load;
mod problem;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use load::Sources;
pub use problem::ConfigError;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    pub proxy: Proxy,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// Caches in memory without one.
    pub redis_url: Option<String>,
    pub auth: Auth,
    /// Origins of the app that may read answers; `*` is all.
    pub cors: Cors,
    pub limits: Limits,
    pub run: Run,
    pub moods: Moods,
    pub schedule: Schedule,
    pub llm: Llm,
    pub spotify: Spotify,
    pub telemetry: Telemetry,
}

/// Where RecoBeat is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Proxy {
    pub url: String,
    /// The proxy's own listener for operators; statistics of its caches are left out without one.
    pub admin_url: Option<String>,
    pub admin_token: Option<String>,
    /// Requests at once, over all runs of this process.
    pub concurrency: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// Everybody is `local` (or says who they are by `x-user-id`); loopback only, never behind a
    /// forwarding proxy.
    Open,
    /// Bearer JWT.
    Jwt,
    /// A service token and `x-user-id`.
    Service,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Auth {
    pub mode: AuthMode,
    pub jwt: Jwt,
    pub service_token: Option<String>,
    /// Opens the endpoints of operators. In `open` mode without one they are open too.
    pub admin_token: Option<String>,
}

/// One algorithm, one key: HS* and RS* never share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Jwt {
    /// `HS256`, `HS384`, `HS512`, `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `EdDSA`.
    pub algorithm: String,
    /// The secret of HS*, the public key in PEM of the others.
    pub key: Option<String>,
    /// A JWK set; keys are chosen by `kid`.
    pub jwks_file: Option<PathBuf>,
    /// Checked when set.
    pub issuer: Option<String>,
    /// Checked when set.
    pub audience: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cors {
    pub allowed_origins: Vec<String>,
}

/// Requests a minute, per caller; and per address, whoever calls from there.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub start_per_minute: u32,
    /// 0: no quota.
    pub start_per_day: u32,
    pub remix_per_minute: u32,
    pub status_per_minute: u32,
    pub prefetch_per_minute: u32,
    pub warm_per_minute: u32,
    /// All endpoints that need a caller, from one address.
    pub address_per_minute: u32,
    /// Largest body of a request, in bytes.
    pub body: usize,
    /// Runs under way at once; more wait, oldest first.
    pub concurrent_runs: usize,
}

/// How a run is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Requests to the proxy.
    pub max_calls: u32,
    /// Without the time queued at the proxy.
    pub strategy_timeout: Duration,
    pub deadline: Duration,
    /// Improvement rounds, 0 to 3.
    pub rounds: u32,
    /// Artists whose tracks are read, 1 to 50.
    pub max_artists: usize,
    /// The three strategies at the same time.
    pub parallel_strategies: bool,
    /// Steps of earlier runs are used again.
    pub reuse: bool,
    /// How long the memory of finished runs is kept.
    pub keep_events: Duration,
}

/// Popular moods.
#[derive(Debug, Clone, PartialEq)]
pub struct Moods {
    /// Beside the ten.
    pub own: Vec<String>,
    /// YAML with rule tables instead of the embedded ones.
    pub tables: Option<PathBuf>,
    /// Per profile or popular mood: ids of tracks that come first as seeds.
    pub starter_seeds: BTreeMap<String, Vec<String>>,
    /// Answer popular moods from the cache.
    pub cache: bool,
    pub fresh_for: Duration,
    /// Starts of a prompt after which it becomes a popular mood; 0: never.
    pub promote_after: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Warms the popular moods each day at this hour and minute; none: never.
    pub warm_at: Option<(u32, u32)>,
}

/// An OpenAI-compatible chat endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Llm {
    pub url: Option<String>,
    pub api_key: Option<String>,
    pub model: String,
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Spotify {
    /// Read top tracks and artists with the user's token (`x-spotify-token`).
    pub enabled: bool,
    pub api_url: String,
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// A filter of the tracing crate, for example `info,recobeat_recommender=debug`.
    pub log: String,
    pub json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            proxy: Proxy::default(),
            database_url: "sqlite:data/recommender.db".into(),
            redis_url: None,
            auth: Auth::default(),
            cors: Cors { allowed_origins: Vec::new() },
            limits: Limits::default(),
            run: Run::default(),
            moods: Moods::default(),
            schedule: Schedule { warm_at: Some((3, 0)) },
            llm: Llm {
                url: None,
                api_key: None,
                model: "gpt-4o-mini".into(),
                timeout: Duration::from_secs(10),
            },
            spotify: Spotify {
                enabled: false,
                api_url: "https://api.spotify.com/v1".into(),
                timeout: Duration::from_secs(10),
            },
            telemetry: Telemetry { log: "info".into(), json: false },
        }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:8080".into(),
            admin_url: Some("http://127.0.0.1:9090".into()),
            admin_token: None,
            concurrency: 8,
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        let jwt = Jwt { algorithm: "RS256".into(), key: None, jwks_file: None, issuer: None, audience: None };
        Self { mode: AuthMode::Open, jwt, service_token: None, admin_token: None }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_per_minute: 10,
            start_per_day: 0,
            remix_per_minute: 5,
            status_per_minute: 60,
            prefetch_per_minute: 5,
            warm_per_minute: 1,
            address_per_minute: 600,
            body: 256 * 1024,
            concurrent_runs: 32,
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            max_calls: 24,
            strategy_timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(120),
            rounds: 1,
            max_artists: 6,
            parallel_strategies: true,
            reuse: true,
            keep_events: Duration::from_secs(24 * 3600),
        }
    }
}

impl Default for Moods {
    fn default() -> Self {
        Self {
            own: Vec::new(),
            tables: None,
            starter_seeds: BTreeMap::new(),
            cache: true,
            fresh_for: Duration::from_secs(2 * 3600),
            promote_after: 0,
        }
    }
}
