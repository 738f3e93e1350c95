//! Keeping secrets out of messages, logs and whatever shows the configuration.

use std::ops::Range;

use serde::{Serialize, Serializer};

/// Stands for a value that is not shown.
pub const HIDDEN: &str = "***";

/// A URL without its credentials. Everything from the scheme to the last `@` goes, so that an
/// unescaped `@`, `,` or `/` in a password cannot reveal a part of it; and everything behind a `?`,
/// because databases take passwords there, too, under names that may be escaped.
pub fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
    match (rest.rfind('@'), rest.find('?')) {
        // Which of the two belongs to a password cannot be known.
        (Some(at), Some(query)) if query < at => format!("{scheme}{HIDDEN}"),
        (Some(at), Some(query)) => format!("{scheme}{HIDDEN}{}?{HIDDEN}", &rest[at..query]),
        (Some(at), None) => format!("{scheme}{HIDDEN}{}", &rest[at..]),
        (None, Some(query)) => format!("{scheme}{}?{HIDDEN}", &rest[..query]),
        (None, None) => url.to_owned(),
    }
}

/// For `#[serde(serialize_with)]`: that there is a secret, and no more.
#[allow(clippy::ref_option, reason = "the signature serde asks for")]
pub fn hidden<S: Serializer>(secret: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(serializer)
}

/// For `#[serde(serialize_with)]`: a URL whose credentials stay here.
pub fn bare_url<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    without_credentials(url).serialize(serializer)
}

/// The same for a URL that may be absent.
#[allow(clippy::ref_option, reason = "the signature serde asks for")]
pub fn bare_url_if_any<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(without_credentials).serialize(serializer)
}

/// `Debug` through `Serialize`, so that what may be shown is said in one place.
#[macro_export]
macro_rules! debug_as_shown {
    ($($type:ident),+) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let shown = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
                write!(f, "{} {shown}", stringify!($type))
            }
        }
    )+};
}
pub use debug_as_shown;

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
    let word_end = |start: usize| {
        let end = line[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        end.map_or(line.len(), |end| start + end)
    };
    let words = ["tok", "passw", "secret"].iter().filter_map(|word| lower.find(word));
    // Many things are called keys, and `key.pem` is the name of a file.
    let mut keys = lower.match_indices("key").map(|(at, _)| at);
    let key = keys.find(|at| word_end(*at) == at + 3 && !line[at + 3..].starts_with(['.', '/']));
    words.chain(key).min().map(word_end)
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
        assert_eq!(veil("api_key: abc"), "api_key: ***");
        assert_eq!(veil("-----BEGIN PRIVATE KEY----- MIIE"), "-----BEGIN PRIVATE KEY***** ****");
    }

    #[test]
    fn a_word_about_keys_hides_nothing() {
        assert_eq!(veil("prefix: a  # begins all keys, always"), "prefix: a  # begins all keys, always");
        assert_eq!(veil("/etc/ssl/key.pem"), "/etc/ssl/key.pem");
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
        assert_eq!(veil_below("  key: |", "    hunter2"), "    *******");
        assert_eq!(veil_below("  secret: >-", "    hunter2"), "    *******");
        assert_eq!(veil_below("  token: hunter2", "listen: x"), "listen: x");
    }

    #[test]
    fn a_url_is_shown_without_credentials() {
        assert_eq!(without_credentials("redis://me:p@ss@host:1/0"), "redis://***@host:1/0");
        assert_eq!(without_credentials("redis://a:b@c,redis://d:e@f"), "redis://***@f");
        assert_eq!(without_credentials("redis://host"), "redis://host");
        assert_eq!(without_credentials("memory"), "memory");
    }

    #[test]
    fn a_url_is_shown_without_its_query() {
        for (url, shown) in [
            ("postgres://host/db?user=u&password=s3cret", "postgres://host/db?***"),
            ("postgres://host/db?p%61ssword=s3cret", "postgres://host/db?***"),
            ("postgres://me:s3cret@host/db?sslmode=require", "postgres://***@host/db?***"),
            ("postgres://host/db?password=s3@cret", "postgres://***"),
            ("redis://:s3?cret@host", "redis://***"),
            ("sqlite:lists.db?mode=rwc", "sqlite:lists.db?***"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
