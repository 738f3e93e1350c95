//! recobeat-proxy: a caching proxy that knows the `RecoBeat` API.
//!
//! It caches *facts* (one row per track, artist or album), not URLs, and spends the upstream's
//! scarce calls as carefully as possible. Data flows one way:
//! `front, admin → engine → {guard, cache, flight} → budget → upstream`; `api` and `config` stand
//! below all of them and import none. See ARCHITECTURE.md for the map.

pub mod admin;
pub mod api;
pub mod budget;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod flight;
pub mod front;
pub mod guard;
pub mod link;
pub mod parts;
pub mod reload;
pub mod serve;
pub mod telemetry;
pub mod upstream;
