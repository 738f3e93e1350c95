//! Growing a catalogue: artist by artist, album by album, from one stream of dice.
//!
//! One stream and one order of draws is what makes equal seeds give equal bytes; a new draw in the
//! middle changes everything after it, which is fine between versions, never within one.

use super::genre::{Curve, GENRES, Genre};
use super::row::{self, AlbumText, TrackText};
use super::{Album, Artist, Features, Track, ids, words};
use crate::dice::Dice;
use std::collections::HashSet;

pub(super) struct Grown {
    pub(super) tracks: Vec<Track>,
    pub(super) artists: Vec<Artist>,
    pub(super) albums: Vec<Album>,
    pub(super) unknown: Vec<String>,
}

/// Catalogue sizes of the first artists, so that long artist pages always exist; the rest is drawn.
const BIG_ARTISTS: [usize; 3] = [300, 180, 110];

struct Grower {
    dice: Dice,
    grown: Grown,
    /// Everything is unique, over all kinds.
    taken: HashSet<String>,
    wanted: usize,
}

pub(super) fn grow(seed: u64, wanted: usize) -> Grown {
    let mut grower = Grower {
        dice: Dice::salted(seed, 0xCA7A),
        grown: Grown {
            tracks: Vec::with_capacity(wanted),
            artists: Vec::new(),
            albums: Vec::new(),
            unknown: Vec::new(),
        },
        taken: HashSet::with_capacity(wanted * 2),
        wanted,
    };
    while grower.grown.tracks.len() < wanted {
        grower.artist();
    }
    for _ in 0..wanted * 15 / 100 {
        let id = grower.spotify();
        grower.grown.unknown.push(id);
    }
    let Grown { tracks, artists, .. } = &mut grower.grown;
    for artist in artists {
        artist.tracks.sort_by_cached_key(|at| tracks[*at].spotify.to_lowercase());
    }
    grower.grown
}

impl Grower {
    fn artist(&mut self) {
        let at = self.grown.artists.len();
        let (id, spotify) = (self.uuid(), self.spotify());
        let name = self.name();
        let row = row::artist(&id, &spotify, &name);
        self.grown.artists.push(Artist { id, spotify, name, tracks: Vec::new(), albums: Vec::new(), row });
        let genre = self.genre();
        let left = self.wanted - self.grown.tracks.len();
        let mut size = self.catalogue_size(at).min(left);
        while size > 0 {
            let tracks = match self.dice.unit() {
                draw if draw < 0.35 => 1,
                _ => self.dice.between(4, 14),
            };
            let tracks = tracks.min(size);
            self.album(at, genre, tracks);
            size -= tracks;
        }
    }

    /// Few artists have many tracks, many have few.
    fn catalogue_size(&mut self, at: usize) -> usize {
        if at < BIG_ARTISTS.len() && self.wanted >= 2_000 {
            return BIG_ARTISTS[at];
        }
        let tail = (0.03 + 0.97 * self.dice.unit()).recip();
        let size = 4.0 * tail * self.dice.unit();
        (1..300).find(|whole| f64::from(*whole) >= size).map_or(300, |whole: u16| usize::from(whole))
    }

    fn album(&mut self, artist: usize, genre: &Genre, tracks: usize) {
        let at = self.grown.albums.len();
        let (id, spotify) = (self.uuid(), self.spotify());
        let name = self.title(genre);
        let members = (0..tracks).map(|_| self.track(artist, at, genre)).collect();
        let mut album = Album { id, spotify, name, artist, tracks: members, row: String::new() };
        let kind = match tracks {
            1..=3 => "single",
            _ if self.dice.chance(0.08) => "compilation",
            _ => "album",
        };
        let (release, precision) = self.release();
        let (countries, popularity) = (self.countries(), self.popularity(genre.popularity));
        let upc = format!("{:012}", self.dice.below(1_000_000_000_000));
        album.row = row::album(
            &album,
            &AlbumText {
                kind,
                artist: &self.grown.artists[artist],
                release: &release,
                precision,
                countries: &countries,
                upc: &upc,
                label: self.dice.pick(words::LABELS),
                popularity,
            },
        );
        self.grown.artists[artist].albums.push(at);
        self.grown.albums.push(album);
    }

    fn track(&mut self, artist: usize, album: usize, genre: &Genre) -> usize {
        let at = self.grown.tracks.len();
        let id = self.uuid();
        let spotify = self.track_spotify(at);
        let mut artists = vec![artist];
        let guest = self.dice.below(artist + 1);
        if guest != artist && self.dice.chance(0.15) {
            artists.push(guest);
        }
        // One recording in a hundred or so appears a second time, as on a compilation.
        let copied = self.grown.artists[artist].tracks.last().copied();
        let copied = copied.filter(|_| self.dice.chance(0.01));
        let original = copied.map(|of| &self.grown.tracks[of]);
        let (isrc, title, mut features) = match original {
            Some(track) => (track.isrc.clone(), track.title.clone(), track.features.clone()),
            None => (self.isrc(), self.title(genre), self.features(genre)),
        };
        let popularity = self.popularity(genre.popularity);
        let countries = self.countries();
        let duration_ms = self.dice.between(95_000, 330_000);
        let guests: Vec<&Artist> = artists.iter().map(|at| &self.grown.artists[*at]).collect();
        let row = row::track(&TrackText {
            id: &id,
            spotify: &spotify,
            isrc: &isrc,
            title: &title,
            artists: &guests,
            duration_ms,
            countries: &countries,
            popularity,
        });
        let features_row = row::features(&mut self.dice, (&id, &spotify, &isrc), &mut features);
        let features_row = (!self.dice.chance(0.005)).then_some(features_row);
        for at_artist in &artists {
            self.grown.artists[*at_artist].tracks.push(at);
        }
        self.grown.tracks.push(Track {
            id,
            spotify,
            isrc,
            title,
            artists,
            album,
            popularity,
            features,
            row,
            features_row,
        });
        at
    }

