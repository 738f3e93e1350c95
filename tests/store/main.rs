//! The store of playlists: one suite of behaviours on both engines, and what is PostgreSQL's own.

#![allow(clippy::unwrap_used, reason = "whatever fails here is what the test looks for")]

#[path = "../harness/mod.rs"]
mod harness;

mod indexes;
mod kept;
mod lifecycle;
mod lists;
mod model;
mod opening;
mod outage;
mod ownership;
mod plans;
mod races;
mod sample;
mod search;
mod stats;
