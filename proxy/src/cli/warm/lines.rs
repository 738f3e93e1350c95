use crate::engine::warm::{read_id, read_url};

/// Ids and URLs as they were given, and what is neither, with its place.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) ids: Vec<String>,
    pub(super) urls: Vec<String>,
    pub(super) bad: Vec<String>,
}

impl Lines {
    /// Takes one line: an id, a URL, a path, a comment, or nothing.
    pub(super) fn add(&mut self, place: &str, line: &str) {
        let text = uncommented(line).trim();
        if text.is_empty() {
            return;
        }
        let is_url = text.starts_with('/') || text.contains("://");
        let read = if is_url { read_url(text).map(drop) } else { read_id(text).map(drop) };
        match read {
            Ok(()) if is_url => self.urls.push(text.to_owned()),
            Ok(()) => self.ids.push(text.to_owned()),
            Err(why) => self.bad.push(format!("{place}: {text:?} {why}")),
        }
    }
}

/// A line up to its comment: a `#` at the beginning or after a space.
fn uncommented(line: &str) -> &str {
    let begins = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at));
    &line[..comment.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_and_bad_ones_named() {
        let mut lines = Lines::default();
        let file = "# my tracks\n\n 2ZyXwVuTsRqPoNmLkJiHgF  # a song\r\n/v1/album/search?searchText=ab\noops\n/v1/nothing\n";
        for (at, line) in file.lines().enumerate() {
            lines.add(&format!("ids.txt:{}", at + 1), line);
        }
        assert_eq!(lines.ids, ["2ZyXwVuTsRqPoNmLkJiHgF"]);
        assert_eq!(lines.urls, ["/v1/album/search?searchText=ab"]);
        let bad = lines.bad.join("\n");
        assert!(
            bad.contains("ids.txt:5: \"oops\" is neither") && bad.contains("ids.txt:6: \"/v1/nothing\""),
            "{bad}"
        );
    }
}
