//! A simulator of the RecoBeat music API, for tests, benchmarks and demonstrations.
//!
//! The real service is slow, limits at its own discretion and cannot be asked to fail. This one
//! answers by the same contract from a made-up catalogue, and does on demand what the real one
//! does on bad days. It is written from the contract alone: sharing code with the proxy would let
//! one misreading pass on both sides.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use recobeat_sim::{Endpoint, Fault, Rule, Settings, Simulator};
//!
//! let sim = Simulator::start(Settings { tracks: 2_000, ..Settings::default() }).await?;
//! sim.add_fault(Rule::on(Endpoint::Tracks, Fault::InternalError).times(2));
//! // … call sim.url() …
//! assert_eq!(sim.stats().max_in_flight, 1);
//! sim.stop().await;
//! # Ok(())
//! # }
//! ```

mod calendar;
mod call;
mod catalogue;
mod contract;
mod control;
mod dice;
mod fault;
mod limit;
mod lock;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod timing;
mod wire;
mod world;

pub use call::{Call, Stats};
pub use catalogue::{Album, Artist, Catalogue, Features, Track};
pub use contract::Endpoint;
pub use fault::{Fault, Match, RetryStyle, Rule, Shape};
pub use limit::{RateLimit, Window, rate_limit};
pub use server::Simulator;
pub use settings::{Behaviour, Settings};
pub use timing::{Latency, Unreadable};
