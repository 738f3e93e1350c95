//! The configuration: one file, overridden by the environment and by `--set`.
//!
//! The sources become one tree of values that know where they were written ([`tree`]); one walk
//! ([`reader`]) turns it into the typed model. There is a file per noun of the model, which holds its
//! type, names, defaults, bounds and the combinations it refuses, so that each key is known in one place
//! only. The reading is strict: a value that would be ignored or means nothing is an error, because an
//! operator learns of it nowhere else. All errors are reported at once, in the form of the proxy's.
//!
//! `config/recommender.yaml` is the same with a line of explanation per key.

mod auth;
mod helpers;
mod kind;
mod limits;
mod load;
mod moods;
mod problem;
mod proxy;
mod reader;
mod run;
mod secret;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod tree;
mod unknown;

use std::net::SocketAddr;

use serde::Serialize;

pub use auth::{Auth, AuthMode, Jwt};
pub use helpers::{Llm, Spotify};
pub use limits::{Cors, Limits};
pub use load::Sources;
pub use moods::{Moods, Schedule};
pub use problem::ConfigError;
pub use proxy::Proxy;
pub use run::Run;
pub use telemetry::Telemetry;

use kind::address;
use reader::Reader;
use secret::debug_as_shown;

/// Everything that can be set. Serializes to the form of the file, secrets hidden; so does `Debug`.
#[derive(Clone, PartialEq, Serialize)]
pub struct Config {
    pub listen: SocketAddr,
    pub proxy: Proxy,
    /// `sqlite:PATH`, `postgres://…`, or `memory`, which forgets with the process.
    #[serde(serialize_with = "secret::bare_url")]
    pub database_url: String,
    /// Caches in memory without one.
    #[serde(serialize_with = "secret::bare_url_if_any")]
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

impl Config {
    fn read(r: &mut Reader<'_>) -> Self {
        let unscheduled = r.is_null("schedule");
        let config = Self {
            listen: r.key("listen", SocketAddr::from(([127, 0, 0, 1], 8000)), address()),
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
            telemetry: r.section("telemetry", Telemetry::read),
        };
        auth::refuse_open(r, config.listen, &config.auth);
        config
    }
}

impl Default for Config {
    /// What an empty file means.
    fn default() -> Self {
        reader::defaults(Self::read)
    }
}
