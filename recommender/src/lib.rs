//! recobeat-recommender: mood playlists through recobeat-proxy.
//!
//! This version serves its health only; the pipeline is still to come.

pub mod cli;
pub mod http;
