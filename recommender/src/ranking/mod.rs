//! From candidates to a list: scores, filters, shares, quality, order. Pure: equal input, equal
//! output; ties by higher popularity, then smaller id.
//!
//! A formula sees what is really known and nothing else: [`Features`] hold `None` where a value is
//! unknown, and where nothing comparable is left the formula says so (`None`) or gives the constant
//! of its rule. Defaults are put in by the very last step, [`list`], for the eyes of callers.

pub mod anchors;
pub mod artists;
mod candidate;
pub mod cohesion;
pub mod diversity;
pub mod duplicates;
pub mod filter;
pub mod fit;
pub mod improve;
pub mod list;
pub mod merge;
pub mod order;
pub mod picks;
pub mod quality;
mod rank;
pub mod score;
pub mod script;
pub mod seeds;
pub mod shares;
pub mod title;
mod wanted;

#[cfg(test)]
mod testing;

pub use candidate::Candidate;
pub use list::to_recommendations;
pub use wanted::Wanted;
