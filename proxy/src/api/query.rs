//! The query string as the upstream's form decoder reads it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A request nobody can understand; answered with a 400 and never sent upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error(
        "{place} has a `%` that is not followed by two hexadecimal digits; write a literal percent sign as %25"
    )]
    Escape { place: &'static str },
    #[error("{place} holds a NUL byte; remove it")]
    Nul { place: &'static str },
}

/// Decoded parameters in the order given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// `Ok(None)` means readable but not understood (an empty piece, or bytes that are not
    /// UTF-8): the request is opaque.
    pub(super) fn parse(raw: &str) -> Result<Option<Self>, Malformed> {
        // Every piece is checked before anything is called opaque: a bad escape is a 400 wherever.
        let pieces: Vec<_> =
            raw.split('&').map(|piece| piece.split_once('=').unwrap_or((piece, ""))).collect();
        let mut pairs = Some(Vec::with_capacity(pieces.len()));
        for (name, value) in pieces {
            let name = decode(name, "the query", Plus::Space)?;
            let value = decode(value, "the query", Plus::Space)?;
            pairs = match (pairs, name, value) {
                (Some(mut pairs), Some(name), Some(value)) if !name.is_empty() => {
                    pairs.push((name, value));
                    Some(pairs)
                }
                _ => None,
            };
        }
        Ok(pairs.map(Self))
    }

    /// All values of one name.
    pub(super) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name given once; `None` when absent or repeated.
    pub(super) fn once<'q>(&'q self, name: &'q str) -> Option<&'q str> {
        let mut values = self.all(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// True when each name is in `known` and every scalar (not in `lists`) is given at most once.
    pub(super) fn holds_only(&self, known: &[&str], lists: &[&str]) -> bool {
        self.0.iter().all(|(name, _)| {
            let name = name.as_str();
            lists.contains(&name) || (known.contains(&name) && self.once(name).is_some())
        })
    }

    /// A list parameter the way Spring reads it: commas split only a value that stands alone.
    /// `None` when that is ambiguous (`ids=a,b&ids=c`).
    pub(super) fn list<'q>(&'q self, name: &'q str) -> Option<Vec<&'q str>> {
        let values: Vec<_> = self.all(name).collect();
        match values.as_slice() {
            [one] => Some(one.split(',').collect()),
            several => several.iter().all(|v| !v.contains(',')).then(|| values.clone()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Space,
    Literal,
}

/// Percent-decodes; `None` when the bytes are not UTF-8.
pub(super) fn decode(raw: &str, place: &'static str, plus: Plus) -> Result<Option<String>, Malformed> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => u8::try_from(high << 4 | low).unwrap_or_default(),
                    _ => return Err(Malformed::Escape { place }),
                }
            }
            b'+' if plus == Plus::Space => b' ',
            other => other,
        };
        if byte == 0 {
            return Err(Malformed::Nul { place });
        }
        decoded.push(byte);
    }
    Ok(String::from_utf8(decoded).ok())
}

/// What a value needs to stand unambiguously in a canonical key.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

pub(super) fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(raw).expect("readable").expect("understood")
    }

    #[test]
    fn escapes_and_plus_are_decoded_in_names_and_values() {
        let q = query("s%65archText=a+b%20c%2Bd");
        assert_eq!(q.once("searchText"), Some("a b c+d"));
    }

    #[test]
    fn a_bad_escape_or_nul_is_malformed_wherever_it_stands() {
        for raw in ["ids=%", "ids=%4", "ids=%zz", "%q=1", "a=1&&b=%g1", "ids=%\u{e9}1"] {
            assert_eq!(Query::parse(raw), Err(Malformed::Escape { place: "the query" }), "{raw}");
        }
        assert_eq!(Query::parse("ids=a%00b"), Err(Malformed::Nul { place: "the query" }));
    }

    #[test]
    fn empty_pieces_and_other_encodings_are_not_understood() {
        for raw in ["", "&ids=a", "ids=a&", "=x", "ids=%ff"] {
            assert_eq!(Query::parse(raw), Ok(None), "{raw}");
        }
    }

    #[test]
    fn a_list_is_split_at_commas_only_when_it_stands_alone() {
        assert_eq!(query("ids=a,b").list("ids"), Some(vec!["a", "b"]));
        assert_eq!(query("ids=a%2Cb").list("ids"), Some(vec!["a", "b"]));
        assert_eq!(query("ids=a&ids=b").list("ids"), Some(vec!["a", "b"]));
        assert_eq!(query("ids=a,b&ids=c").list("ids"), None);
    }
}
