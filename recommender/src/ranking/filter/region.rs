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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ranking::testing::{SIZE, intent, mood};

    fn keeps_text(prompt: &str, excluded: &str, title: &str, artist: &str) -> bool {
        let (intent, mut mood) = (intent(), mood(&[]));
        mood.excluded_regions = vec![excluded.to_owned()];
        keeps([title, artist].into_iter(), &Wanted::new(prompt, &intent, &mood, SIZE))
    }

    #[rstest]
    #[case("korean", "사랑", "Nova Ferry", false)]
    #[case("korean", "Love", "노바", false)]
    #[case("korean", "Code Red", "Nova Ferry", true)]
    #[case("korean", "さくら", "Nova Ferry", true)]
    #[case("chinese", "月亮", "Nova Ferry", false)]
    #[case("chinese", "桜", "スピッツ", true)]
    #[case("japanese", "桜", "スピッツ", false)]
    #[case("eastern europe", "Катюша", "Nova Ferry", false)]
    #[case("atlantis", "사랑", "Nova Ferry", true)]
    fn only_writing_of_an_excluded_region_goes(
        #[case] excluded: &str,
        #[case] title: &str,
        #[case] artist: &str,
        #[case] kept: bool,
    ) {
        assert_eq!(keeps_text("happy songs", excluded, title, artist), kept);
    }

    #[test]
    fn what_the_prompt_is_written_in_is_welcome() {
        assert!(keeps_text("신나는 노래", "korean", "사랑", "Nova Ferry"));
    }
}
