//! The budget of all replicas as one.
//!
//! A replica writes a [`Report`] to the [`Ledger`] they share (a script in Redis, `budget.lua`) and
//! gets a [`View`] back: everything about itself for everything about the others, and, when its
//! first waiter may start, a start. Nothing is ever reserved: the answer is *granted* or *in n ms*,
//! later for those whose turn comes after others who ask.
//!
//! Why no grant is lost or doubled: each replica is the authority on its own starts and slots, the
//! ledger only on whose turn it is. A report that got no answer may have been granted something;
//! the replica never uses it, and its next report, which says *everything*, takes it back. So does
//! the lease of 15 s when there is no next report. Reports are numbered and dated: one that comes
//! twice, late or after its successor changes nothing. A grant whose waiter has left goes to the
//! next waiter of its lane or a higher one, or is taken back.
//!
//! Why the rules hold while Redis goes and comes: of n replicas, one that has lost the ledger
//! starts 1/n of what is left (see [`super::pace`]), a second and a half after its last report
//! at the earliest. By then the ledger counts it as silent and keeps its n-th from all others, for
//! a minute, until it reports what it did meanwhile. A ledger that lost its data asks for whole
//! reports: each names its starts, its peers and what they were last seen doing, so peers that
//! have not yet spoken count as silent.
//!
//! Where replicas go by different limits, as they do for a while whenever an operator changes them,
//! the ledger goes by the strictest of those that are present.
//!
//! What cannot be known: beyond that minute a replica that runs on, cut off alone, looks like one
//! that died, and the others take its part. So does a call of such a replica beyond its lease: more
//! than all slots may be in use until it ends. Slots kept for longer would be those of the dead.

mod driver;
mod message;
mod redis;
mod state;
mod talk;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub(super) use driver::{drive, leave};
pub use message::{Report, View};
pub(super) use state::Fleet;
pub use state::FleetState;

/// How long a replica keeps still after it has lost the ledger: until it counts as silent there.
pub(super) const QUIET: Duration = Duration::from_millis(1500);
/// A replica reports at least this often, so that it never counts as silent.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Where the replicas keep their common budget.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Hands a report in. `None`: no answer in time; nobody knows whether it was carried out.
    async fn exchange(&self, report: &Report) -> Option<View>;

    /// Waits until a report is worth trying.
    async fn reachable(&self);
}
