//! The recommender's real binary over real sockets, behind a real proxy and a simulated upstream.
//!
//! Behaviour only, as an app and its operators see it: what is counted is counted in the simulator's
//! log and by the proxy, and no time is asserted.

#[path = "../../harness/mod.rs"]
mod harness;
