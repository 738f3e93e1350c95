//! A simulator of the RecoBeat music API.
mod calendar;
mod catalogue;
mod dice;
pub use catalogue::{Album, Artist, Catalogue, Features, Track};
