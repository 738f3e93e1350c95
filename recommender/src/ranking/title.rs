//! Titles and names, made comparable.
//!
//! One recording goes by many titles: with its guests, its year of remastering, "radio edit". What
//! says nothing about which song it is goes; everything else ("live", "acoustic", "remix") stays,
//! because those are other recordings.

use unicode_normalization::UnicodeNormalization;

/// Compatibility form, case-folded, white space collapsed.
pub fn fold(text: &str) -> String {
    // Up and down again is full case folding but for a few letters: ß becomes ss, final sigma sigma.
    let folded: String =
        text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Folded words: runs of letters and digits; an apostrophe stays inside its word.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '’')
        .map(|word| word.trim_matches(['\'', '’']).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// `phrase` (one word or more) stands in `text`, in whole words.
pub fn contains_words(text: &[String], phrase: &str) -> bool {
    let phrase = words(phrase);
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

/// The title without additions in brackets or after a dash that name guests or an edition of the
/// same recording. A title that is nothing but an addition stays as it is.
pub fn normalise(title: &str) -> String {
    let folded = fold(title);
    let bare = without_dashed(&without_bracketed(&folded));
    let bare = bare.split_whitespace().collect::<Vec<_>>().join(" ");
    if bare.is_empty() { folded } else { bare }
}

const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

fn without_bracketed(title: &str) -> String {
    let mut kept = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(start) = rest.find(|letter| BRACKETS.iter().any(|(open, _)| *open == letter)) {
        let (before, group) = rest.split_at(start);
        kept.push_str(before);
        let length = group_length(group);
        let (group, after) = group.split_at(length);
        let inner =
            group.trim_matches(|letter| BRACKETS.iter().any(|pair| pair.0 == letter || pair.1 == letter));
        if !is_addition(inner) {
            kept.push_str(group);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Bytes of the bracketed group that `text` begins with, inner groups included; all of an open one.
fn group_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if BRACKETS.iter().any(|(open, _)| *open == letter) {
            depth += 1;
        } else if BRACKETS.iter().any(|(_, close)| *close == letter) {
            depth -= 1;
            if depth == 0 {
                return at + letter.len_utf8();
            }
        }
    }
    text.len()
}

fn without_dashed(title: &str) -> String {
    let plain = title.replace(['–', '—'], "-");
    let mut segments = plain.split(" - ");
    let first = segments.next().unwrap_or_default().to_owned();
    segments.filter(|segment| !is_addition(segment)).fold(first, |title, segment| title + " - " + segment)
}

/// "feat. X", "with X", "radio edit", "remastered", "remaster 2011", "2011 remaster".
fn is_addition(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_year = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    match words.as_slice() {
        ["feat" | "feat." | "ft" | "ft." | "featuring" | "with", _, ..]
        | ["radio", "edit"]
        | ["remaster" | "remastered"] => true,
        ["remaster" | "remastered", year] | [year, "remaster" | "remastered"] => is_year(year),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Paper Lanterns (feat. Nova Ferry)")]
    #[case("Paper Lanterns (ft. Nova Ferry & the Others)")]
    #[case("Paper Lanterns [Featuring Nova Ferry]")]
    #[case("Paper Lanterns (with Nova Ferry)")]
    #[case("Paper Lanterns - feat. Nova Ferry")]
    #[case("Paper Lanterns - with Nova Ferry")]
    #[case("Paper Lanterns - Radio Edit")]
    #[case("Paper Lanterns (radio edit)")]
    #[case("Paper Lanterns - Remastered 2011")]
    #[case("Paper Lanterns – 2011 Remaster")]
    #[case("Paper Lanterns — Remastered")]
    #[case("Paper Lanterns (Remaster 1999) [feat. X] - Radio Edit")]
    #[case("Paper Lanterns (feat. Nova (of the) Ferry)")]
    #[case("  PAPER   lanterns ")]
    #[case("Paper Lanterns （Radio Edit）")]
    #[case("Ｐａｐｅｒ Lanterns")]
    fn additions_go(#[case] title: &str) {
        assert_eq!(normalise(title), "paper lanterns");
    }

    #[rstest]
    #[case("Paper Lanterns - Live", "paper lanterns - live")]
    #[case("Paper Lanterns (Live)", "paper lanterns (live)")]
    #[case("Paper Lanterns - Acoustic Version", "paper lanterns - acoustic version")]
    #[case("Paper Lanterns (Club Remix) [feat. X]", "paper lanterns (club remix)")]
    #[case("Paper Lanterns - Live - Remastered 2011", "paper lanterns - live")]
    #[case("Dancing with Myself", "dancing with myself")]
    #[case("(Without You)", "(without you)")]
    #[case("Featured", "featured")]
    #[case("Hi-Fi", "hi-fi")]
    fn other_recordings_and_plain_words_stay(#[case] title: &str, #[case] expected: &str) {
        assert_eq!(normalise(title), expected);
    }

    #[rstest]
    #[case("(with you)", "(with you)")]
    #[case("", "")]
    #[case("Open (feat. X", "open")]
    #[case("Odd ) bracket", "odd ) bracket")]
    fn odd_titles_survive(#[case] title: &str, #[case] expected: &str) {
        assert_eq!(normalise(title), expected);
    }

    #[test]
    fn folding_goes_beyond_lower_case() {
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("e\u{301}t\u{e9}"), fold("ÉTÉ"));
    }

    #[test]
    fn words_are_whole() {
        let title = words("Don't (You) Merry Christmas, Santa-Claus!");
        assert_eq!(title, ["don't", "you", "merry", "christmas", "santa", "claus"]);
        assert!(contains_words(&title, "Christmas"));
        assert!(contains_words(&title, "merry christmas"));
        assert!(!contains_words(&title, "christ"));
        assert!(!contains_words(&title, ""));
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(title in "[a-zA-Zß(\\[)\\] .2-]{0,40}|\\PC{0,20}") {
            let once = normalise(&title);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
