//! Keys and entries as bytes.
//!
//! Both are plain and versioned: the first byte of a key names its form, the first byte of a value
//! its layout. A form that is not known here is never asked for, a layout that is not known is a
//! miss; neither is an error, so a file may be read by the version before and the version after.
//!
//! redb checks its pages when it repairs a file, not when it reads one, so each value carries a
//! checksum over its key, header and body: noise on the disk is a miss, never a wrong answer.
//! Bodies and denials are kept under a hash of their text, because a text may be as long as a request
//! line; the text stands in the value and is compared, so two texts of one hash cost a miss at most.

use std::hash::Hasher;

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::api::{Entity, Id, RowKind};
use crate::cache::entry::Entry;
use crate::cache::key::Key;
use crate::clock::Timestamp;

/// Layout of a value: this byte, status (2), stored at (8), fresh for (4), stale for (4), length of
/// the text (4), checksum (8), text, body. Numbers are big-endian.
const LAYOUT: u8 = 1;
const CHECKSUM: std::ops::Range<usize> = 23..31;
const HEADER: usize = CHECKSUM.end;

/// The first byte of a denial's key, and of no other.
pub(super) const DENIED: u8 = b'd';

pub(super) fn key(key: &Key) -> Vec<u8> {
    match key {
        Key::Row(kind, uuid) => [&[b'r', kind_code(*kind)], &uuid.to_bits().to_be_bytes()[..]].concat(),
        Key::Mapping(entity, id) => with_id([b'm', entity_code(*entity)], id),
        Key::Missing(kind, id) => with_id([b'x', kind_code(*kind)], id),
        Key::Body(text) => with_text(b'b', text),
        Key::Denied(text) => with_text(DENIED, text),
    }
}

fn with_text(form: u8, text: &str) -> Vec<u8> {
    [&[form], &xxh3_128(text.as_bytes()).to_be_bytes()[..]].concat()
}

fn with_id([form, what]: [u8; 2], id: &Id) -> Vec<u8> {
    match id {
        Id::Uuid(uuid) => [&[form, what, b'u'], &uuid.to_bits().to_be_bytes()[..]].concat(),
        Id::Spotify(spotify) => [&[form, what, b's'], spotify.as_str().as_bytes()].concat(),
        Id::Malformed(text) => [&[form, what, b'?'], text.as_bytes()].concat(),
    }
}

fn kind_code(kind: RowKind) -> u8 {
    match kind {
        RowKind::Track => b't',
        RowKind::Features => b'f',
        RowKind::Artist => b'a',
        RowKind::Album => b'l',
    }
}

fn entity_code(entity: Entity) -> u8 {
    match entity {
        Entity::Track => b't',
        Entity::Artist => b'a',
        Entity::Album => b'l',
    }
}

/// `at` is what [`key`] gave for `key`.
pub(super) fn value(at: &[u8], key: &Key, entry: &Entry) -> Vec<u8> {
    let text = text(key);
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut value = Vec::with_capacity(HEADER + text.len() + entry.body.len());
    value.push(LAYOUT);
    value.extend_from_slice(&entry.status.to_be_bytes());
    value.extend_from_slice(&entry.stored_at.0.to_be_bytes());
    value.extend_from_slice(&entry.fresh_for.to_be_bytes());
    value.extend_from_slice(&entry.stale_for.to_be_bytes());
    value.extend_from_slice(&length.to_be_bytes());
    value.extend_from_slice(&[0; CHECKSUM.end - CHECKSUM.start]);
    value.extend_from_slice(text.as_bytes());
    value.extend_from_slice(&entry.body);
    let sum = checksum(at, &value).to_be_bytes();
    value[CHECKSUM].copy_from_slice(&sum);
    value
}

/// `None`: another layout, damaged, or about something else.
pub(super) fn entry(at: &[u8], key: &Key, value: &[u8]) -> Option<Entry> {
    let (found, entry) = read(at, value)?;
    (found == text(key).as_bytes()).then_some(entry)
}

/// A denial with the text of the request that it is about, as [`entry`] reads it.
pub(super) fn denial(at: &[u8], value: &[u8]) -> Option<(Key, Entry)> {
    let (text, entry) = read(at, value)?;
    let key = Key::Denied(std::str::from_utf8(text).ok()?.into());
    (at == self::key(&key)).then_some((key, entry))
}

