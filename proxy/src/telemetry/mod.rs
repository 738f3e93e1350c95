//! What operators see: one table of metrics, and what they were.
//!
//! [`table`] says what there is, [`record`] counts what happens, [`gauge`] reads what is when somebody
//! looks, [`history`] keeps what was.

mod gauge;
mod history;
mod label;
mod outcome;
mod record;
#[cfg(test)]
mod reference;
mod table;

pub use gauge::Gauges;
pub use history::{Frame, History, Window};
pub use outcome::{Avoided, Outcome, ReadAheadRow};
pub use table::{GROUPS, Metrics};
