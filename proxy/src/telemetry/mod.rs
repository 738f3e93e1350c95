//! What operators see: one table of metrics.

mod metrics;

pub use metrics::{Avoided, Gauges, METRICS, Metric, Metrics, Outcome, ReadAheadRow};
