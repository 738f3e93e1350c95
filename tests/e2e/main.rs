//! The real binary over real sockets, in front of the simulated upstream.

#[path = "../harness/mod.rs"]
mod harness;

mod smoke;
