//! Ids as values that cannot be wrong.
//!
//! A Spotify id and a UUID name the same track only through a learned mapping, and letter case is
//! significant in both (contract §2, §13): an id is never folded, trimmed or converted here.

use std::fmt;

/// A `RecoBeat` id: a lower-case, hyphenated UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// Reads exactly the form the upstream writes; an upper-case UUID is a different id.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut value = 0_u128;
        for (position, byte) in bytes.iter().enumerate() {
            let digit = match (position, byte) {
                (8 | 13 | 18 | 23, b'-') => continue,
                (8 | 13 | 18 | 23, _) => return None,
                (_, b'0'..=b'9') => byte - b'0',
                (_, b'a'..=b'f') => byte - b'a' + 10,
                _ => return None,
            };
            value = value << 4 | u128::from(digit);
        }
        Some(Self(value))
    }

    /// The 128 bits, for compact storage.
    pub fn to_bits(self) -> u128 {
        self.0
    }

    /// The inverse of [`Uuid::to_bits`].
    pub fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            v >> 96,
            v >> 80 & 0xffff,
            v >> 64 & 0xffff,
            v >> 48 & 0xffff,
            v & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Spotify id: 22 characters of `[0-9A-Za-z]`, case-sensitive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpotifyId([u8; 22]);

impl SpotifyId {
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 22] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The id in the last path segment of a row's `href` (contract §2).
    pub fn from_href(href: &str) -> Option<Self> {
        let path = href.split(['?', '#']).next()?;
        Self::parse(path.rsplit('/').next()?)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII alphanumerics are accepted by `parse`")
    }
}

impl fmt::Display for SpotifyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SpotifyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One element of an `ids` list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    Uuid(Uuid),
    Spotify(SpotifyId),
    /// Neither form. Upstream drops it like an unknown id (contract §5 rule 3), so it is a row
    /// that will be missing; it never shares an upstream call with well-formed ids, lest one
    /// client's typing error spoil another's answer.
    Malformed(Box<str>),
}

/// Longest malformed id treated as a row of its own, in bytes.
const MALFORMED_MAX: usize = 64;

impl Id {
    /// `None` means that the element is not understood, which makes its whole list opaque: an
    /// ISRC (it may match several rows), nothing at all, or characters no id has.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(uuid) = Uuid::parse(text) {
            return Some(Self::Uuid(uuid));
        }
        if let Some(spotify) = SpotifyId::parse(text) {
            return Some(Self::Spotify(spotify));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        let isrc = text.len() == 12 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let understood = !text.is_empty() && text.len() <= MALFORMED_MAX && text.bytes().all(plain) && !isrc;
        understood.then(|| Self::Malformed(text.into()))
    }

    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Spotify(spotify) => spotify.fmt(f),
            Self::Malformed(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d";

    #[test]
    fn the_three_forms_are_told_apart() {
        assert!(matches!(Id::parse(UUID), Some(Id::Uuid(_))));
        assert!(matches!(Id::parse("2ZyXwVuTsRqPoNmLkJiHgF"), Some(Id::Spotify(_))));
        assert!(matches!(Id::parse(&UUID.to_uppercase()), Some(Id::Malformed(_))));
        assert!(matches!(Id::parse("spotify:track:2ZyX"), Some(Id::Malformed(_))));
        assert_eq!(Id::parse("XXABC2500001"), None);
        assert_eq!(Id::parse(""), None);
        assert_eq!(Id::parse("a b"), None);
        assert_eq!(Id::parse(&"x".repeat(65)), None);
    }

    #[test]
    fn the_spotify_id_is_the_last_segment_of_a_href() {
        let id = SpotifyId::parse("2ZyXwVuTsRqPoNmLkJiHgF");
        let href = "https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF";
        assert_eq!(SpotifyId::from_href(href), id);
        assert_eq!(SpotifyId::from_href(&format!("{href}?si=1")), id);
        assert_eq!(SpotifyId::from_href("https://open.spotify.com/track/"), None);
    }

    proptest! {
        #[test]
        fn an_id_is_printed_as_it_was_read(text in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-Za-z]{22}|[0-9A-Za-z_.:-]{1,40}") {
            if let Some(id) = Id::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
