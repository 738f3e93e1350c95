//! Keeping secrets out of messages, logs and the admin page.

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

/// A line of a file with everything secret replaced by as many stars: what follows a key that
/// sounds like a secret, and credentials in URLs.
pub(super) fn veil(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut hidden = line.len()..line.len();
    for word in ["tok", "passw", "secret"] {
        let Some(at) = lower.find(word) else { continue };
        if let Some(colon) = line[at..].find(':') {
            hidden.start = hidden.start.min(at + colon + 1);
        }
    }
    if let Some(at) = line.find("://")
        && let Some(end) = line[at..].rfind('@')
        && at + 3 < hidden.start
    {
        hidden = at + 3..if hidden.is_empty() {
            at + end
        } else {
            hidden.end
        };
    }
    let stars = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_whitespace() { c } else { '*' })
            .collect()
    };
    format!(
        "{}{}{}",
        &line[..hidden.start],
        stars(&line[hidden.clone()]),
        &line[hidden.end..]
    )
}
