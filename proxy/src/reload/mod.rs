//! Another configuration for a proxy that runs.
//!
//! A changed file, SIGHUP and `POST /reload` all do the same: read everything anew as the start did,
//! the file below the environment below `--set`, and let the parts go by it. What is wrong in any
//! way changes nothing, for half of a configuration is one that nobody has written. What cannot
//! change while the proxy runs ([`FIXED`]) keeps its running value and is named, with both values,
//! each time until a restart. One reload at a time.

mod change;
mod fixed;
mod report;
mod running;
#[cfg(test)]
mod tests;

pub use fixed::{FIXED, Fixed};
pub use report::{Outcome, Pending, Report, Standing};
pub use running::Running;
