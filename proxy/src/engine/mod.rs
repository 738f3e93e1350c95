//! Turns one canonical request into one answer.

mod answer;

pub use answer::{Answer, Caller};
