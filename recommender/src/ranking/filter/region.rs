//! Tracks from regions that the user does not want, told by their writing.

use std::collections::HashSet;

use crate::ranking::Wanted;
use crate::ranking::script::{self, WritingSystem};

/// Neither of the texts (a title, names of artists) is written as an excluded region writes. What
/// the prompt itself is written in is never excluded. Without excluded regions everything stays.
pub fn keeps<'t>(texts: impl Iterator<Item = &'t str>, wanted: &Wanted<'_>) -> bool {
    let excluded = excluded(wanted);
    // One text: Han in the title is Japanese if the artist's name is in Kana.
    let together = texts.collect::<Vec<_>>().join(" ");
    excluded.is_empty() || script::of_text(&together).is_disjoint(&excluded)
}

fn excluded(wanted: &Wanted<'_>) -> HashSet<WritingSystem> {
    let used = script::of_text(wanted.prompt);
    let regions = wanted.mood.excluded_regions.iter();
    regions.flat_map(|name| script::of_region(name)).filter(|system| !used.contains(system)).collect()
}
