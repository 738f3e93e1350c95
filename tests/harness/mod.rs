//! What the end-to-end tests and the acceptance program share: the real binary, started against a
//! simulated upstream, and clients that show what the sockets did.
//!
//! Everything here fails loudly: a broken promise of the harness itself (no binary, no free port,
//! a proxy that never gets ready) is a panic with the proxy's log, so that tests read as behaviour
//! only. What a proxy does to a client, including closing its connection, is a value.

#![allow(dead_code, unused_imports, reason = "each target uses its own part")]

pub(crate) mod answer;
pub(crate) mod audio;
mod binary;
pub(crate) mod broken;
pub(crate) mod certificate;
pub(crate) mod cluster;
pub(crate) mod collector;
pub(crate) mod crowd;
pub(crate) mod ids;
pub(crate) mod line;
pub(crate) mod log;
pub(crate) mod malformed;
pub(crate) mod matrix;
mod pid;
pub(crate) mod playlists;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod recommender;
pub(crate) mod redis;
pub(crate) mod replicas;
pub(crate) mod setup;
pub(crate) mod stage;
pub(crate) mod workload;

pub(crate) use answer::Answer;
pub(crate) use line::{Ask, Line};
pub(crate) use proxy::Proxy;
pub(crate) use setup::Setup;
pub(crate) use stage::Stage;
