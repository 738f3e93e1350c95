//! What operators see: one table of metrics.
//!
//! [`table`] says what there is, [`record`] counts what happens, [`gauge`] reads what is when somebody
//! looks.

mod gauge;
mod label;
mod outcome;
mod record;
mod table;

pub use gauge::Gauges;
pub use outcome::{Avoided, Outcome, ReadAheadRow};
pub use table::{GROUPS, Metrics};
