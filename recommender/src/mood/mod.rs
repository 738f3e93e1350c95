//! What a prompt means, by rules.

mod analyst;
mod fingerprint;
mod mentions;
mod rules;

pub use analyst::{Analyst, AnalystError};
pub use fingerprint::fingerprint;
pub use mentions::{artist_names, quoted_titles};
pub use rules::{Rules, RulesError};