fn read<'v>(at: &[u8], value: &'v [u8]) -> Option<(&'v [u8], Entry)> {
    let layout = *value.first()?;
    let sum = u64::from_be_bytes(field(value, CHECKSUM.start)?);
    if layout != LAYOUT || sum != checksum(at, value) {
        return None;
    }
    let length = usize::try_from(u32::from_be_bytes(field(value, 19)?)).ok()?;
    let (text, body) = value.get(HEADER..)?.split_at_checked(length)?;
    let entry = Entry {
        body: Bytes::copy_from_slice(body),
        status: u16::from_be_bytes(field(value, 1)?),
        stored_at: stored_at(value)?,
        fresh_for: u32::from_be_bytes(field(value, 11)?),
        stale_for: u32::from_be_bytes(field(value, 15)?),
    };
    Some((text, entry))
}

/// When a value was stored, whatever else it says.
pub(super) fn stored_at(value: &[u8]) -> Option<Timestamp> {
    Some(Timestamp(u64::from_be_bytes(field(value, 3)?)))
}

fn text(key: &Key) -> &str {
    match key {
        Key::Body(text) | Key::Denied(text) => text,
        _ => "",
    }
}

/// Over key, header and body, with the checksum's own place left out.
fn checksum(at: &[u8], value: &[u8]) -> u64 {
    let mut sum = Xxh3::with_seed(at.len() as u64);
    sum.write(at);
    sum.write(value.get(..CHECKSUM.start).unwrap_or_default());
    sum.write(value.get(HEADER..).unwrap_or_default());
    sum.finish()
}

fn field<const N: usize>(value: &[u8], from: usize) -> Option<[u8; N]> {
    value.get(from..from + N)?.try_into().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    pub(crate) use crate::cache::key::tests::any_key;
    use proptest::prelude::*;

    pub(crate) fn any_entry() -> impl Strategy<Value = Entry> {
        let body = prop::collection::vec(any::<u8>(), 0..3000);
        (body, any::<u16>(), 0..1_u64 << 44, any::<u32>(), any::<u32>()).prop_map(
            |(body, status, stored_at, fresh_for, stale_for)| Entry {
                body: body.into(),
                status,
                stored_at: Timestamp(stored_at),
                fresh_for,
                stale_for,
            },
        )
    }

    proptest! {
        #[test]
        fn an_entry_is_read_as_it_was_written(about in any_key(), kept in any_entry()) {
            let at = key(&about);
            prop_assert_eq!(entry(&at, &about, &value(&at, &about, &kept)), Some(kept));
        }

        #[test]
        fn a_denial_is_read_without_knowing_what_it_is_about(text in ".{0,300}", kept in any_entry()) {
            let about = Key::Denied(text.into());
            let at = key(&about);
            prop_assert_eq!(denial(&at, &value(&at, &about, &kept)), Some((about, kept)));
        }

        #[test]
        fn different_keys_have_different_bytes(one in any_key(), other in any_key()) {
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }

        #[test]
        fn a_value_under_another_key_is_not_read(one in any_key(), other in any_key(), kept in any_entry()) {
            prop_assume!(one != other);
            let written = value(&key(&one), &one, &kept);
            prop_assert_eq!(entry(&key(&other), &other, &written), None);
        }

        #[test]
        fn a_changed_byte_is_noticed(about in any_key(), kept in any_entry(), place: prop::sample::Index, bit in 0..8) {
            let at = key(&about);
            let mut written = value(&at, &about, &kept);
            let place = place.index(written.len());
            written[place] ^= 1_u8 << bit;
            prop_assert_eq!(entry(&at, &about, &written), None);
        }

        #[test]
        fn a_cut_value_is_noticed(about in any_key(), kept in any_entry(), length: prop::sample::Index) {
            let at = key(&about);
            let written = value(&at, &about, &kept);
            prop_assert_eq!(entry(&at, &about, &written[..length.index(written.len())]), None);
        }
    }

    #[test]
    fn two_texts_of_one_hash_are_told_apart() {
        let (one, other) = (Key::Body("one".into()), Key::Body("other".into()));
        let at = key(&one);
        let kept = Entry {
            body: Bytes::from_static(b"1"),
            status: 200,
            stored_at: Timestamp(1),
            fresh_for: 1,
            stale_for: 1,
        };
        assert_eq!(entry(&at, &other, &value(&at, &one, &kept)), None);
    }

    #[test]
    fn another_layout_is_a_miss() {
        let about = Key::Body("one".into());
        let at = key(&about);
        let kept =
            Entry { body: Bytes::new(), status: 200, stored_at: Timestamp(1), fresh_for: 1, stale_for: 1 };
        let mut written = value(&at, &about, &kept);
        written[0] = LAYOUT + 1;
        let sum = checksum(&at, &written).to_be_bytes();
        written[CHECKSUM].copy_from_slice(&sum);
        assert_eq!(entry(&at, &about, &written), None);
    }
}
