//! A catalogue in memory for the tests of everything that asks one.
//!
//! It is the same in every test: 600 tracks, 40 artists, mood words in the titles, no randomness.
//! It refuses what the upstream refuses, so that a test cannot pass by a request that would fail.

mod fake;
mod script;
mod tests;
mod world;

pub(crate) use fake::Fake;
pub(crate) use script::{Call, Method};
pub(crate) use world::TRACKS_EACH;
