//! What operators touch in both services: strict configuration, its schema, reloads, logs and traces.

pub mod health;
pub mod log;
pub mod metrics;
pub mod process;
pub mod reload;
pub mod settings;
pub mod telemetry;
pub mod trace;
mod watch;

pub use watch::Watch;
