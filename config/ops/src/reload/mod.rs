//! What both services do to take up another configuration while they run: when, and what is different.

mod change;
mod triggers;

pub use change::{Change, changes, listed};
pub use triggers::Triggers;
