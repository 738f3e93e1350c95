//! The configuration of the proxy: one file, overridden by the environment and by `--set`.
//!
//! [`recobeat_ops::settings`] reads it, strictly. There is a file per noun of the model here, which
//! holds its types, names, defaults, bounds and the combinations it refuses, so that each key is
//! known in one place only.
//!
//! A [`Config`] that was loaded is valid as a whole; nothing below has to check it again.

mod base_url;
mod batch;
mod budget;
mod cache;
mod category;
mod cors;
mod guard;
mod limits;
mod listener;
mod store;
#[cfg(test)]
mod tests;
mod upstream;

use std::net::SocketAddr;

use recobeat_ops::settings::{self, Alias, Reader, Service, Settings};
use serde::Serialize;

pub use base_url::{BaseUrl, BaseUrlError};
pub use batch::{Batch, Oversize};
pub use budget::Budget;
pub use cache::{Cache, NoCache};
pub use category::{Categories, CategoryTtl};
pub use cors::Cors;
pub use guard::Guard;
pub use limits::Limits;
pub use listener::{Admin, Tls};
pub use recobeat_ops::settings::{ConfigError, Sources};
pub use recobeat_ops::telemetry::Telemetry;
pub use store::{Disk, Memory, Redis};
pub use upstream::{Breaker, Pool, Retry, Timeouts, Upstream};

/// A configuration and the file it came from.
pub type Loaded = settings::Loaded<Config>;

/// All settings. Serializes to the form of the file, secrets hidden.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// The public side.
    pub listen: SocketAddr,
    /// Plain HTTP without.
    pub tls: Option<Tls>,
    pub admin: Admin,
    pub upstream: Upstream,
    pub budget: Budget,
    pub batch: Batch,
    pub cache: Cache,
    pub guard: Guard,
    pub limits: Limits,
    pub cors: Cors,
    pub telemetry: Telemetry,
}

impl Settings for Config {
    const SERVICE: Service = Service {
        name: "recobeat-proxy",
        prefix: "RECOBEAT_",
        file: "config/proxy.yaml",
        shipped: include_str!("../../../config/proxy.yaml"),
        aliases: &[
            Alias { variable: "REDIS_URL", key: "cache.redis.url", yields: true },
            Alias { variable: "VALKEY_URL", key: "cache.redis.url", yields: true },
        ],
        example: "budget.rate_per_minute=60",
    };

    fn read(r: &mut Reader<'_>) -> Self {
        let config = Self {
            listen: listener::read_listen(r),
            tls: r.section("tls", Tls::read),
            admin: r.section("admin", Admin::read),
            upstream: r.section("upstream", Upstream::read),
            budget: r.section("budget", Budget::read),
            batch: r.section("batch", Batch::read),
            cache: r.section("cache", Cache::read),
            guard: r.section("guard", Guard::read),
            limits: r.section("limits", Limits::read),
            cors: r.section("cors", Cors::read),
            telemetry: r.section("telemetry", |r| Telemetry::read(r, LOG)),
        };
        listener::refuse_same(r, config.listen, config.admin.listen);
        batch::refuse_long_linger(r, &config.batch, &config.budget);
        budget::refuse_few_connections(r, &config.budget, &config.upstream.pool);
        config
    }
}

/// What `telemetry.log` wants.
const LOG: &str = "log directives such as info or warn,recobeat_proxy=debug";

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, ready to be printed.
    pub fn load(sources: Sources) -> Result<Loaded, ConfigError> {
        settings::load(sources)
    }
}

impl Default for Config {
    /// What an empty file means.
    fn default() -> Self {
        settings::defaults(Self::read)
    }
}
