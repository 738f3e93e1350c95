//! The real binary over real sockets, in front of the simulated upstream.
//!
//! Behaviour only: calls are counted in the simulator's log, and no time is asserted beyond what
//! tells an answer from a hang.

#[path = "../harness/mod.rs"]
mod harness;

mod bodies;
mod budget;
mod check;
mod disk;
mod documents;
mod explaining;
mod headers;
mod lists;
mod merging;
mod operation;
mod outage;
mod outbound;
mod redis;
mod reload;
mod replicas;
mod singles;
mod traces;
mod warming;
