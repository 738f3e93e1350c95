//! The simulator over real sockets.

mod client;
mod control;
mod faults;
mod serving;

use crate::{Catalogue, Settings, Simulator};
use std::sync::{Arc, LazyLock};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::grow(1, 1_000)));

async fn started() -> Simulator {
    let catalogue = Arc::clone(&CATALOGUE);
    Simulator::start_with(catalogue, Settings::default()).await.expect("a free port")
}

/// The path of a multi-get for the first `count` tracks.
fn first_tracks(count: usize) -> String {
    let ids: Vec<&str> = CATALOGUE.tracks()[..count].iter().map(|track| track.spotify.as_str()).collect();
    format!("/v1/track?ids={}", ids.join(","))
}
