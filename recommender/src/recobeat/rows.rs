//! The upstream's JSON as rows.
//!
//! Lenient about what is inside a row, because it comes from far away and nobody promised anything:
//! unknown fields are ignored, numbers are numbers however they are written, `null` is unknown, and
//! a row that has no id or no name is left out and counted. The body around the rows must be right:
//! taking something else for an empty list would look like tracks that do not exist.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{CallError, FeatureRow, Page};
use crate::model::{Artist, ArtistName, Feature, Features, SpotifyId, Track};

pub(super) type Row = Map<String, Value>;

/// Rows of an answer, and how many of it could not be read.
#[derive(Debug)]
pub(super) struct Read<T> {
    pub(super) rows: T,
    pub(super) skipped: u32,
}

/// `{"content": [...]}`.
pub(super) fn list<T>(body: &[u8], row: fn(&Row) -> Option<T>) -> Result<Read<Vec<T>>, CallError> {
    let (_, read) = content(body, row)?;
    Ok(read)
}

/// The same with `page` and `totalPages`. Without them the page asked for is taken for the last.
pub(super) fn page<T>(
    body: &[u8],
    asked: u32,
    row: fn(&Row) -> Option<T>,
) -> Result<Read<Page<T>>, CallError> {
    let (whole, Read { rows, skipped }) = content(body, row)?;
    let page = whole_number(&whole, "page").unwrap_or(asked);
    let total_pages = whole_number(&whole, "totalPages").unwrap_or(page.saturating_add(1));
    Ok(Read { rows: Page { rows, page, total_pages }, skipped })
}

fn content<T>(body: &[u8], row: fn(&Row) -> Option<T>) -> Result<(Row, Read<Vec<T>>), CallError> {
    let whole: Value = serde_json::from_slice(body).map_err(|error| CallError::Shape(error.to_string()))?;
    let Value::Object(mut whole) = whole else { return Err(CallError::Shape("no object".into())) };
    let Some(Value::Array(given)) = whole.remove("content") else {
        return Err(CallError::Shape("no list of rows under `content`".into()));
    };
    let rows: Vec<T> = given.iter().filter_map(|given| row(given.as_object()?)).collect();
    let skipped = u32::try_from(given.len() - rows.len()).unwrap_or(u32::MAX);
    Ok((whole, Read { rows, skipped }))
}

pub(super) fn track(row: &Row) -> Option<Track> {
    let artists = row.get("artists").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |artist: &Value| {
        let artist = artist.as_object()?;
        Some(ArtistName { id: id(artist)?, name: text(artist, "name")?.to_owned() })
    };
    Some(Track {
        id: id(row)?,
        spotify: spotify(row),
        title: text(row, "trackTitle")?.to_owned(),
        artists: artists.iter().filter_map(named).collect(),
        duration_ms: whole_number(row, "durationMs").unwrap_or_default().into(),
        isrc: text(row, "isrc").map(str::to_owned),
        popularity: percent(row, "popularity"),
    })
}

pub(super) fn artist(row: &Row) -> Option<Artist> {
    Some(Artist {
        id: id(row)?,
        spotify: spotify(row),
        name: text(row, "name")?.to_owned(),
        genres: Vec::new(),
        popularity: None,
    })
}

/// Values out of range are drawn to its end: loudness is only about within its limits.
pub(super) fn features(row: &Row) -> Option<FeatureRow> {
    let value = |feature: Feature| {
        let limits = feature.limits();
        let given = (feature != Feature::Popularity).then(|| number(row, feature.name())).flatten();
        given.map(|given| given.clamp(limits.low, limits.high))
    };
    Some(FeatureRow { id: id(row)?, spotify: spotify(row), features: Features::from_fn(value) })
}

fn id(row: &Row) -> Option<Uuid> {
    Uuid::try_parse(row.get("id")?.as_str()?).ok()
}

fn spotify(row: &Row) -> Option<SpotifyId> {
    SpotifyId::from_href(row.get("href")?.as_str()?)
}

