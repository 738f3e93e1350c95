//! Everything learned is kept as facts: one entry per row, mapping, absence or whole body.
//!
//! URLs are not the unit of caching. A list of forty tracks and a look-up of one of them meet in
//! the same entry, and a row that arrives inside a recommendation answers a later multi-get.

mod as_of;
mod barrier;
mod category;
mod disk;
mod entry;
mod form;
mod heat;
mod inspection;
mod key;
mod listing;
mod look;
mod memory;
mod moments;
mod note;
mod queue;
mod raised;
mod recall;
mod scope;
mod shared;
mod store;
mod tiers;

#[cfg(test)]
mod barrier_tests;
#[cfg(test)]
mod store_tests;

pub use as_of::AsOf;
pub use barrier::{Barrier, Barriers, Mode, TooMany};
pub use category::{Category, Ttl, Ttls};
pub use disk::{DiskState, Settings as DiskSettings};
pub use entry::{Entry, Freshness};
pub use heat::Heat;
pub use inspection::Found;
pub use key::{Key, UnknownKey};
pub use listing::{Denials, Tally};
pub use look::Look;
pub use scope::{Scope, UnknownScope};
pub use shared::SharedState;
pub use store::{Held, Known, Lifetimes, Settings, Store};
