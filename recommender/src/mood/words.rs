//! Words of a text, so that "dead" is not found in "deadpan".
//!
//! Letters and digits of any script, with the marks and apostrophes inside them, make a word; all else
//! separates. So "laid-back", "laid back" and "Laid–Back" are the same two words. `&` is the word
//! "and": "r&b" and "R & B" are equal, and "drum & bass" is "drum and bass".

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, case-folded, compatibility forms made plain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let mut words = vec![String::new()];
        for c in folded.chars() {
            let word = words.last_mut().expect("there is always a last word");
            match c {
                '&' => words.extend(["and".to_owned(), String::new()]),
                '\'' | '\u{2019}' if !word.is_empty() => word.push('\''),
                c if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) => word.push(c),
                _ => words.push(String::new()),
            }
        }
        let trimmed = words.iter().map(|word| word.trim_end_matches('\'').to_owned());
        Self(trimmed.filter(|word| !word.is_empty()).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a phrase stands, by the index of its first word. An empty phrase stands nowhere.
    pub(super) fn places<'a>(&'a self, phrase: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let windows = self.0.windows(phrase.len().max(1)).enumerate();
        windows.filter(|(_, window)| *window == phrase.0.as_slice()).map(|(place, _)| place)
    }

    pub(super) fn has(&self, phrase: &Self) -> bool {
        self.places(phrase).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Laid-Back evening", "laid-back")]
    #[case("something laid back", "laid-back")]
    #[case("R&B classics", "r&b")]
    #[case("smooth r & b", "r&b")]
    #[case("drum & bass", "drum and bass")]
    #[case("K-Pop!", "k-pop")]
    #[case("lo-fi/beats", "lo-fi")]
    #[case("piano, no vocals.", "no vocals")]
    #[case("ＰＡＲＴＹ", "party")]
    #[case("'calm'", "calm")]
    #[case("don’t stop", "don't")]
    #[case("CAFÉ", "cafe\u{301}")]
    #[case("тихая МУЗЫКА", "музыка")]
    fn a_phrase_is_found_as_whole_words(#[case] text: &str, #[case] phrase: &str) {
        assert!(Words::of(text).has(&Words::of(phrase)));
    }

    #[rstest]
    #[case("deadpan", "dead")]
    #[case("clubbing", "club")]
    #[case("unhappy", "happy")]
    #[case("no loud vocals", "no vocals")]
    #[case("party's", "party")]
    #[case("anything", "")]
    #[case("", "calm")]
    fn a_part_of_a_word_is_not_the_word(#[case] text: &str, #[case] phrase: &str) {
        assert!(!Words::of(text).has(&Words::of(phrase)));
    }

    proptest! {
        #[test]
        fn words_are_the_same_in_their_own_spelling(text in any::<String>()) {
            let words = Words::of(&text);
            let spelt = words.iter().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(Words::of(&spelt), words);
        }
    }
}
