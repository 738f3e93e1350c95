//! The recommender's real binary over real sockets, behind a real proxy and a simulated upstream.
//!
//! Behaviour only, as an app and its operators see it: what is counted is counted in the simulator's
//! log and by the proxy, and no time is asserted.

mod asked;
mod control;
mod edges;
mod failures;
#[path = "../../harness/mod.rs"]
mod harness;
mod library;
mod limits;
mod metrics;
mod moods;
mod owners;
mod restart;
mod runs;
mod stores;
mod stream;
mod system;
mod traces;

use harness::recommender::Scene;
use serde_json::{Value, json};

/// What a listener brings along: tracks and artists from this place of the catalogue.
fn taste(scene: &Scene, from: usize) -> Value {
    let catalogue = scene.catalogue();
    let known: Vec<_> = catalogue.tracks().iter().filter(|track| track.popularity >= 30).collect();
    let tracks: Vec<Value> = known[from..from + 12]
        .iter()
        .map(|track| {
            let artist = &catalogue.artists()[track.artists[0]].name;
            json!({"id": track.spotify, "name": track.title, "artists": [artist], "popularity": track.popularity})
        })
        .collect();
    let artists: Vec<Value> = known[from..from + 4]
        .iter()
        .map(|track| &catalogue.artists()[track.artists[0]])
        .map(|artist| json!({"id": artist.id, "name": artist.name}))
        .collect();
    json!({"mood_prompt": "a quiet walk in the rain", "top_tracks": tracks, "top_artists": artists})
}
