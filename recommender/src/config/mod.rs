//! The configuration: one file, overridden by the environment and by `--set`.
//!
//! [`recobeat_ops::settings`] reads it, strictly and as the proxy's. There is a file per noun of the
//! model here, which holds its type, names, defaults, bounds and the combinations it refuses, so that
//! each key is known in one place only.
//!
//! `config/recommender.yaml` is the same with a line of explanation per key.

mod auth;
mod helpers;
mod limits;
mod moods;
mod proxy;
mod run;
mod store;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use recobeat_ops::settings::kind::address;
use recobeat_ops::settings::secret::{bare_url, bare_url_if_any, debug_as_shown};
use recobeat_ops::settings::{self, Alias, Reader, Service, Settings};
use serde::Serialize;

pub use auth::{Auth, AuthMode, Jwt};
pub use helpers::{Llm, Spotify};
pub use limits::{Cors, Limits};
pub use moods::{Moods, Schedule};
pub use proxy::Proxy;
pub use recobeat_ops::settings::{ConfigError, Sources};
pub use recobeat_ops::telemetry::Telemetry;
pub use run::Run;

/// A configuration and the file it came from.
pub type Loaded = settings::Loaded<Config>;

/// Everything that can be set. Serializes to the form of the file, secrets hidden; so does `Debug`.
#[derive(Clone, PartialEq, Serialize)]
pub struct Config {
    pub listen: SocketAddr,
    pub proxy: Proxy,
    /// `sqlite:PATH`, `postgres://…`, or `memory`, which forgets with the process.
    #[serde(serialize_with = "bare_url")]
    pub database_url: String,
    /// Caches in memory without one.
    #[serde(serialize_with = "bare_url_if_any")]
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

debug_as_shown!(Config);

const ADDRESS: &str = "an address and port, such as 127.0.0.1:8000 or [::]:8000";

impl Settings for Config {
    const SERVICE: Service = Service {
        name: "recobeat-recommender",
        prefix: "RECOMMENDER_",
        file: "config/recommender.yaml",
        shipped: include_str!("../../../config/recommender.yaml"),
        aliases: &[
            Alias { variable: "DATABASE_URL", key: "database_url", yields: false },
            Alias { variable: "REDIS_URL", key: "redis_url", yields: false },
            Alias { variable: "VALKEY_URL", key: "redis_url", yields: false },
        ],
        example: "run.max_artists=10",
    };

    fn read(r: &mut Reader<'_>) -> Self {
        let unscheduled = r.is_null("schedule");
        let config = Self {
            listen: r.key("listen", SocketAddr::from(([127, 0, 0, 1], 8000)), address(ADDRESS)),
            proxy: r.section("proxy", Proxy::read),
            database_url: store::read_database(r),
            redis_url: store::read_redis(r),
            auth: r.section("auth", Auth::read),
            cors: r.section("cors", Cors::read),
            limits: r.section("limits", Limits::read),
            run: r.section("run", Run::read),
            moods: r.section("moods", Moods::read),
            schedule: match r.section("schedule", Schedule::read) {
                _ if unscheduled => Schedule::never(),
                schedule => schedule,
            },
            llm: r.section("llm", Llm::read),
            spotify: r.section("spotify", Spotify::read),
            telemetry: r.section("telemetry", |r| Telemetry::read(r, LOG)),
        };
        auth::refuse_open(r, config.listen, &config.auth);
        config
    }
}

/// What `telemetry.log` wants.
const LOG: &str = "log directives such as info or warn,recobeat_recommender=debug";

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
