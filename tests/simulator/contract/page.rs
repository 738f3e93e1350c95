//! Searches and sub-lists: everything that comes in pages (contract §3, §4, §8).

use super::rows::path_id;
use super::{Endpoint, Params, Refusal};
use crate::catalogue::Catalogue;
use crate::dice::scramble;

const LONGEST_SEARCH: usize = 1000;

/// Case-insensitive substring of one field. The order is stable but says nothing about how well
/// a row fits, like the upstream's: the exact match can be on a later page.
pub(super) fn search(catalogue: &Catalogue, endpoint: Endpoint, params: &Params) -> Result<String, Refusal> {
    let text = params.first("searchText").ok_or_else(|| Refusal::absent("searchText"))?;
    let shortest = if endpoint == Endpoint::TrackSearch { 3 } else { 1 };
    if !(shortest..=LONGEST_SEARCH).contains(&text.chars().count()) {
        let message = format!("size must be between {shortest} and {LONGEST_SEARCH}");
        return Err(Refusal::range(endpoint, "searchText", message));
    }
    let window = Window::of(endpoint, params)?;
    let text = text.to_lowercase();
    let fields = match endpoint {
        Endpoint::TrackSearch => catalogue.titles(),
        Endpoint::ArtistSearch => catalogue.artist_names(),
        _ => catalogue.album_names(),
    };
    let mut found: Vec<usize> = (0..fields.len()).filter(|at| fields[*at].contains(&text)).collect();
    found.sort_by_key(|at| scramble(catalogue.seed() ^ *at as u64));
    Ok(window.show(&found, |at| match endpoint {
        Endpoint::TrackSearch => &catalogue.tracks()[at].row,
        Endpoint::ArtistSearch => &catalogue.artists()[at].row,
        _ => &catalogue.albums()[at].row,
    }))
}

/// The tracks or albums of an artist, the tracks of an album.
pub(super) fn sub_list(
    catalogue: &Catalogue,
    endpoint: Endpoint,
    id: &str,
    params: &Params,
) -> Result<String, Refusal> {
    let id = path_id(id)?;
    let window = Window::of(endpoint, params)?;
    let tracks = |at: usize| catalogue.tracks()[at].row.as_str();
    if endpoint == Endpoint::AlbumTracks {
        let album = catalogue.album(id).ok_or_else(|| Refusal::missing("album"))?;
        return Ok(window.show(&album.tracks, tracks));
    }
    let artist = catalogue.artist(id).ok_or_else(|| Refusal::missing("artist"))?;
    Ok(if endpoint == Endpoint::ArtistTracks {
        window.show(&artist.tracks, tracks)
    } else {
        window.show(&artist.albums, |at| &catalogue.albums()[at].row)
    })
}

/// Which rows of a list a page shows.
struct Window {
    page: usize,
    size: usize,
}

impl Window {
    fn of(endpoint: Endpoint, params: &Params) -> Result<Self, Refusal> {
        let page = params.whole(endpoint, "page", 0..=1000, 0)?;
        let size = params.whole(endpoint, "size", 1..=50, 25)?;
        Ok(Self {
            page: usize::try_from(page).expect("a page is 0 to 1000"),
            size: usize::try_from(size).expect("a size is 1 to 50"),
        })
    }

    fn show<'a>(&self, found: &[usize], row: impl Fn(usize) -> &'a str) -> String {
        let shown = found.iter().skip(self.page * self.size).take(self.size);
        let rows: Vec<&str> = shown.map(|at| row(*at)).collect();
        format!(
            r#"{{"content":[{}],"page":{},"size":{},"totalElements":{},"totalPages":{}}}"#,
            rows.join(","),
            self.page,
            self.size,
            found.len(),
            found.len().div_ceil(self.size)
        )
    }
}
