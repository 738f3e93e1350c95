//! Rows of tracks that are in no catalogue: as many as there are UUIDs, in no memory.
//!
//! What is known of one is drawn from its id, so that equal ids give equal bytes.

use super::row::{self, TrackText};
use super::{Artist, Catalogue, Track, ids};
use crate::dice::{Dice, scramble};

/// The parts that differ from the track whose sound and name are borrowed.
struct MadeUp<'a> {
    dice: Dice,
    like: &'a Track,
    spotify: String,
    isrc: String,
}

impl Catalogue {
    /// The track row under this id.
    pub(crate) fn made_up_track(&self, id: &str) -> String {
        let MadeUp { like, spotify, isrc, .. } = self.made_up(id);
        let artists: Vec<&Artist> = like.artists.iter().map(|at| &self.artists[*at]).collect();
        row::track(&TrackText {
            id,
            spotify: &spotify,
            isrc: &isrc,
            title: &like.title,
            artists: &artists,
            duration_ms: 200_000,
            countries: "",
            popularity: like.popularity,
        })
    }

    /// The features row under this id.
    pub(crate) fn made_up_features(&self, id: &str) -> String {
        let MadeUp { mut dice, like, spotify, isrc } = self.made_up(id);
        row::features(&mut dice, (id, &spotify, &isrc), &mut like.features.clone())
    }

    fn made_up(&self, id: &str) -> MadeUp<'_> {
        let salt = id.bytes().fold(0, |hash, byte| scramble(hash ^ u64::from(byte)));
        let mut dice = Dice::salted(self.seed, salt);
        let like = &self.tracks[dice.below(self.tracks.len())];
        MadeUp { like, spotify: ids::spotify(&mut dice), isrc: ids::isrc(&mut dice), dice }
    }
}