    fn genre(&mut self) -> &'static Genre {
        let shares = GENRES.iter().map(|genre| genre.share).sum();
        let mut draw = self.dice.below(shares);
        for genre in GENRES {
            if draw < genre.share {
                return genre;
            }
            draw -= genre.share;
        }
        &GENRES[0]
    }

    fn features(&mut self, genre: &Genre) -> Features {
        let instrumentalness = match self.dice.unit() {
            draw if draw < genre.instrumental => self.dice.bell(0.82, 0.08).clamp(0.0, 1.0),
            draw if draw < genre.instrumental + 0.4 => 0.0,
            _ => self.dice.unit().powi(6) * 0.02,
        };
        let liveness = if self.dice.chance(0.06) { (0.8, 0.1) } else { (0.16, 0.07) };
        let key = if self.dice.chance(0.002) { -1 } else { self.small(12) };
        Features {
            acousticness: self.unit(genre.acousticness),
            danceability: self.unit(genre.danceability),
            energy: self.unit(genre.energy),
            instrumentalness,
            key,
            liveness: self.unit(liveness),
            loudness: self.dice.bell(genre.loudness.0, genre.loudness.1).clamp(-60.0, 2.0),
            mode: i8::from(self.dice.chance(0.62)),
            speechiness: self.unit(genre.speechiness),
            tempo: self.dice.bell(genre.tempo.0, genre.tempo.1).clamp(48.0, 214.0),
            valence: self.unit(genre.valence),
        }
    }

    fn unit(&mut self, (mean, spread): Curve) -> f64 {
        self.dice.bell(mean, spread).clamp(0.0, 1.0)
    }

    fn small(&mut self, below: usize) -> i8 {
        i8::try_from(self.dice.below(below)).expect("keys are below 12")
    }

    fn popularity(&mut self, (mean, spread): Curve) -> u8 {
        if self.dice.chance(0.12) {
            return 0;
        }
        let drawn = self.dice.bell(mean, spread).clamp(0.0, 100.0);
        (0..100).find(|whole| f64::from(*whole) >= drawn).unwrap_or(100)
    }

    fn countries(&mut self) -> String {
        if self.dice.chance(0.15) {
            return String::new();
        }
        let keep = self.dice.unit();
        let all = words::COUNTRIES.iter().copied();
        all.filter(|_| self.dice.chance(keep)).collect::<Vec<_>>().join(",")
    }

    fn release(&mut self) -> (String, &'static str) {
        let year = self.dice.between(1965, 2025);
        let (month, day) = (self.dice.between(1, 12), self.dice.between(1, 28));
        match self.dice.below(10) {
            0 => (format!("{year}"), "year"),
            1 => (format!("{year}-{month:02}"), "month"),
            2..=5 => (format!("{year}-{month:02}-{day:02}"), "day"),
            _ => (format!("{year}-{month:02}-{day:02}T00:00:00"), "day"),
        }
    }

    fn title(&mut self, genre: &Genre) -> String {
        let dice = &mut self.dice;
        let mood = if dice.chance(0.5) { dice.pick(genre.moods) } else { dice.pick(words::MOODS) };
        let mood = capitalised(mood);
        let (noun, adjective) = (dice.pick(words::NOUNS), dice.pick(words::ADJECTIVES));
        let title = match dice.below(10) {
            0 => mood,
            1 => format!("{mood} {noun}"),
            2 => format!("{adjective} {mood}"),
            3 => format!("{noun} of {mood}"),
            4 => format!("The {noun}"),
            5 => format!("{noun} & {}", dice.pick(words::NOUNS)),
            6 => format!("{adjective} {noun}"),
            7 => format!("You, Me and the {noun}"),
            8 => format!("{noun} ({mood})"),
            _ => noun.to_owned(),
        };
        if dice.chance(0.12) { title + dice.pick(words::SUFFIXES) } else { title }
    }

    fn name(&mut self) -> String {
        let dice = &mut self.dice;
        match dice.below(4) {
            0 => format!("The {} {}", dice.pick(words::ADJECTIVES), dice.pick(words::BANDS)),
            1 => format!("{} {}", dice.pick(words::NOUNS), dice.pick(words::BANDS)),
            _ => format!("{} {}", dice.pick(words::FIRST_NAMES), dice.pick(words::LAST_NAMES)),
        }
    }

    /// Now and then an id that differs from the one before it in letter case only.
    fn track_spotify(&mut self, at: usize) -> String {
        if at % 500 == 499 {
            let twin = ids::case_twin(&self.grown.tracks[at - 1].spotify);
            if self.taken.insert(twin.clone()) {
                return twin;
            }
        }
        self.spotify()
    }

    fn uuid(&mut self) -> String {
        self.unique(ids::uuid)
    }

    fn spotify(&mut self) -> String {
        self.unique(ids::spotify)
    }

    fn isrc(&mut self) -> String {
        self.unique(ids::isrc)
    }

    fn unique(&mut self, make: fn(&mut Dice) -> String) -> String {
        loop {
            let id = make(&mut self.dice);
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
