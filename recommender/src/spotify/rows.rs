//! Spotify's JSON as rows; what cannot be read is left out.

use serde_json::Value;

use super::SpotifyError;
use crate::model::{SpotifyId, TopArtist, TopTrack};

/// `{"items": [...]}`.
pub(super) fn items<T>(body: &[u8], row: fn(&Value) -> Option<T>) -> Result<Vec<T>, SpotifyError> {
    let shape = |why: &str| SpotifyError::Shape(why.to_owned());
    let whole: Value = serde_json::from_slice(body).map_err(|error| shape(&error.to_string()))?;
    let items = whole["items"].as_array().ok_or_else(|| shape("no list of rows under `items`"))?;
    Ok(items.iter().filter_map(row).collect())
}

pub(super) fn track(row: &Value) -> Option<TopTrack> {
    let names = row["artists"].as_array().map(Vec::as_slice).unwrap_or_default();
    Some(TopTrack {
        id: id(row)?.into(),
        name: row["name"].as_str()?.to_owned(),
        artists: texts(names.iter().map(|artist| &artist["name"])),
        popularity: popularity(row),
    })
}

/// A playlist's entry: `track` in all versions so far, `item` in the newest. Episodes have the
/// form of a track but another type.
pub(super) fn entry(row: &Value) -> Option<TopTrack> {
    let inner = row.get("track").or_else(|| row.get("item"))?;
    let is_track = inner["type"].as_str().is_none_or(|kind| kind == "track");
    (is_track && row["is_local"] != true).then(|| track(inner)).flatten()
}

pub(super) fn artist(row: &Value) -> Option<TopArtist> {
    Some(TopArtist {
        id: Some(id(row)?.into()),
        name: row["name"].as_str()?.to_owned(),
        genres: texts(row["genres"].as_array().map(Vec::as_slice).unwrap_or_default().iter()),
        popularity: popularity(row),
    })
}

fn id(row: &Value) -> Option<SpotifyId> {
    row["id"].as_str()?.parse().ok()
}

fn popularity(row: &Value) -> Option<u8> {
    row["popularity"].as_u64().and_then(|value| u8::try_from(value.min(100)).ok())
}

fn texts<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<String> {
    values.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
