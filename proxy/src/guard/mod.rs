//! What is changed or refused before anything is asked: repair, static rules, the deny list.

mod fallback;
mod repair;
mod rules;

pub use fallback::{Tier, fallbacks};
pub use repair::{Facts, Repair, repair};
pub use rules::{Rules, refusal};
