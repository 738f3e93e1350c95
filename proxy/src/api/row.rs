//! Rows cut out of upstream bodies as raw bytes, and put together again.
//!
//! Numbers arrive as `0`, `0.0` and `0.0000954`; a row is therefore never re-printed (contract
//! §3). A body is accepted as a whole or not at all: one row of the wrong shape means that the
//! upstream answered something else than the endpoint's contract, and nothing of it can be trusted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::endpoint::{RowKind, Shape};
use super::id::{SpotifyId, Uuid};

/// One row and what it says about its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRow {
    pub kind: RowKind,
    pub uuid: Uuid,
    /// From `href`; absent when the row has none or it does not end in a Spotify id.
    pub spotify: Option<SpotifyId>,
    /// Exactly as received.
    pub bytes: Bytes,
}

/// What an accepted 200 holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// The answer's own rows, in the order received.
    pub rows: Vec<ParsedRow>,
    /// Rows of artists embedded in them: the same three fields as a row of `/v1/artist`.
    pub embedded: Vec<ParsedRow>,
    /// `size` of a page.
    pub page_size: Option<u32>,
}

/// A 200 whose body is not what its endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongShape {
    #[error("not JSON of the expected form: {0}")]
    Json(String),
    #[error("row {index} has no valid `{field}`")]
    Row { index: usize, field: &'static str },
    #[error("the page has no valid `{0}`")]
    Page(&'static str),
}

/// Checks a 200 body against its endpoint's contract and cuts out its rows.
pub fn extract(shape: Shape, body: &[u8]) -> Result<Extracted, WrongShape> {
    let mut extracted = Extracted::default();
    match shape {
        Shape::Single(kind) => read_row(kind, body, 0, &mut extracted)?,
        Shape::MultiGet(kind) | Shape::Search(kind) | Shape::SubList(kind) => {
            read_list(kind, body, &mut extracted)?;
        }
        Shape::Recommendation => read_list(RowKind::Track, body, &mut extracted)?,
    }
    if matches!(shape, Shape::Search(_) | Shape::SubList(_)) {
        extracted.page_size = Some(read_page_size(body)?);
    }
    Ok(extracted)
}

/// `{"content":[…]}` around rows as received: the only form of a multi-get's answer.
pub fn join<'r>(rows: impl Iterator<Item = &'r Bytes> + Clone) -> Bytes {
    const OPEN: &[u8] = b"{\"content\":[";
    const CLOSE: &[u8] = b"]}";
    let length = rows.clone().map(|row| row.len() + 1).sum::<usize>();
    let mut body = Vec::with_capacity(OPEN.len() + length + CLOSE.len());
    body.extend_from_slice(OPEN);
    for (index, row) in rows.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row);
    }
    body.extend_from_slice(CLOSE);
    body.into()
}

type Fields<'b> = BTreeMap<Cow<'b, str>, &'b RawValue>;

fn read_list(kind: RowKind, body: &[u8], into: &mut Extracted) -> Result<(), WrongShape> {
    #[derive(Deserialize)]
    struct Content<'b> {
        #[serde(borrow)]
        content: Vec<&'b RawValue>,
    }
    let list: Content<'_> = serde_json::from_slice(body).map_err(|e| WrongShape::Json(e.to_string()))?;
    let rows = list.content.iter().enumerate();
    rows.into_iter().try_for_each(|(index, row)| read_row(kind, row.get().as_bytes(), index, into))
}

fn read_row(kind: RowKind, bytes: &[u8], index: usize, into: &mut Extracted) -> Result<(), WrongShape> {
    let wrong = |field| WrongShape::Row { index, field };
    let bytes = bytes.trim_ascii();
    let fields: Fields<'_> = serde_json::from_slice(bytes).map_err(|e| WrongShape::Json(e.to_string()))?;
    for (field, kinds) in required(kind) {
        let value = fields.get(*field).ok_or(wrong(field))?.get();
        if !value.starts_with(*kinds) {
            return Err(wrong(field));
        }
    }
    let text =
        |name: &str| fields.get(name).and_then(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get()).ok());
    let uuid = text("id").and_then(|id| Uuid::parse(&id)).ok_or(wrong("id"))?;
    let spotify = text("href").and_then(|href| SpotifyId::from_href(&href));
    into.rows.push(ParsedRow { kind, uuid, spotify, bytes: Bytes::copy_from_slice(bytes) });
    if let Some(artists) = fields.get("artists") {
        learn_artists(artists, &mut into.embedded);
    }
    Ok(())
}

/// An embedded artist is a bonus: one that is not exactly an artist's row is left alone.
fn learn_artists(artists: &RawValue, into: &mut Vec<ParsedRow>) {
    let Ok(artists) = serde_json::from_str::<Vec<&RawValue>>(artists.get()) else { return };
    for artist in artists {
        let exact = serde_json::from_str::<Fields<'_>>(artist.get())
            .is_ok_and(|fields| fields.keys().eq(["href", "id", "name"]));
        let mut found = Extracted::default();
        if exact && read_row(RowKind::Artist, artist.get().as_bytes(), 0, &mut found).is_ok() {
            into.append(&mut found.rows);
        }
    }
}

