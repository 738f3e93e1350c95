//! Titles and names inside a prompt: candidates only, to be looked up and accepted on an exact match.

/// Texts in quotes, in their order.
pub fn quoted_titles(_prompt: &str) -> Vec<String> {
    Vec::new()
}

/// Runs of capitalised words that do not begin a sentence, in their order.
pub fn artist_names(_prompt: &str) -> Vec<String> {
    Vec::new()
}
