//! The three kinds of identifier (contract §2) and how to make and recognise them.

use crate::dice::Dice;

/// Digits and consonants: no registrant shall spell a word.
const REGISTRANT: &[u8; 31] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A lower-case, hyphenated, version 4 UUID.
pub(crate) fn uuid(dice: &mut Dice) -> String {
    let high = (dice.draw() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
    let low = (dice.draw() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// 22 characters of `[0-9A-Za-z]`.
pub(crate) fn spotify(dice: &mut Dice) -> String {
    (0..22).map(|_| char::from(dice.pick(BASE62))).collect()
}

/// A made-up recording code under the country `XX`, which is nobody's.
pub(crate) fn isrc(dice: &mut Dice) -> String {
    let registrant: String = (0..3).map(|_| char::from(dice.pick(REGISTRANT))).collect();
    format!("XX{registrant}{:02}{:05}", dice.below(26), dice.below(100_000))
}

/// The same id with the letter case turned round: another id, because ids are case-sensitive.
pub(crate) fn case_twin(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

/// Whether a path segment has the form of a RecoBeat id; only then can it be "not found".
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_documented_forms() {
        let mut dice = Dice::new(3);
        assert!(is_uuid(&uuid(&mut dice)));
        assert_eq!(spotify(&mut dice).len(), 22);
        assert!(spotify(&mut dice).chars().all(|c| c.is_ascii_alphanumeric()));
        assert_eq!(isrc(&mut dice).len(), 12);
    }

    #[test]
    fn a_spotify_id_is_no_uuid() {
        assert!(!is_uuid("2ZyXwVuTsRqPoNmLkJiHgF"));
        assert!(!is_uuid("7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3g"));
    }
}
