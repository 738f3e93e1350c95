//! Titles and names inside a prompt: candidates only, to be looked up and accepted on an exact match.

/// Look-ups are calls; a prompt that quotes more is quoting something else.
const MOST: usize = 5;

const QUOTES: [(char, char); 6] = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('‘', '’'), ('「', '」')];

/// Texts in quotes, in their order, of 3 characters or more.
pub fn quoted_titles(prompt: &str) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    let mut rest = prompt;
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| QUOTES.iter().any(|(open, _)| open == c)) {
        let inner = &rest[at + open.len_utf8()..];
        let closes = |c: char| QUOTES.contains(&(open, c));
        let Some(end) = inner.find(closes) else {
            rest = inner;
            continue;
        };
        let title = inner[..end].trim();
        if title.chars().count() >= 3 && !titles.iter().any(|known| known == title) {
            titles.push(title.to_owned());
        }
        let mut after = inner[end..].chars();
        after.next();
        rest = after.as_str();
    }
    titles.truncate(MOST);
    titles
}

/// Runs of capitalised words that do not begin a sentence, in their order, of 2 characters or more.
/// What stands in quotes is a title and no name.
pub fn artist_names(prompt: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut begins = true;
    let bare = without_quoted(prompt);
    for word in bare.split_whitespace() {
        let name = word.trim_matches(|c: char| !c.is_alphanumeric());
        let capital =
            name.starts_with(char::is_uppercase) && !begins && name != "I" && !name.starts_with("I'");
        if !capital || !starts_bare(word) {
            finish(&mut run, &mut names);
        }
        if capital {
            run.push(name);
            if !word.ends_with(char::is_alphanumeric) {
                finish(&mut run, &mut names);
            }
        }
        begins = word.ends_with(['.', '!', '?', ':']);
    }
    finish(&mut run, &mut names);
    names.truncate(MOST);
    names
}

fn starts_bare(word: &str) -> bool {
    word.starts_with(char::is_alphanumeric)
}

fn finish(run: &mut Vec<&str>, names: &mut Vec<String>) {
    let name = run.join(" ");
    run.clear();
    if name.chars().count() >= 2 && !names.contains(&name) {
        names.push(name);
    }
}

/// The prompt with a mark in the place of each quoted text, so that names before and after do not join.
fn without_quoted(prompt: &str) -> String {
    quoted_titles(prompt).iter().fold(prompt.to_owned(), |text, title| text.replace(title.as_str(), "–"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("songs like \"Paper Lanterns\" and “Rain” please", &["Paper Lanterns", "Rain"])]
    #[case("wie „Kalte Luft“ und «Été»", &["Kalte Luft", "Été"])]
    #[case("an \"unclosed quote", &[])]
    #[case("\"\" \"ab\" \"abc\" \"abc\"", &["abc"])]
    #[case("don't stop, it's fine", &[])]
    fn texts_in_quotes_may_be_titles(#[case] prompt: &str, #[case] titles: &[&str]) {
        assert_eq!(quoted_titles(prompt), titles);
    }

    #[rstest]
    #[case("something like Nova Ferry for the evening", &["Nova Ferry"])]
    #[case("Calm music by Low Tide, Émile and I", &["Low Tide", "Émile"])]
    #[case("Party. Then sleep! Well", &[])]
    #[case("Chill like \"Paper Lanterns\" by Nova", &["Nova"])]
    #[case("calm", &[])]
    #[case("A B C", &["B C"])]
    fn capitalised_words_may_be_names(#[case] prompt: &str, #[case] names: &[&str]) {
        assert_eq!(artist_names(prompt), names);
    }

    proptest! {
        #[test]
        fn candidates_are_few_and_never_blank(prompt in any::<String>()) {
            for found in [quoted_titles(&prompt), artist_names(&prompt)] {
                prop_assert!(found.len() <= MOST);
                prop_assert!(found.iter().all(|text| !text.trim().is_empty()));
            }
        }
    }
}
