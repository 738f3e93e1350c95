//! What this RecoBeat knows: tracks, artists and albums, and how they are found.
//!
//! The catalogue is a value: grown once from a seed, shared, never changed. Everything that varies
//! from call to call (order, recommendations, faults) is decided elsewhere, so a test may compute
//! from the catalogue what a right answer must contain.

mod genre;
mod grow;
pub(crate) mod ids;
mod made_up;
mod row;
mod words;

use std::collections::HashMap;

/// One track. Positions (`artists`, `album`) index into the catalogue's lists.
#[derive(Debug, Clone)]
pub struct Track {
    /// The RecoBeat id, a lower-case UUID.
    pub id: String,
    /// The Spotify id, 22 characters, case-sensitive.
    pub spotify: String,
    /// The recording code; a few recordings are in the catalogue twice, under one code.
    pub isrc: String,
    pub title: String,
    /// Positions of the artists, the main artist first.
    pub artists: Vec<usize>,
    /// Position of the album.
    pub album: usize,
    /// 0–100; 0 is common.
    pub popularity: u8,
    /// What the track sounds like. The upstream tells only if `features_row` is there.
    pub features: Features,
    /// The track row, exactly as every answer has it.
    pub row: String,
    /// The features row; a few known tracks have none.
    pub features_row: Option<String>,
}

/// Audio features with the ranges of contract §3.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    pub acousticness: f64,
    pub danceability: f64,
    pub energy: f64,
    pub instrumentalness: f64,
    /// −1 (none) to 11.
    pub key: i8,
    pub liveness: f64,
    pub loudness: f64,
    /// 0 minor, 1 major.
    pub mode: i8,
    pub speechiness: f64,
    pub tempo: f64,
    pub valence: f64,
}

/// One artist.
#[derive(Debug, Clone)]
pub struct Artist {
    pub id: String,
    pub spotify: String,
    pub name: String,
    /// Positions of the tracks, sorted by Spotify id ignoring case, as the upstream lists them.
    pub tracks: Vec<usize>,
    pub albums: Vec<usize>,
    pub row: String,
}

/// One album.
#[derive(Debug, Clone)]
pub struct Album {
    pub id: String,
    pub spotify: String,
    pub name: String,
    /// Position of the artist.
    pub artist: usize,
    pub tracks: Vec<usize>,
    pub row: String,
}

/// All that is known, with its indexes.
#[derive(Debug)]
pub struct Catalogue {
    seed: u64,
    tracks: Vec<Track>,
    artists: Vec<Artist>,
    albums: Vec<Album>,
    unknown: Vec<String>,
    index: Index,
}

/// Both ids of a thing lead to its position; a recording code leads to several tracks.
#[derive(Debug, Default)]
struct Index {
    tracks: HashMap<String, usize>,
    artists: HashMap<String, usize>,
    albums: HashMap<String, usize>,
    isrcs: HashMap<String, Vec<usize>>,
    /// Titles and names in lower case, for searching.
    titles: Vec<String>,
    artist_names: Vec<String>,
    album_names: Vec<String>,
}

impl Catalogue {
    /// Grows a catalogue of `tracks` tracks. Equal arguments give equal bytes.
    #[must_use]
    pub fn grow(seed: u64, tracks: usize) -> Self {
        let grown = grow::grow(seed, tracks);
        let index = Index::of(&grown);
        Self {
            seed,
            tracks: grown.tracks,
            artists: grown.artists,
            albums: grown.albums,
            unknown: grown.unknown,
            index,
        }
    }

    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    pub fn artists(&self) -> &[Artist] {
        &self.artists
    }

    pub fn albums(&self) -> &[Album] {
        &self.albums
    }

    /// Spotify ids that exist in the world but not here: 15 % on top of the tracks.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The track with this RecoBeat or Spotify id.
    pub fn track(&self, id: &str) -> Option<&Track> {
        self.track_position(id).map(|at| &self.tracks[at])
    }

    /// The artist with this RecoBeat or Spotify id.
    pub fn artist(&self, id: &str) -> Option<&Artist> {
        self.index.artists.get(id).map(|at| &self.artists[*at])
    }

    /// The album with this RecoBeat or Spotify id.
    pub fn album(&self, id: &str) -> Option<&Album> {
        self.index.albums.get(id).map(|at| &self.albums[*at])
    }

