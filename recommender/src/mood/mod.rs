//! What a prompt means, by rules.
//!
//! The rules are data (`tables.yaml`), matched on whole words; code only walks them. They are the main
//! path: an [`Analyst`] may know better, but nothing depends on it.

mod analysis;
mod analyst;
mod fingerprint;
mod mentions;
mod opinion;
mod rules;
mod size;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use analysis::energy_level;
pub use analyst::{Analyst, AnalystError};
pub use fingerprint::fingerprint;
pub use mentions::{artist_names, quoted_titles};
pub use opinion::Opinion;
pub use rules::{Rules, RulesError};
