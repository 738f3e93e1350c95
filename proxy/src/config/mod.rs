//! The configuration of the proxy: one file, overridden by the environment and by `--set`.
//!
//! The sources become one tree of values that know where they were written ([`tree`]); one walk
//! ([`reader`]) turns it into the typed model. There is a file per noun of the model, which holds
//! its types, names, defaults, bounds and the combinations it refuses, so that each key is known
//! in one place only. The reading is strict: a value that would be ignored or means nothing is an
//! error, because an operator learns of it nowhere else. All errors are reported at once.
//!
//! A [`Config`] that was loaded is valid as a whole; nothing below has to check it again.

mod base_url;
mod batch;
mod budget;
mod cache;
mod category;
mod cors;
mod guard;
mod kind;
mod limits;
mod listener;
mod load;
mod problem;
mod reader;
mod secret;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod tree;
mod unknown;
mod upstream;

use std::net::SocketAddr;

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
pub use load::{Loaded, Sources};
pub use problem::ConfigError;
pub use store::{Disk, Memory, Redis};
pub use telemetry::{LogFormat, Telemetry};
pub use upstream::{Breaker, Pool, Retry, Timeouts, Upstream};

use reader::Reader;

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

impl Config {
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
            telemetry: r.section("telemetry", Telemetry::read),
        };
        listener::refuse_same(r, config.listen, config.admin.listen);
        batch::refuse_long_linger(r, &config.batch, &config.budget);
        budget::refuse_few_connections(r, &config.budget, &config.upstream.pool);
        config
    }
}

impl Default for Config {
    /// What an empty file means.
    fn default() -> Self {
        reader::defaults(Self::read)
    }
}
