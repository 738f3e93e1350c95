//! What is refused before anything is asked.

mod rules;

pub use rules::{Rules, refusal};
