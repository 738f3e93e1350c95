//! Everything learned is kept as facts: one entry per row, mapping, absence or whole body.
//!
//! URLs are not the unit of caching. A list of forty tracks and a look-up of one of them meet in
//! the same entry, and a row that arrives inside a recommendation answers a later multi-get.

mod category;
mod disk;
mod entry;
mod form;
mod key;
mod memory;
mod queue;
mod shared;
mod store;
mod tiers;

#[cfg(test)]
mod store_tests;

pub use category::{Category, Ttl, Ttls};
pub use disk::{DiskState, Settings as DiskSettings};
pub use entry::{Entry, Freshness};
pub use key::Key;
pub use shared::SharedState;
pub use store::{Held, Known, Settings, Store};