    /// All tracks with this recording code.
    pub fn recordings(&self, isrc: &str) -> impl Iterator<Item = &Track> {
        self.index.isrcs.get(isrc).into_iter().flatten().map(|at| &self.tracks[*at])
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn track_position(&self, id: &str) -> Option<usize> {
        self.index.tracks.get(id).copied()
    }

    pub(crate) fn titles(&self) -> &[String] {
        &self.index.titles
    }

    pub(crate) fn artist_names(&self) -> &[String] {
        &self.index.artist_names
    }

    pub(crate) fn album_names(&self) -> &[String] {
        &self.index.album_names
    }
}

impl Index {
    fn of(grown: &grow::Grown) -> Self {
        let mut index = Self::default();
        for (at, track) in grown.tracks.iter().enumerate() {
            index.tracks.insert(track.id.clone(), at);
            index.tracks.insert(track.spotify.clone(), at);
            index.isrcs.entry(track.isrc.clone()).or_default().push(at);
            index.titles.push(track.title.to_lowercase());
        }
        for (at, artist) in grown.artists.iter().enumerate() {
            index.artists.insert(artist.id.clone(), at);
            index.artists.insert(artist.spotify.clone(), at);
            index.artist_names.push(artist.name.to_lowercase());
        }
        for (at, album) in grown.albums.iter().enumerate() {
            index.albums.insert(album.id.clone(), at);
            index.albums.insert(album.spotify.clone(), at);
            index.album_names.push(album.name.to_lowercase());
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn bytes(catalogue: &Catalogue) -> String {
        let mut all = String::new();
        for track in catalogue.tracks() {
            all.push_str(&track.row);
            all.push_str(track.features_row.as_deref().unwrap_or("-"));
        }
        for row in catalogue.artists().iter().map(|artist| &artist.row) {
            all.push_str(row);
        }
        for row in catalogue.albums().iter().map(|album| &album.row) {
            all.push_str(row);
        }
        all + &catalogue.unknown().concat()
    }

    #[test]
    fn one_seed_gives_one_catalogue() {
        assert_eq!(bytes(&Catalogue::grow(4, 1_500)), bytes(&Catalogue::grow(4, 1_500)));
        assert_ne!(bytes(&Catalogue::grow(4, 1_500)), bytes(&Catalogue::grow(5, 1_500)));
    }

    #[test]
    fn rows_have_the_documented_keys_in_the_documented_order() {
        let catalogue = Catalogue::grow(1, 800);
        let keys = |row: &str| -> Vec<String> {
            let value: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(row).expect("a row is JSON");
            value.keys().cloned().collect()
        };
        for track in catalogue.tracks() {
            assert_eq!(
                keys(&track.row).join(" "),
                "id trackTitle artists durationMs isrc ean upc href availableCountries popularity"
            );
            if let Some(row) = &track.features_row {
                assert_eq!(
                    keys(row).join(" "),
                    "id href isrc acousticness danceability energy instrumentalness key liveness \
                     loudness mode speechiness tempo valence"
                );
            }
        }
        assert_eq!(keys(&catalogue.artists()[0].row).join(" "), "id name href");
        assert_eq!(
            keys(&catalogue.albums()[0].row).join(" "),
            "id albumType artists totalTracks href name availableCountries releaseDate \
             releaseDateFormat isrc ean upc label popularity"
        );
    }

    #[test]
    fn the_default_catalogue_serves_every_mood_word() {
        let catalogue = Catalogue::grow(1, 20_000);
        assert_eq!(catalogue.tracks().len(), 20_000);
        for word in words::MOODS {
            let found = catalogue.titles().iter().filter(|title| title.contains(word)).count();
            assert!(found >= 20, "{word} finds {found}");
        }
    }

    #[test]
    fn the_default_catalogue_has_the_oddities_of_the_real_one() {
        let catalogue = Catalogue::grow(1, 20_000);
        let tracks = catalogue.tracks();
        let bare = tracks.iter().filter(|track| track.features_row.is_none()).count();
        assert!((40..=200).contains(&bare), "{bare} tracks without features");
        let codes: HashSet<&str> = tracks.iter().map(|track| track.isrc.as_str()).collect();
        let twins = tracks.len() - codes.len();
        assert!((20..=400).contains(&twins), "{twins} recordings twice");
        assert!(tracks.iter().any(|track| track.row.contains(r#""availableCountries":"""#)));
        assert_eq!(catalogue.unknown().len(), 3_000);
        assert!(catalogue.unknown().iter().all(|id| catalogue.track(id).is_none()));
        let sizes: Vec<usize> = catalogue.artists().iter().map(|a| a.tracks.len()).collect();
        assert!(sizes.iter().any(|size| *size >= 250));
        assert!(sizes.contains(&1));
        let folded: HashSet<String> = tracks.iter().map(|t| t.spotify.to_lowercase()).collect();
        assert!(folded.len() < tracks.len(), "some Spotify ids differ in case only");
    }

    #[test]
    fn features_stay_in_range() {
        for track in Catalogue::grow(2, 3_000).tracks() {
            let f = &track.features;
            for unit in [
                f.acousticness,
                f.danceability,
                f.energy,
                f.instrumentalness,
                f.liveness,
                f.speechiness,
                f.valence,
            ] {
                assert!((0.0..=1.0).contains(&unit));
            }
            assert!((40.0..=250.0).contains(&f.tempo));
            assert!((-60.0..=2.0).contains(&f.loudness));
            assert!((-1..=11).contains(&f.key));
        }
    }
}
