//! What holds of every list, whatever the mood: read off the answer and the catalogue, since artists of
//! one name need not be one artist.

use super::list;
use super::scene::catalogue;
use recobeat_sim::Catalogue;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const FEATURES: [&str; 12] = [
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "tempo",
    "valence",
    "popularity",
];
const SOURCES: [&str; 4] = ["anchor_track", "artist_discovery", "reccobeat", "fallback"];
const PHASES: [&str; 6] = ["opening", "build", "mid", "high", "descent", "closure"];

/// Tracks of one artist among those that nobody asked for.
const ARTIST_CAP: usize = 2;

/// What is wrong with the recommendations of a result; nothing, if all is well.
pub(crate) fn wrong(results: &Value) -> Vec<String> {
    let rows = list(results, "recommendations");
    let mut wrong = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        wrong.extend(wrong_row(at, row).into_iter().map(|what| format!("row {at}: {what}")));
    }
    wrong.extend(twins(rows));
    wrong.extend(crowded(rows, catalogue()));
    wrong
}

fn wrong_row(at: usize, row: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}: {row}"));
        }
    };
    let named = |member: &str, among: &[&str]| row[member].as_str().is_some_and(|text| among.contains(&text));
    let share = |member: &str| row[member].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share));
    must(row["position"] == at, "position");
    must(named("source", &SOURCES), "source");
    must(named("phase", &PHASES), "phase");
    must(named("features_source", &["api", "partial", "default"]), "features_source");
    must(share("confidence_score"), "confidence_score");
    must(share("cohesion_score"), "cohesion_score");
    must(row["reccobeat_id"].as_str().is_some_and(|id| id.len() == 36), "reccobeat_id");
    must(row["track_id"].is_null() || row["track_id"].as_str().is_some_and(|id| id.len() == 22), "track_id");
    must(row["track_name"].as_str().is_some_and(|name| !name.is_empty()), "track_name");
    must(!list(row, "artists").is_empty(), "artists");
    must(row["reasoning"].as_str().is_some_and(|text| !text.is_empty()), "reasoning");
    must(FEATURES.iter().all(|feature| row["audio_features"][feature].is_number()), "audio_features");
    wrong
}

/// Rows that are the same track by id, Spotify id, recording, or title and artists.
fn twins(rows: &[Value]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in rows {
        let keys = [
            row["reccobeat_id"].as_str().map(str::to_lowercase),
            row["track_id"].as_str().map(str::to_owned),
            row["isrc"].as_str().map(str::to_uppercase),
            Some(title_and_artists(row)),
        ];
        for (kind, key) in keys.into_iter().enumerate() {
            if let Some(key) = key.filter(|key| !key.is_empty())
                && !seen.insert((kind, key.clone()))
            {
                wrong.push(format!("twice: {key}"));
            }
        }
    }
    wrong
}

fn title_and_artists(row: &Value) -> String {
    let title = plain(row["track_name"].as_str().unwrap_or_default());
    let mut artists = artists(row);
    artists.sort_unstable();
    format!("{title} by {}", artists.join(", "))
}

/// Without what tells two issues of one recording apart.
fn plain(title: &str) -> String {
    let title = title.to_lowercase();
    let starts = [
        " (feat",
        " [feat",
        " (with ",
        " (radio edit",
        " - radio edit",
        " (remaster",
        " - remaster",
        " - feat",
    ];
    let end = starts.iter().filter_map(|start| title.find(start)).min().unwrap_or(title.len());
    title[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn artists(row: &Value) -> Vec<String> {
    list(row, "artists").iter().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

fn crowded(rows: &[Value], catalogue: &Catalogue) -> Vec<String> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["user_mentioned"] == false && row["protected"] == false) {
        let track = row["reccobeat_id"].as_str().and_then(|id| catalogue.track(id));
        let artists = track.map(|track| track.artists.as_slice()).unwrap_or_default();
        artists.iter().for_each(|artist| *counts.entry(*artist).or_default() += 1);
    }
    let crowded = counts.into_iter().filter(|(_, count)| *count > ARTIST_CAP);
    crowded.map(|(artist, count)| format!("{count} tracks of {}", catalogue.artists()[artist].name)).collect()
}
