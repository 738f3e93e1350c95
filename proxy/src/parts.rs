//! From the configuration to the settings of each part, in its own terms: at the start, and again for
//! the parts that run.

use std::sync::Arc;

use crate::cache;
use crate::config::{Config, Oversize};
use crate::engine::{Engine, Settings, Spare};
use crate::flight::{BatchSettings, Patience};
use crate::front::{self, FrontSettings};
use crate::guard::{self, Rules};
use crate::link::{self, AddressError, Link, Nodes};
use crate::upstream::{BreakerSettings, Target, TargetSettings};

/// Takes other log directives, or says why it cannot.
pub type LogFilter = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Everything that runs and can be told otherwise.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub target: Arc<Target>,
    pub terms: front::Terms,
    pub log: LogFilter,
}

impl Parts {
    /// Lets all parts go by this configuration, as far as they can while they run.
    pub fn apply(&self, config: &Config) {
        self.engine.apply(&engine_settings(config, None));
        self.terms.apply(&front_settings(config, &self.target));
        if let Err(error) = self.target.apply(&target_settings(config)) {
            tracing::error!(%error, "the upstream's settings stay as they were");
        }
        if let Err(error) = (self.log)(&config.telemetry.log) {
            tracing::error!(error, "the log stays as it was");
        }
    }
}

pub(crate) fn target_settings(config: &Config) -> TargetSettings {
    let upstream = &config.upstream;
    TargetSettings {
        https: upstream.base_url.https(),
        host: upstream.base_url.host().to_owned(),
        port: upstream.base_url.port(),
        prefix: upstream.base_url.prefix().to_owned(),
        user_agent: upstream.user_agent.clone(),
        ca_file: upstream.ca_file.clone(),
        connect_timeout: upstream.timeouts.connect,
        total_timeout: upstream.timeouts.total,
        pool_idle: upstream.pool.idle,
        pool_max: upstream.pool.max,
        idle_timeout: upstream.pool.idle_timeout,
    }
}

pub(crate) fn front_settings(config: &Config, target: &Target) -> FrontSettings {
    let defaults = FrontSettings::default();
    FrontSettings {
        listen: config.listen,
        tls: config.tls.as_ref().map(|tls| front::TlsFiles { cert: tls.cert.clone(), key: tls.key.clone() }),
        limits: front::Limits {
            uri: bytes(config.limits.uri),
            header_deadline: config.limits.header_deadline,
            idle: config.limits.idle,
            upload: bytes(config.limits.upload),
            connections: config.limits.connections,
            stream: config.upstream.timeouts.total,
            ..defaults.limits
        },
        cors_origins: config.cors.allowed_origins.clone(),
        upstream: front::UpstreamFace {
            authority: String::from_utf8_lossy(target.authority().as_bytes()).into_owned(),
            path_prefix: config.upstream.base_url.prefix().to_owned(),
            user_agent: config.upstream.user_agent.clone(),
        },
        ca_file: config.upstream.ca_file.clone(),
        upstream_idle: config.upstream.pool.idle,
        ..defaults
    }
}

/// `None`: this proxy is alone.
pub(crate) fn link_settings(config: &Config) -> Result<Option<link::Settings>, AddressError> {
    let redis = &config.cache.redis;
    let Some(url) = &redis.url else { return Ok(None) };
    Ok(Some(link::Settings {
        nodes: Nodes::parse(url)?,
        prefix: redis.prefix.clone(),
        lookup_timeout: redis.lookup_timeout,
        connect_timeout: redis.connect_timeout,
        pool: redis.pool,
    }))
}

pub(crate) fn engine_settings(config: &Config, link: Option<Arc<Link>>) -> Settings {
    let Config { upstream, budget, batch, cache, guard, .. } = config;
    Settings {
        budget: crate::budget::Limits {
            rate_per_minute: budget.rate_per_minute,
            min_interval: budget.min_interval,
            max_in_flight: budget.max_in_flight,
            adaptive: budget.adaptive,
        },
        replicas: budget.replicas,
        queue_timeout: budget.queue_timeout,
        batch: BatchSettings { max_ids: batch.max_ids, linger: batch.linger },
        max_parallel_per_request: batch.max_parallel_per_request,
        cache: cache::Settings {
            ttls: cache::Ttls::new(|category| ttl(config, category)),
            jitter: cache.jitter,
            memory_bytes: cache.memory.max_bytes,
            memory_entries: cache.memory.max_entries,
            disk: cache.disk.enabled.then(|| cache::DiskSettings {
                path: cache.disk.path.clone(),
                max_bytes: cache.disk.max_bytes,
            }),
            link,
        },
        guard: guard::Settings {
            rules: Rules {
                recommendations: guard.rules,
                max_ids_per_request: batch.max_ids_per_request,
                split: batch.oversize == Oversize::Split,
            },
            repair: guard.repair,
            deny: guard.deny,
        },
        honour_no_cache: cache.recommendation_no_cache == crate::config::NoCache::Honour,
        spotify_ids_in_paths: cache.serve_spotify_ids_in_paths,
        spare: Spare { early_refresh: cache.early_refresh, read_ahead: cache.read_ahead },
        patience: Patience {
            max_attempts: upstream.retry.max_attempts,
            backoff: upstream.retry.backoff,
            total: upstream.timeouts.total,
            search: upstream.timeouts.search,
        },
        breaker: BreakerSettings {
            consecutive_failures: upstream.breaker.consecutive_failures,
            ratio: upstream.breaker.ratio,
            window: upstream.breaker.window,
            open_for: upstream.breaker.open_for,
        },
    }
}

fn ttl(config: &Config, category: cache::Category) -> cache::Ttl {
    use cache::Category;
    let categories = &config.cache.categories;
    let found = match category {
        Category::Track => categories.track,
        Category::Features => categories.features,
        Category::Artist => categories.artist,
        Category::Album => categories.album,
        Category::Mapping => categories.mapping,
        Category::Missing => categories.missing,
        Category::Denied => categories.denied,
        Category::Recommendation => categories.recommendation,
        Category::Search => categories.search,
        Category::Page => categories.page,
    };
    cache::Ttl { fresh: found.ttl, stale: found.stale }
}

/// Sizes beyond the address space are as good as none.
fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
