//! What hostile clients and a failing upstream do to the real binary.

#[path = "../harness/mod.rs"]
mod harness;

mod confusion;
mod connections;
mod faults;
mod malformed;
