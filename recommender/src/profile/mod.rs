//! How long things take: the last samples of each metric, for operators.
//!
//! Kept in memory, per process. A sample costs a lock of its own table for some nanoseconds, so that
//! even calls to the proxy can be measured; percentiles are worked out when somebody asks.

pub mod names;

mod guard;
mod profiler;
mod series;

pub use guard::Guard;
pub use profiler::Profiler;
pub use series::{MetricStats, Sample};
