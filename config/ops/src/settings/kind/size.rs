//! Sizes in bytes: `256MiB`, `6MB`, `1024`.
//!
//! Binary and decimal units are told apart, in any case of letters. `K` and `M` alone are
//! refused: half the readers would guess wrong.

use std::ops::RangeInclusive;

use serde::Serializer;
use serde_json::{Value as Json, json};

use super::{Fault, Kind, text};
use crate::settings::tree::Node;

pub const KIB: u64 = 1 << 10;
pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;
pub const TIB: u64 = 1 << 40;

/// In the order in which a size is tried for printing: binary first, the largest first.
const UNITS: [(&str, u64); 9] = [
    ("TiB", TIB),
    ("GiB", GIB),
    ("MiB", MIB),
    ("KiB", KIB),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

/// A number of bytes within bounds.
pub fn size(range: RangeInclusive<u64>) -> Size {
    Size(range)
}

pub struct Size(RangeInclusive<u64>);

impl Kind for Size {
    type Value = u64;

    fn wanted(&self) -> String {
        format!("a size from {} to {}", in_bytes(*self.0.start()), in_bytes(*self.0.end()))
    }

    fn read(&self, node: &Node) -> Result<u64, Fault> {
        let bytes = parse(text(node)?)?;
        if bytes < *self.0.start() {
            Err(Fault::least(&in_bytes(*self.0.start())))
        } else if bytes > *self.0.end() {
            Err(Fault::most(&in_bytes(*self.0.end())))
        } else {
            Ok(bytes)
        }
    }

    /// The bounds hold for plain numbers only: a pattern cannot say them.
    fn schema(&self) -> Json {
        const PATTERN: &str = "^[0-9]+([KkMmGgTt]?[Bb]|[KkMmGgTt][Ii][Bb])?$";
        json!({ "type": ["string", "integer"], "pattern": PATTERN, "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn remedy(&self) -> Option<String> {
        Some("write sizes such as 256MiB, 32KiB, 4GiB or 6MB; a plain number counts bytes".to_owned())
    }
}

/// Reads a size; the fault says what is wrong with its form.
fn parse(text: &str) -> Result<u64, Fault> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    if digits.is_empty() {
        return Err(if text.starts_with('-') { Fault::why("is negative") } else { Fault::wrong() });
    }
    if unit.starts_with('.') {
        return Err(Fault::why("has a fraction").help("use a smaller unit: 1536MiB for 1.5GiB"));
    }
    let bytes = if unit.is_empty() {
        1
    } else {
        let found = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        found.map(|(_, bytes)| *bytes).ok_or_else(|| {
            Fault::why(format!("has the unknown unit `{unit}`")).help(
                "the units are B, KiB, MiB, GiB, TiB (powers of 1024) and KB, MB, GB, TB (powers of 1000)",
            )
        })?
    };
    let number: Option<u64> = digits.parse().ok();
    number.and_then(|number| number.checked_mul(bytes)).ok_or_else(|| Fault::why("is too large"))
}

/// A form without fractions that reads back as the same size.
fn in_bytes(bytes: u64) -> String {
    let unit =
        UNITS.iter().find(|(name, unit)| *name != "B" && bytes >= *unit && bytes.is_multiple_of(*unit));
    match unit {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// For `#[serde(serialize_with)]`.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Option<u64> {
        parse(text).ok()
    }

    #[test]
    fn each_unit_has_its_size() {
        assert_eq!(bytes("256MiB"), Some(268_435_456));
        assert_eq!(bytes("32KiB"), Some(32_768));
        assert_eq!(bytes("4GiB"), Some(4_294_967_296));
        assert_eq!(bytes("1TiB"), Some(1_099_511_627_776));
        assert_eq!(bytes("1KB"), Some(1000));
        assert_eq!(bytes("6MB"), Some(6_000_000));
        assert_eq!(bytes("2GB"), Some(2_000_000_000));
        assert_eq!(bytes("3TB"), Some(3_000_000_000_000));
        assert_eq!(bytes("7B"), Some(7));
        assert_eq!(bytes("1024"), Some(1024));
        assert_eq!(bytes("0"), Some(0));
    }

    #[test]
    fn the_case_of_a_unit_does_not_matter() {
        assert_eq!(bytes("1kb"), Some(1000));
        assert_eq!(bytes("1mib"), Some(1_048_576));
    }

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(bytes(""), None);
        assert_eq!(bytes("MiB"), None);
        assert_eq!(bytes("1M"), None);
        assert_eq!(bytes("1 MiB"), None);
        assert_eq!(bytes("1.5MiB"), None);
        assert_eq!(bytes("-1"), None);
        assert_eq!(bytes("1MiBx"), None);
        assert_eq!(bytes("1e6"), None);
    }

    #[test]
    fn what_64_bits_cannot_hold_is_too_large() {
        assert_eq!(bytes("18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse("18446744073709551616"), Err(Fault::why("is too large")));
        assert_eq!(parse("16777216TiB"), Err(Fault::why("is too large")));
    }

    #[test]
    fn the_printed_form_is_exact() {
        assert_eq!(in_bytes(256 * MIB), "256MiB");
        assert_eq!(in_bytes(6_000_000), "6MB");
        assert_eq!(in_bytes(1023), "1023");
        assert_eq!(in_bytes(1_000_001), "1000001");
        assert_eq!(in_bytes(0), "0");
    }

    proptest! {
        #[test]
        fn a_printed_size_reads_back(bytes: u64) {
            prop_assert_eq!(parse(&in_bytes(bytes)), Ok(bytes));
        }

        #[test]
        fn a_round_size_reads_back(number in 0_u64..1 << 20, unit in 0_usize..9) {
            let bytes = number * UNITS[unit].1;
            prop_assert_eq!(parse(&in_bytes(bytes)), Ok(bytes));
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[0-9]{0,22}[KMGTi.]{0,3}B?") {
            if let Ok(bytes) = parse(&text) {
                prop_assert_eq!(parse(&in_bytes(bytes)), Ok(bytes));
            }
        }
    }
}
