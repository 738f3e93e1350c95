//! Texts as a search compares them, and as every engine can keep them.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Recommendation;

/// Lower case, letter by letter: a word folds the same wherever it stands in a text (a final sigma
/// would not, by `str::to_lowercase`).
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The titles and artists of a list, folded, a line each.
pub(super) fn fold_tracks(list: &[Recommendation]) -> String {
    let titles = list.iter().map(|track| track.track_name.as_str());
    let artists = list.iter().flat_map(|track| track.artists.iter().map(String::as_str));
    fold(&text(&titles.chain(artists).collect::<Vec<_>>().join("\n")))
}

/// The words of a mood's analysis that are searched.
pub(super) fn fold_mood(mood_analysis: &Value) -> String {
    let field = |name: &str| mood_analysis[name].as_str().unwrap_or_default();
    fold(&format!("{}\n{}", field("primary_emotion"), field("energy_level")))
}

/// For `LIKE`: the text as it is, anywhere.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// An index of trigrams finds only what has three letters or digits in a row.
pub(super) fn has_trigram(text: &str) -> bool {
    let mut run = 0;
    text.chars().any(|letter| {
        run = if letter.is_alphanumeric() { run + 1 } else { 0 };
        run >= 3
    })
}

/// PostgreSQL keeps no zero characters; nobody reads them, so both engines keep this in their place.
const IN_PLACE_OF_ZERO: &str = "\u{FFFD}";

pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', IN_PLACE_OF_ZERO)) } else { Cow::Borrowed(text) }
}

pub(super) fn json(value: &Value) -> Cow<'_, Value> {
    if holds_zero(value) { Cow::Owned(without_zero(value)) } else { Cow::Borrowed(value) }
}

fn holds_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_zero),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_zero(value)),
        _ => false,
    }
}

fn without_zero(value: &Value) -> Value {
    match value {
        Value::String(string) => Value::String(text(string).into_owned()),
        Value::Array(list) => list.iter().map(without_zero).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (text(key).into_owned(), without_zero(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::plain("calm", "%calm%")]
    #[case::percent("100%", "%100\\%%")]
    #[case::underscore("a_b", "%a\\_b%")]
    #[case::backslash("a\\b", "%a\\\\b%")]
    fn a_pattern_has_no_wildcards_of_the_user(#[case] text: &str, #[case] like: &str) {
        assert_eq!(pattern(text), like);
    }

    #[rstest]
    #[case("cal", true)]
    #[case("ab", false)]
    #[case("a-b c", false)]
    #[case("ab!é12", true)]
    fn three_letters_or_digits_in_a_row_make_a_trigram(#[case] text: &str, #[case] has: bool) {
        assert_eq!(has_trigram(text), has);
    }

    #[test]
    fn zero_characters_are_replaced_wherever_they_stand() {
        let kept = json(&json!({"a\0": ["b\0", {"c": "\0"}], "d": 1})).into_owned();

        assert_eq!(kept, json!({"a\u{FFFD}": ["b\u{FFFD}", {"c": "\u{FFFD}"}], "d": 1}));
    }

    proptest! {
        #[test]
        fn a_part_of_a_text_folds_to_a_part_of_the_folded_text(before: String, part: String, after: String) {
            let whole = format!("{before}{part}{after}");
            prop_assert!(fold(&whole).contains(&fold(&part)));
        }
    }
}
