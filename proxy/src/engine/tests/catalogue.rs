//! What the scripted upstream knows: numbered tracks, artists and albums, and how they are written.

use crate::api::RowKind;

/// Numbers below these exist upstream; larger ones are well-formed and unknown.
pub(super) const TRACKS: u32 = 10_000;
pub(super) const ARTISTS: u32 = 500;
pub(super) const ALBUMS: u32 = 500;

/// The `RecoBeat` id of track `n`.
pub(super) fn track(n: u32) -> String {
    uuid(RowKind::Track, n)
}

/// The Spotify id of track `n`.
pub(super) fn spotify(n: u32) -> String {
    spotify_of(RowKind::Track, n)
}

pub(super) fn artist(n: u32) -> String {
    uuid(RowKind::Artist, n)
}

/// The artist whose row every row of track `n` holds.
pub(super) fn artist_of(n: u32) -> u32 {
    n % ARTISTS
}

pub(super) fn uuid(kind: RowKind, n: u32) -> String {
    let tag = letter(kind) as u32;
    format!("{tag:08x}-0000-4000-8000-{n:012x}")
}

pub(super) fn spotify_of(kind: RowKind, n: u32) -> String {
    format!("{}{n:021}", letter(kind))
}

/// The number an id of this kind names, known upstream or not.
pub(super) fn number(kind: RowKind, id: &str) -> Option<u32> {
    let tag = letter(kind);
    match id.len() {
        22 => id.strip_prefix(tag)?.parse().ok(),
        36 if id.starts_with(&format!("{:08x}", tag as u32)) => u32::from_str_radix(&id[24..], 16).ok(),
        _ => None,
    }
}

pub(super) fn exists(kind: RowKind, n: u32) -> bool {
    n < match kind {
        RowKind::Track | RowKind::Features => TRACKS,
        RowKind::Artist => ARTISTS,
        RowKind::Album => ALBUMS,
    }
}

/// A row as the upstream writes it, numbers in their odd forms included.
pub(super) fn row(kind: RowKind, n: u32, revision: u32) -> String {
    let (id, spotify) = (uuid(kind, n), spotify_of(kind, n));
    match kind {
        RowKind::Track => format!(
            r#"{{"id":"{id}","trackTitle":"Title {n}","artists":[{}],"durationMs":201000,"isrc":"XXABC{n:07}","ean":null,"upc":null,"href":"https://open.spotify.com/track/{spotify}","availableCountries":"","popularity":{revision}}}"#,
            row(RowKind::Artist, artist_of(n), 0)
        ),
        RowKind::Features => format!(
            r#"{{"id":"{id}","href":"https://open.spotify.com/track/{spotify}","acousticness":0,"danceability":0.50,"energy":6.1e-1,"instrumentalness":0.0000954,"key":7,"liveness":0.1,"loudness":-7.2,"mode":1,"speechiness":0.0,"tempo":{revision}.0,"valence":0.33}}"#
        ),
        RowKind::Artist => {
            format!(
                r#"{{"id":"{id}","name":"Artist {n}","href":"https://open.spotify.com/artist/{spotify}"}}"#
            )
        }
        RowKind::Album => format!(
            r#"{{"id":"{id}","albumType":"album","artists":[],"totalTracks":11,"href":"https://open.spotify.com/album/{spotify}","name":"Album {n}"}}"#
        ),
    }
}

/// The answer to a list of ids, in the order asked: what the proxy must say.
pub(super) fn list(kind: RowKind, numbers: impl IntoIterator<Item = u32>) -> String {
    let rows: Vec<String> = numbers.into_iter().map(|n| row(kind, n, 0)).collect();
    content(&rows)
}

pub(super) fn content(rows: &[String]) -> String {
    format!("{{\"content\":[{}]}}", rows.join(","))
}

fn letter(kind: RowKind) -> char {
    match kind {
        RowKind::Track | RowKind::Features => 'T',
        RowKind::Artist => 'R',
        RowKind::Album => 'L',
    }
}
