//! Query parameters as a Spring service reads them (contract §4, §13).
//!
//! Form decoding comes first, so `a%2Cb` and `a,b` are one text. A list is split at commas only
//! when its parameter is given once; given twice, each value is one item, commas and all.

use super::{Endpoint, Refusal};
use std::ops::RangeInclusive;

pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn of(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_decoded(name), form_decoded(value))
        });
        Self(pairs.collect())
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value; later ones are ignored for scalars.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// A list, or `None` if the parameter is absent. `ids=` is a list of nothing.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let values: Vec<&str> = self.values(name).collect();
        match values.as_slice() {
            [] => None,
            [""] => Some(Vec::new()),
            [one] => Some(one.split(',').map(str::trim).collect()),
            _ => Some(values),
        }
    }

    pub(crate) fn required_list(&self, name: &str) -> Result<Vec<&str>, Refusal> {
        self.list(name).ok_or_else(|| Refusal::absent(name))
    }

    /// An integer in a range; absent or empty gives the default.
    pub(crate) fn whole(
        &self,
        endpoint: Endpoint,
        name: &str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, Refusal> {
        match self.first(name).map(str::trim).filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => {
                let value = text.parse().map_err(|_| Refusal::invalid(name, text))?;
                if value < *range.start() {
                    return Err(Refusal::range(
                        endpoint,
                        name,
                        format!("must be greater than or equal to {}", range.start()),
                    ));
                }
                if value > *range.end() {
                    return Err(Refusal::range(
                        endpoint,
                        name,
                        format!("must be less than or equal to {}", range.end()),
                    ));
                }
                Ok(value)
            }
        }
    }

    /// A number in a range, `None` if absent or empty.
    pub(crate) fn number(
        &self,
        endpoint: Endpoint,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Refusal> {
        let Some(text) = self.first(name).map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let value: f64 = text.parse().map_err(|_| Refusal::invalid(name, text))?;
        if value.is_nan() {
            return Err(Refusal::invalid(name, text));
        }
        if value < *range.start() {
            let message = format!("must be greater than or equal to {}", range.start());
            return Err(Refusal::range(endpoint, name, message));
        }
        if value > *range.end() {
            let message = format!("must be less than or equal to {}", range.end());
            return Err(Refusal::range(endpoint, name, message));
        }
        Ok(Some(value))
    }
}

/// `application/x-www-form-urlencoded`: `+` is a space, broken escapes stay as they are.
pub(crate) fn form_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], escape) {
            (_, Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_is_split_at_commas_however_they_are_written() {
        assert_eq!(Params::of("ids=a,b").list("ids"), Some(vec!["a", "b"]));
        assert_eq!(Params::of("ids=a%2Cb%2cc").list("ids"), Some(vec!["a", "b", "c"]));
    }

    #[test]
    fn repeated_values_are_not_split() {
        assert_eq!(Params::of("ids=a&ids=b").list("ids"), Some(vec!["a", "b"]));
        assert_eq!(Params::of("ids=a,b&ids=c").list("ids"), Some(vec!["a,b", "c"]));
    }

    #[test]
    fn empty_and_absent_differ() {
        assert_eq!(Params::of("ids=").list("ids"), Some(vec![]));
        assert_eq!(Params::of("id=a").list("ids"), None);
    }

    #[test]
    fn spaces_come_as_plus_or_escape() {
        assert_eq!(form_decoded("late+night%20vibes%2F%C3%BC"), "late night vibes/ü");
        assert_eq!(form_decoded("100%+%zz%"), "100% %zz%");
    }
}