const STRING: &[char] = &['"'];
/// Text or a list, or null where upstream has none: one bare row must not spoil its batch.
const TEXT: &[char] = &['"', 'n'];
const ARRAY: &[char] = &['[', 'n'];
/// A number, or null where upstream has no value.
const NUMBER: &[char] = &['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'n'];

/// The fields that tell a row of one kind from any other, with the first characters they may have.
fn required(kind: RowKind) -> &'static [(&'static str, &'static [char])] {
    match kind {
        RowKind::Track => &[("id", STRING), ("trackTitle", TEXT), ("artists", ARRAY)],
        RowKind::Features => &[
            ("id", STRING),
            ("acousticness", NUMBER),
            ("danceability", NUMBER),
            ("energy", NUMBER),
            ("instrumentalness", NUMBER),
            ("liveness", NUMBER),
            ("loudness", NUMBER),
            ("speechiness", NUMBER),
            ("tempo", NUMBER),
            ("valence", NUMBER),
        ],
        RowKind::Artist => &[("id", STRING), ("name", TEXT)],
        RowKind::Album => &[("id", STRING), ("name", TEXT), ("albumType", TEXT)],
    }
}

fn read_page_size(body: &[u8]) -> Result<u32, WrongShape> {
    let fields: Fields<'_> = serde_json::from_slice(body).map_err(|e| WrongShape::Json(e.to_string()))?;
    let number = |name: &'static str| {
        let raw = fields.get(name).ok_or(WrongShape::Page(name))?;
        serde_json::from_str::<u32>(raw.get()).map_err(|_| WrongShape::Page(name))
    };
    for name in ["page", "totalElements", "totalPages"] {
        number(name)?;
    }
    number("size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ARTIST: &str = r#"{"id":"0d9a7be1-52c4-4c0f-8a3b-6b1f5e7c9a10","name":"Nova Ferry","href":"https://open.spotify.com/artist/1AbCdEfGhIjKlMnOpQrStU"}"#;
    const FEATURES: &str = r#"{"id":"7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d","href":"https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF","isrc":"XXABC2500001",
 "acousticness":0.120,"danceability":5e-1,"energy":0.61,"instrumentalness":0.0000954,"key":7,"liveness":0,"loudness":-7.2,"mode":1,"speechiness":0.0,"tempo":118.02,"valence":0.33}"#;

    fn track() -> String {
        format!(
            r#"{{"id":"7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d","trackTitle":"Paper \"Lanterns\"","artists":[{ARTIST}],"durationMs":201000,"href":"https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF"}}"#
        )
    }

    #[test]
    fn a_row_keeps_its_bytes() {
        let body = format!("{{\"content\":[ {FEATURES} ,{FEATURES}]}}");
        let rows = extract(Shape::MultiGet(RowKind::Features), body.as_bytes()).expect("well-formed").rows;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].bytes, FEATURES.as_bytes());
        assert_eq!(rows[0].spotify, SpotifyId::parse("2ZyXwVuTsRqPoNmLkJiHgF"));
    }

    #[test]
    fn a_value_upstream_lacks_spoils_nothing() {
        let body = format!("{{\"content\":[{}]}}", FEATURES.replace("0.61", "null"));
        assert!(extract(Shape::MultiGet(RowKind::Features), body.as_bytes()).is_ok());
        let nameless = format!("{{\"content\":[{}]}}", ARTIST.replace("\"Nova Ferry\"", "null"));
        assert!(extract(Shape::MultiGet(RowKind::Artist), nameless.as_bytes()).is_ok());
    }

    #[test]
    fn artists_inside_a_track_are_rows_too() {
        let found = extract(Shape::Single(RowKind::Track), track().as_bytes()).expect("well-formed");
        assert_eq!(found.rows.len(), 1);
        assert_eq!(found.embedded[0].bytes, ARTIST.as_bytes());
        assert_eq!(found.embedded[0].kind, RowKind::Artist);
    }

    #[test]
    fn joined_rows_are_the_upstreams_own_form() {
        assert_eq!(join([].iter()), "{\"content\":[]}");
        let rows = [Bytes::from("{1}"), Bytes::from("{2}")];
        assert_eq!(join(rows.iter()), "{\"content\":[{1},{2}]}");
    }

    #[rstest]
    #[case::not_json("<html>")]
    #[case::other_object(r#"{"data":[]}"#)]
    #[case::bare_list("[]")]
    #[case::null_content(r#"{"content":null}"#)]
    #[case::null_row(r#"{"content":[null]}"#)]
    #[case::truncated(r#"{"content":["#)]
    #[case::trailing(r#"{"content":[]}{}"#)]
    #[case::row_of_another_kind(&format!("{{\"content\":[{ARTIST}]}}"))]
    #[case::row_without_id(&format!("{{\"content\":[{}]}}", FEATURES.replace("\"id\"", "\"uid\"")))]
    #[case::text_for_a_number(&format!("{{\"content\":[{}]}}", FEATURES.replace("0.61", "\"0.61\"")))]
    #[case::bad_uuid(&format!("{{\"content\":[{}]}}", FEATURES.replace("7c1f", "7C1F")))]
    fn a_list_of_another_shape_is_refused(#[case] body: &str) {
        assert!(extract(Shape::MultiGet(RowKind::Features), body.as_bytes()).is_err());
    }

    #[test]
    fn a_page_needs_its_four_numbers() {
        let page = format!(
            "{{\"content\":[{}],\"page\":0,\"size\":25,\"totalElements\":1,\"totalPages\":1}}",
            track()
        );
        let shape = Shape::Search(RowKind::Track);
        assert_eq!(extract(shape, page.as_bytes()).expect("well-formed").page_size, Some(25));
        let broken = page.replace("\"size\":25", "\"size\":\"25\"");
        assert_eq!(extract(shape, broken.as_bytes()), Err(WrongShape::Page("size")));
    }
}
