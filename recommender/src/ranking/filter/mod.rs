//! What does not belong into the list, one rule a file. What is safe is never asked about.

pub mod era;
pub mod mood;
pub mod region;
pub mod relevance;

pub use relevance::Verdict;
