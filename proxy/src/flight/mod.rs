//! Fetching what is missing: one upstream call for equal needs, few calls for many rows.
//!
//! [`Batches`] brings rows, [`Bodies`] whole answers. Both open one flight per key
//! (`table`), and make their calls through [`Dispatch`], which spends permits.

mod batch;
mod body;
mod dispatch;
mod failure;
mod lead;
mod lease;
mod origin;
mod pool;
mod read_ahead;
mod sizes;
mod table;
mod urgency;

#[cfg(test)]
mod pool_tests;

pub use batch::{BatchSettings, Batches, CallId, Fetched, RowResult, Wish};
pub use body::{Bodies, BodyResult, FetchedBody};
pub use dispatch::{Dispatch, Patience};
pub use failure::Failure;
pub use lease::Leases;
pub use origin::Origin;
pub use read_ahead::ReadAhead;
pub use table::{Unlanded, Waiter};

/// Flights in the air beyond which none opens that nobody waits for. Reading ahead counts those of
/// rows alone.
pub const MOST_UNATTENDED: usize = 10_000;
