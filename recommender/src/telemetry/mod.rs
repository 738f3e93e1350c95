//! What operators see in Prometheus: one table of metrics.
//!
//! [`table`] says what there is, [`record`] counts what happens, [`gauge`] reads what is when somebody
//! looks. For people there are percentiles of the last samples besides, in [`crate::profile`].

mod gauge;
mod label;
mod record;
#[cfg(test)]
mod reference;
mod table;

pub use gauge::Gauges;
pub use record::Asked;
pub use table::{GROUPS, Metrics};
