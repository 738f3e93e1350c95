//! Which ids to ask for, and what a right answer to them is.

use super::stage::catalogue;
use recobeat_sim::Track;

/// `count` tracks that have features, from a place in the catalogue that tests choose apart.
pub(crate) fn tracks(from: usize, count: usize) -> Vec<&'static Track> {
    let whole = catalogue().tracks().iter().filter(|track| track.features_row.is_some());
    let picked: Vec<&Track> = whole.skip(from).take(count).collect();
    assert_eq!(picked.len(), count, "the catalogue is too small");
    picked
}

pub(crate) fn spotify(tracks: &[&'static Track]) -> Vec<&'static str> {
    tracks.iter().map(|track| track.spotify.as_str()).collect()
}

pub(crate) fn uuids(tracks: &[&'static Track]) -> Vec<&'static str> {
    tracks.iter().map(|track| track.id.as_str()).collect()
}

pub(crate) fn unknown(from: usize, count: usize) -> Vec<&'static str> {
    catalogue().unknown()[from..from + count].iter().map(String::as_str).collect()
}

/// UUIDs of nobody, for an upstream that is told to know them all.
pub(crate) fn made_up(from: u32, count: u32) -> Vec<String> {
    (from..from + count)
        .map(|at| format!("{:08x}-5eed-4000-8000-{at:012x}", at.wrapping_mul(2_654_435_761)))
        .collect()
}

/// `path?ids=a,b,c`
pub(crate) fn list(path: &str, ids: &[&str]) -> String {
    format!("{path}?ids={}", ids.join(","))
}

/// The body that answers a list of these tracks, byte for byte.
pub(crate) fn track_body(tracks: &[&Track]) -> String {
    let rows: Vec<&str> = tracks.iter().map(|track| track.row.as_str()).collect();
    format!(r#"{{"content":[{}]}}"#, rows.join(","))
}

/// The same for features.
pub(crate) fn features_body(tracks: &[&Track]) -> String {
    let rows: Vec<&str> = tracks.iter().map(|track| features_row(track)).collect();
    format!(r#"{{"content":[{}]}}"#, rows.join(","))
}

pub(crate) fn features_row(track: &Track) -> &str {
    track.features_row.as_deref().unwrap_or_default()
}
