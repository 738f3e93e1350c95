//! What watches the services holds on to their tables of metrics.
//!
//! `config/metrics.md` is written from the tables, which tests of the services hold it against. Here, every
//! name, label and label value that the dashboard and the alerts use is looked up in it.

mod alerts;
mod dashboard;
mod promql;
mod reference;

use std::fs;
use std::path::PathBuf;

/// A file below `config/`.
fn kept(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
