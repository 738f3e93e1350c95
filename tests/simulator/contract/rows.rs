//! Multi-gets and single-gets (contract §5, §6).

use super::{Endpoint, Params, Refusal, Tricks};
use crate::catalogue::{Catalogue, ids};
use crate::dice::Dice;
use std::borrow::Cow;
use std::collections::HashSet;

/// Ids in one call; one more and the whole call is refused.
const MOST_IDS: usize = 40;

/// `{"content":[…]}`: known rows in an arbitrary order, once each; what is unknown is left out.
pub(super) fn multi_get(
    catalogue: &Catalogue,
    endpoint: Endpoint,
    params: &Params,
    tricks: &Tricks,
    dice: &mut Dice,
) -> Result<String, Refusal> {
    let ids = params.required_list("ids")?;
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(Refusal::range(endpoint, "ids", "size must be between 1 and 40"));
    }
    let mut seen = HashSet::new();
    let mut rows: Vec<Cow<'_, str>> = ids
        .iter()
        .filter(|id| !tricks.drops(id))
        .flat_map(|id| rows_of(catalogue, endpoint, tricks.relinked(id), tricks))
        .filter(|row| seen.insert(row.clone()))
        .filter(|row| !tricks.drops_row(row))
        .collect();
    dice.shuffle(&mut rows);
    Ok(format!(r#"{{"content":[{}]}}"#, rows.join(",")))
}

/// The rows of one id: none, one, or several for a recording code.
fn rows_of<'a>(catalogue: &'a Catalogue, endpoint: Endpoint, id: &str, tricks: &Tricks) -> Vec<Cow<'a, str>> {
    let rows = known_rows(catalogue, endpoint, id);
    if rows.is_empty() && tricks.endless && ids::is_uuid(id) {
        let made_up = match endpoint {
            Endpoint::Tracks => Some(catalogue.made_up_track(id)),
            Endpoint::Features => Some(catalogue.made_up_features(id)),
            _ => None,
        };
        return made_up.map(Cow::Owned).into_iter().collect();
    }
    rows.into_iter().map(Cow::Borrowed).collect()
}

fn known_rows<'a>(catalogue: &'a Catalogue, endpoint: Endpoint, id: &str) -> Vec<&'a str> {
    match endpoint {
        Endpoint::Tracks => catalogue.track(id).map(|track| track.row.as_str()).into_iter().collect(),
        Endpoint::Features => catalogue
            .track(id)
            .into_iter()
            .chain(catalogue.recordings(id))
            .filter_map(|track| track.features_row.as_deref())
            .collect(),
        Endpoint::Artists => catalogue.artist(id).map(|artist| artist.row.as_str()).into_iter().collect(),
        _ => catalogue.album(id).map(|album| album.row.as_str()).into_iter().collect(),
    }
}

/// The bare row of one RecoBeat id.
pub(super) fn single_get(catalogue: &Catalogue, endpoint: Endpoint, id: &str) -> Result<String, Refusal> {
    let id = path_id(id)?;
    let (row, what) = match endpoint {
        Endpoint::Track => (catalogue.track(id).map(|track| track.row.as_str()), "track"),
        Endpoint::TrackFeatures => {
            let track = catalogue.track(id);
            (track.and_then(|track| track.features_row.as_deref()), "audio features")
        }
        Endpoint::Artist => (catalogue.artist(id).map(|artist| artist.row.as_str()), "artist"),
        _ => (catalogue.album(id).map(|album| album.row.as_str()), "album"),
    };
    row.map(str::to_owned).ok_or_else(|| Refusal::missing(what))
}

/// Only RecoBeat ids are valid in paths.
pub(super) fn path_id(segment: &str) -> Result<&str, Refusal> {
    if ids::is_uuid(segment) { Ok(segment) } else { Err(Refusal::invalid("id", segment)) }
}
