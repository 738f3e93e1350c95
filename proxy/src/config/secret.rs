//! Keeping secrets out of messages, logs and the admin page.

use std::ops::Range;

/// Stands for a value that is not shown.
pub(super) const HIDDEN: &str = "***";

/// A URL without its credentials. Everything from the scheme to the last `@` goes, so that an
/// unescaped `@`, `,` or `/` in a password cannot reveal a part of it.
pub(super) fn without_credentials(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    match url[start..].rfind('@') {
        Some(at) => format!("{}{HIDDEN}{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

/// A line of a file, or a value, with everything secret replaced by as many stars: what follows
/// a word that sounds like a secret, and credentials in URLs.
pub(super) fn veil(line: &str) -> String {
    let mut hidden = line.len()..line.len();
    if let Some(end) = secret_word(line) {
        let value = line[end..].find(|c: char| !matches!(c, ':' | '=' | ' ' | '\t'));
        hidden.start = value.map_or(line.len(), |at| end + at);
    }
    if let Some(at) = line.find("://").map(|at| at + 3)
        && let Some(end) = line[at..].rfind('@')
        && at < hidden.start
    {
        hidden = if hidden.is_empty() { at..at + end } else { at..line.len() };
    }
    let Range { start, end } = hidden;
    format!("{}{}{}", &line[..start], stars(&line[start..end]), &line[end..])
}

/// The same for a line whose predecessor is known: a value may stand below its key.
pub(super) fn veil_below(above: &str, line: &str) -> String {
    match secret_word(above) {
        Some(end) if is_left_open(&above[end..]) => stars(line),
        _ => veil(line),
    }
}

/// Nothing follows the key, or only what begins a block of lines (`|`, `>-`).
fn is_left_open(rest: &str) -> bool {
    let rest = rest.trim().strip_prefix(':');
    rest.is_some_and(|rest| rest.chars().all(|c| matches!(c, '|' | '>' | '-' | '+' | ' ' | '0'..='9')))
}

/// Where the first word that sounds like a secret ends.
fn secret_word(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let start = ["tok", "passw", "secret"].iter().filter_map(|word| lower.find(word)).min()?;
    let end = line[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    Some(end.map_or(line.len(), |end| start + end))
}

fn stars(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_secret_word_is_hidden() {
        assert_eq!(veil("  token: hunter 2"), "  token: ****** *");
        assert_eq!(veil("token=hunter2"), "token=*******");
        assert_eq!(veil("{ Password: a, b: c }"), "{ Password: ** ** * *");
        assert_eq!(veil("token"), "token");
    }

    #[test]
    fn credentials_in_a_url_are_hidden_to_the_last_at_sign() {
        assert_eq!(veil("url: redis://me:p@ss/w,rd@host/0 # x"), "url: redis://************@host/0 # x");
        assert_eq!(veil("https://example.org"), "https://example.org");
        assert_eq!(veil("a://b:c@d token: e"), "a://***@* ****** *".replace('@', "*"));
    }

    #[test]
    fn a_value_below_its_key_is_hidden() {
        assert_eq!(veil_below("  token:", "    hunter2"), "    *******");
        assert_eq!(veil_below("  token: |", "    hunter2"), "    *******");
        assert_eq!(veil_below("  token: >-", "    hunter2"), "    *******");
        assert_eq!(veil_below("  token: hunter2", "listen: x"), "listen: x");
    }

    #[test]
    fn a_url_is_shown_without_credentials() {
        assert_eq!(without_credentials("redis://me:p@ss@host:1/0"), "redis://***@host:1/0");
        assert_eq!(without_credentials("redis://a:b@c,redis://d:e@f"), "redis://***@f");
        assert_eq!(without_credentials("redis://host"), "redis://host");
    }
}