/// Not blank.
fn text<'r>(row: &'r Row, name: &str) -> Option<&'r str> {
    row.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

fn number(row: &Row, name: &str) -> Option<f64> {
    row.get(name)?.as_f64().filter(|number| number.is_finite())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the range of u32
fn whole_number(row: &Row, name: &str) -> Option<u32> {
    let number = number(row, name)?.round();
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
}

fn percent(row: &Row, name: &str) -> Option<u8> {
    whole_number(row, name).and_then(|number| u8::try_from(number.min(100)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const ID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";

    fn row(value: &Value) -> &Row {
        value.as_object().expect("an object")
    }

    #[test]
    fn a_track_is_read_whatever_else_its_row_has() {
        let given = json!({
            "id": ID, "trackTitle": "Paper Lanterns", "durationMs": 201_000.0, "isrc": null, "ean": null,
            "artists": [{"id": ID, "name": "Nova Ferry", "href": 1}, {"name": "no id"}, null],
            "href": "https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF", "popularity": 12, "new": {},
        });
        let track = track(row(&given)).expect("a track");
        assert_eq!(track.title, "Paper Lanterns");
        assert_eq!((track.duration_ms, track.popularity, track.isrc), (201_000, Some(12), None));
        assert_eq!(track.spotify.expect("an id").as_str(), "2ZyXwVuTsRqPoNmLkJiHgF");
        assert_eq!(track.artists.len(), 1);
    }

    #[test]
    fn features_are_known_or_not_and_never_out_of_range() {
        let given = json!({
            "id": ID, "energy": 1, "valence": null, "tempo": "fast", "loudness": 2.7, "key": -1,
            "popularity": 3,
        });
        let FeatureRow { features, spotify, .. } = features(row(&given)).expect("a row");
        let known: Vec<_> = features.known().collect();
        let expected = [(Feature::Energy, 1.0), (Feature::Key, -1.0), (Feature::Loudness, 2.0)];
        assert_eq!((known.as_slice(), spotify), (expected.as_slice(), None));
    }

    #[test]
    fn rows_that_cannot_be_read_are_counted() {
        let body = json!({"content": [{"id": ID, "name": "A"}, {"id": "x", "name": "B"}, {"id": ID}, 7]});
        let read = list(body.to_string().as_bytes(), artist).expect("a list");
        assert_eq!((read.rows.len(), read.skipped), (1, 3));
    }

    #[test]
    fn a_page_without_numbers_is_the_last() {
        let read = page(br#"{"content":[]}"#, 2, artist).expect("a page").rows;
        assert_eq!((read.page, read.total_pages), (2, 3));
        let read = page(br#"{"content":[],"page":4294967295}"#, 0, artist).expect("a page").rows;
        assert_eq!((read.page, read.total_pages), (u32::MAX, u32::MAX));
        let read = page(br#"{"content":[],"page":0,"size":25,"totalPages":44}"#, 0, artist).expect("a page");
        assert_eq!(read.rows.total_pages, 44);
    }

    #[test]
    fn what_is_around_the_rows_must_be_right() {
        for body in ["", "[]", "null", "{}", r#"{"content":{}}"#, r#"{"content":[{"id""#, "<html>"] {
            let read = list(body.as_bytes(), artist);
            assert!(matches!(read, Err(CallError::Shape(_))), "{body}: {read:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_inside_a_row_makes_reading_fail(text in ".{0,12}", number in any::<f64>(), whole in any::<i64>()) {
            let id = ID;
            let given = json!({"content": [{
                "id": id, "trackTitle": text, "name": text, "href": text, "isrc": whole, "popularity": number,
                "durationMs": whole, "artists": [text, number], "tempo": number, "energy": whole, "mode": number,
            }], "page": whole, "totalPages": number}).to_string();
            prop_assert!(page(given.as_bytes(), 0, track).is_ok());
            let read = list(given.as_bytes(), features).expect("a list").rows;
            for (feature, value) in read[0].features.known() {
                let limits = feature.limits();
                prop_assert!((limits.low..=limits.high).contains(&value));
            }
        }
    }
}
