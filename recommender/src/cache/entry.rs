//! How an entry is named and written.

use xxhash_rust::xxh3::xxh3_128;

use super::Category;

/// Names one entry. The caller's parts (users, prompts, ids) are hashed: keys are short, of one
/// alphabet, and tell nobody anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) category: Category,
    hash: u128,
}

impl Key {
    pub(super) fn new(category: Category, parts: &str) -> Self {
        Self { category, hash: xxh3_128(parts.as_bytes()) }
    }

    /// As it is written in Redis, after its category.
    pub(super) fn hash(self) -> String {
        format!("{:032x}", self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_of_two_categories_are_two_keys() {
        let tracks = Key::new(Category::TopTracks, "ann");
        assert_ne!(tracks, Key::new(Category::TopArtists, "ann"));
        assert_eq!(tracks, Key::new(Category::TopTracks, "ann"));
    }

    #[test]
    fn a_key_keeps_its_spelling_between_releases() {
        // The published hash of nothing.
        assert_eq!(Key::new(Category::TopTracks, "").hash(), "99aa06d3014798d86001c324468d497f");
    }
}
