//! The proxy's listener for operators: its numbers, its health, and purging its cache.
//!
//! Nothing of a run depends on it. It is asked when an operator asks us, so it has two seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::wire;

const LONGEST: Duration = Duration::from_secs(2);
/// Bytes of an answer, at most.
const LARGEST: usize = 1024 * 1024;

/// Why the proxy's operators' listener told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    #[error("the proxy's admin listener cannot be reached: {0}; see `proxy.admin_url`")]
    Unreachable(String),
    #[error("the proxy's admin listener did not answer within {} s", LONGEST.as_secs())]
    TimedOut,
    #[error("the proxy's admin listener wants another token; see `proxy.admin_token`")]
    Unauthorized,
    #[error("the proxy's admin listener refused with {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("the proxy's admin listener answered something else: {0}")]
    Shape(String),
}

#[derive(Debug)]
pub struct Admin {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// `GET /stats`, as far as it is used here; `raw` is all of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProxyStats {
    pub cache: CacheStats,
    pub upstream: UpstreamStats,
    pub budget: BudgetStats,
    #[serde(skip)]
    pub raw: Value,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CacheStats {
    /// Only categories that were looked up.
    pub by_category: BTreeMap<String, CategoryStats>,
    pub memory: MemoryStats,
    /// `None`: the proxy has no such tier.
    pub disk: Option<TierStats>,
    pub redis: Option<TierStats>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct CategoryStats {
    pub hit: u64,
    /// Served while it was renewed.
    pub stale: u64,
    pub miss: u64,
    /// 0 to 1; stale answers are hits.
    pub hit_rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct MemoryStats {
    pub entries: u64,
    pub bytes: u64,
    pub hits: u64,
}

/// The tier behind memory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TierStats {
    pub up: bool,
    pub away_because: Option<String>,
    pub hits: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UpstreamStats {
    pub calls: u64,
    /// By cause.
    pub calls_avoided: BTreeMap<String, u64>,
    /// Calls are suspended because too many failed.
    pub suspended: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BudgetStats {
    pub rate_per_minute: f64,
    pub started_last_minute: u64,
    pub in_flight: u64,
    /// By lane.
    pub queued: BTreeMap<String, u64>,
    pub projected_wait_seconds: Option<f64>,
    /// Nothing is called until then: the upstream asked for a pause.
    pub hold_seconds: Option<f64>,
}

/// What the proxy knows about ids. Counted since its start; entries are those in its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegistryStats {
    /// Ids that the upstream lacks.
    pub missing: u64,
    /// Spotify ids with their UUID.
    pub validated: u64,
    /// Rows, each of which tells the Spotify id of its UUID.
    pub reverse: u64,
    /// Ids that were looked up.
    pub lookups: u64,
    /// Of these, Spotify ids whose UUID was known and ids known to be missing.
    pub hits: u64,
    /// Ids that did not have to be asked for upstream.
    pub calls_avoided: u64,
    /// Age of the oldest entry; `None` without entries.
    pub oldest: Option<Duration>,
    /// How long a missing id stays known as such.
    pub missing_ttl: Duration,
    pub validated_ttl: Duration,
}

/// `GET /health/ready`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProxyHealth {
    /// `ready` or `starting`.
    pub status: String,
    pub upstream: UpstreamHealth,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UpstreamHealth {
    /// As last probed; `None` before the first probe.
    pub reachable: Option<bool>,
    pub reason: Option<String>,
    pub suspended: bool,
    pub hold_seconds: Option<f64>,
}

impl Admin {
    pub(super) fn new(http: reqwest::Client, base: String, token: Option<String>) -> Self {
        Self { http, base, token }
    }

    pub async fn stats(&self) -> Result<ProxyStats, AdminError> {
        let raw = self.json(Method::GET, "/stats").await?;
        let stats: ProxyStats = typed(raw.clone())?;
        Ok(ProxyStats { raw, ..stats })
    }

    pub async fn registry(&self) -> Result<RegistryStats, AdminError> {
        let told: Registry = typed(self.json(Method::GET, "/registry").await?)?;
        Ok(told.into())
    }

    /// Health is told with 200 and with 503.
    pub async fn health(&self) -> Result<ProxyHealth, AdminError> {
        typed(self.json(Method::GET, "/health/ready").await?)
    }

    /// Makes one of the proxy's categories stale, or all of them; what the proxy says about it.
    pub async fn purge(&self, category: Option<&str>) -> Result<Value, AdminError> {
        let category = category.map(|name| {
            let escaped = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
            format!("/cache?category={escaped}")
        });
        self.json(Method::DELETE, category.as_deref().unwrap_or("/cache?all=true")).await
    }

    async fn json(&self, method: Method, target: &str) -> Result<Value, AdminError> {
        timeout(LONGEST, self.exchange(method, target)).await.unwrap_or(Err(AdminError::TimedOut))
    }

    async fn exchange(&self, method: Method, target: &str) -> Result<Value, AdminError> {
        let mut request = self.http.request(method, format!("{}{target}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await;
        let response = response.map_err(|error| AdminError::Unreachable(wire::reason(&error)))?;
        let (status, json) = (response.status(), wire::is_json(response.headers()));
        let body = wire::body(response, LARGEST).await;
        let body = body.map_err(|broken| AdminError::Shape(broken.to_string()))?;
        match status {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE if json => {
                serde_json::from_slice(&body).map_err(|error| AdminError::Shape(error.to_string()))
            }
            StatusCode::OK => Err(AdminError::Shape("no JSON".into())),
            StatusCode::UNAUTHORIZED => Err(AdminError::Unauthorized),
            status => Err(AdminError::Refused { status: status.as_u16(), message: message(&body) }),
        }
    }
}

fn typed<T: DeserializeOwned>(told: Value) -> Result<T, AdminError> {
    serde_json::from_value(told).map_err(|error| AdminError::Shape(error.to_string()))
}

/// `{"errors": ["…"]}`, or text.
fn message(body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = said["errors"][0].as_str().map_or_else(|| String::from_utf8_lossy(body), Into::into);
    said.trim().chars().take(200).collect()
}

/// `GET /registry`.
#[derive(Debug, Deserialize)]
struct Registry {
    ids: Ids,
    mappings: Mappings,
    /// By sort, then by what they are about.
    memory: BTreeMap<String, BTreeMap<String, Entries>>,
    ttl_seconds: Ttls,
}

#[derive(Debug, Deserialize)]
struct Ids {
    looked_up: u64,
    avoided_upstream: AvoidedIds,
}

#[derive(Debug, Deserialize)]
struct AvoidedIds {
    held: u64,
    known_missing: u64,
}

#[derive(Debug, Deserialize)]
struct Mappings {
    hit: u64,
}

#[derive(Debug, Deserialize)]
struct Entries {
    entries: u64,
    oldest_seconds: u64,
}

#[derive(Debug, Deserialize)]
struct Ttls {
    mapping: u64,
    missing: u64,
}

impl From<Registry> for RegistryStats {
    fn from(told: Registry) -> Self {
        let entries = |sort| told.memory.get(sort).into_iter().flat_map(BTreeMap::values);
        let count = |sort| entries(sort).map(|one| one.entries).sum();
        let all = ["missing", "mapping", "row"].into_iter().flat_map(entries);
        let Ids { looked_up, avoided_upstream: AvoidedIds { held, known_missing } } = told.ids;
        Self {
            missing: count("missing"),
            validated: count("mapping"),
            reverse: count("row"),
            lookups: looked_up,
            hits: told.mappings.hit + known_missing,
            calls_avoided: held + known_missing,
            oldest: all.map(|one| one.oldest_seconds).max().map(Duration::from_secs),
            missing_ttl: Duration::from_secs(told.ttl_seconds.missing),
            validated_ttl: Duration::from_secs(told.ttl_seconds.mapping),
        }
    }
}
