//! Sizes in bytes: `256MiB`, `6MB`, `1024`.
//!
//! Binary and decimal units are told apart, in any case of letters. `K` and `M` alone are
//! refused: half the readers would guess wrong.

use std::ops::RangeInclusive;

use serde::Serializer;

use super::{Fault, Kind, text};
use crate::config::tree::Node;

pub(in crate::config) const KIB: u64 = 1 << 10;
pub(in crate::config) const MIB: u64 = 1 << 20;
pub(in crate::config) const GIB: u64 = 1 << 30;
pub(in crate::config) const TIB: u64 = 1 << 40;

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
pub(in crate::config) fn size(range: RangeInclusive<u64>) -> Size {
    Size(range)
}

pub(in crate::config) struct Size(RangeInclusive<u64>);

impl Kind for Size {
    type Value = u64;

    fn wanted(&self) -> String {
        format!(
            "a size from {} to {}",
            in_bytes(*self.0.start()),
            in_bytes(*self.0.end())
        )
    }

    fn read(&self, node: &Node) -> Result<u64, Fault> {
        let bytes = parse(text(node)?)?;
        if self.0.contains(&bytes) {
            Ok(bytes)
        } else {
            Err(Fault::wrong())
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(
            "write sizes such as 256MiB, 32KiB, 4GiB or 6MB; a plain number counts bytes"
                .to_owned(),
        )
    }
}

/// Reads a size; the fault says what is wrong with its form.
fn parse(text: &str) -> Result<u64, Fault> {
    let (digits, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    if digits.is_empty() {
        return Err(if text.starts_with('-') {
            Fault::why("is negative")
        } else {
            Fault::wrong()
        });
    }
    if unit.starts_with('.') {
        return Err(Fault::why("has a fraction").help("use a smaller unit: 1536MiB for 1.5GiB"));
    }
    let bytes = if unit.is_empty() {
        1
    } else {
        let found = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit));
        found.map(|(_, bytes)| *bytes).ok_or_else(|| {
            Fault::why(format!("has the unknown unit `{unit}`"))
                .help("the units are B, KiB, MiB, GiB, TiB (powers of 1024) and KB, MB, GB, TB (powers of 1000)")
        })?
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(bytes))
        .ok_or_else(|| Fault::why("is too large"))
}

/// A form without fractions that reads back as the same size.
pub(in crate::config) fn in_bytes(bytes: u64) -> String {
    let unit = UNITS
        .iter()
        .find(|(name, unit)| *name != "B" && bytes >= *unit && bytes % unit == 0);
    match unit {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// For `#[serde(serialize_with)]`.
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature serde asks for
pub(in crate::config) fn serialize<S: Serializer>(
    bytes: &u64,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&in_bytes(*bytes))
}
