//! What the recommender remembers beside the proxy: results of its own work, in memory or in Redis.
//!
//! Values are JSON, with one lifetime per category and hits and misses counted per category. Redis is
//! there to share them between replicas, not to be relied on: one that is away, slow or full of other
//! people's data is a miss, never an error, and memory stands in until it is back. What was removed
//! meanwhile is removed from it then, so that nothing comes to life again.

mod category;
mod entry;
mod front;
mod link;
mod memory;
mod script;
mod stats;
#[cfg(test)]
mod tests;

pub use category::Category;
pub use front::{Cache, CacheUrlError};
pub use stats::{CacheStats, CategoryStats, Counts};
