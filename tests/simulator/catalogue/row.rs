//! The objects of contract §3 as text: the documented keys, in the documented order.
//!
//! A row is rendered once, when the catalogue is grown, and answered as the same bytes ever after.
//! That is what lets a test demand that a proxy forwards rows untouched, numbers included: they
//! come as `0`, `0.0` or `0.0000954`, chosen once per number.

use super::{Album, Artist, Features};
use crate::dice::Dice;
use serde_json::Value;

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// One number as the upstream might print it; never with an exponent.
pub(super) fn number(dice: &mut Dice, value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let text = if text == "-0" { "0" } else { text };
    if text.contains('.') || dice.chance(0.5) { text.to_owned() } else { format!("{text}.0") }
}

pub(super) fn artist(id: &str, spotify: &str, name: &str) -> String {
    format!(r#"{{"id":"{id}","name":{},"href":"https://open.spotify.com/artist/{spotify}"}}"#, quoted(name))
}

fn artist_list(artists: &[&Artist]) -> String {
    let rows: Vec<&str> = artists.iter().map(|artist| artist.row.as_str()).collect();
    rows.join(",")
}

/// What a track row says besides its ids.
pub(super) struct TrackText<'a> {
    pub(super) id: &'a str,
    pub(super) spotify: &'a str,
    pub(super) isrc: &'a str,
    pub(super) title: &'a str,
    pub(super) artists: &'a [&'a Artist],
    pub(super) duration_ms: usize,
    pub(super) countries: &'a str,
    pub(super) popularity: u8,
}

pub(super) fn track(track: &TrackText) -> String {
    format!(
        concat!(
            r#"{{"id":"{}","trackTitle":{},"artists":[{}],"durationMs":{},"isrc":"{}","ean":null,"upc":null,"#,
            r#""href":"https://open.spotify.com/track/{}","availableCountries":"{}","popularity":{}}}"#
        ),
        track.id,
        quoted(track.title),
        artist_list(track.artists),
        track.duration_ms,
        track.isrc,
        track.spotify,
        track.countries,
        track.popularity
    )
}

/// What an album row says besides its ids.
pub(super) struct AlbumText<'a> {
    pub(super) kind: &'a str,
    pub(super) artist: &'a Artist,
    pub(super) release: &'a str,
    pub(super) precision: &'a str,
    pub(super) countries: &'a str,
    pub(super) upc: &'a str,
    pub(super) label: &'a str,
    pub(super) popularity: u8,
}

pub(super) fn album(album: &Album, text: &AlbumText) -> String {
    format!(
        concat!(
            r#"{{"id":"{}","albumType":"{}","artists":[{}],"totalTracks":{},"#,
            r#""href":"https://open.spotify.com/album/{}","name":{},"availableCountries":"{}","#,
            r#""releaseDate":"{}","releaseDateFormat":"{}","isrc":null,"ean":null,"upc":"{}","#,
            r#""label":{},"popularity":{}}}"#
        ),
        album.id,
        text.kind,
        artist_list(&[text.artist]),
        album.tracks.len(),
        album.spotify,
        quoted(&album.name),
        text.countries,
        text.release,
        text.precision,
        text.upc,
        quoted(text.label),
        text.popularity
    )
}

/// Renders a features row and takes the values over from the text, so that both agree exactly.
pub(super) fn features(
    dice: &mut Dice,
    (id, spotify, isrc): (&str, &str, &str),
    values: &mut Features,
) -> String {
    let head = format!(r#"{{"id":"{id}","href":"https://open.spotify.com/track/{spotify}","isrc":"{isrc}""#);
    let mut row = Row { dice, text: head };
    row.decimal("acousticness", &mut values.acousticness, 3);
    row.decimal("danceability", &mut values.danceability, 3);
    row.decimal("energy", &mut values.energy, 3);
    row.decimal("instrumentalness", &mut values.instrumentalness, 7);
    row.whole("key", values.key);
    row.decimal("liveness", &mut values.liveness, 4);
    row.decimal("loudness", &mut values.loudness, 3);
    row.whole("mode", values.mode);
    row.decimal("speechiness", &mut values.speechiness, 4);
    row.decimal("tempo", &mut values.tempo, 3);
    row.decimal("valence", &mut values.valence, 3);
    row.text.push('}');
    row.text
}

struct Row<'a> {
    dice: &'a mut Dice,
    text: String,
}

impl Row<'_> {
    fn decimal(&mut self, name: &str, value: &mut f64, decimals: usize) {
        let printed = number(self.dice, *value, decimals);
        *value = printed.parse().expect("a printed number parses");
        self.push(name, &printed);
    }

    fn whole(&mut self, name: &str, value: i8) {
        self.push(name, &value.to_string());
    }

    fn push(&mut self, name: &str, printed: &str) {
        self.text.push_str(",\"");
        self.text.push_str(name);
        self.text.push_str("\":");
        self.text.push_str(printed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_several_forms_but_never_an_exponent() {
        let mut dice = Dice::new(5);
        let zeros: Vec<String> = (0..40).map(|_| number(&mut dice, 0.0, 3)).collect();
        assert!(zeros.contains(&"0".to_owned()));
        assert!(zeros.contains(&"0.0".to_owned()));
        assert_eq!(number(&mut dice, 0.000_095_4, 7), "0.0000954");
        assert_eq!(number(&mut dice, -7.2, 3), "-7.2");
    }
}
