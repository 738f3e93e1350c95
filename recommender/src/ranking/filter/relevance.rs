//! Tracks about something else: excluded themes, regions, genres.
//!
//! Themes and regions were excluded by the user or the mood, so they go whatever strategy brought
//! them; a clash of genres is only asked about in what the upstream recommended without being told
//! the genre.

use super::region;
use crate::model::Source;
use crate::ranking::{Candidate, Wanted, artists, title};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    /// Counts with half its confidence.
    Doubt,
    Drop,
}

/// From this strictness on a clash of genres drops a track.
const STRICT: f64 = 0.8;

pub fn judge(candidate: &Candidate, wanted: &Wanted<'_>) -> Verdict {
    if candidate.is_safe() {
        return Verdict::Keep;
    }
    let spoken = title::words(&candidate.track.title);
    if wanted.excluded_words.iter().any(|word| title::contains_words(&spoken, word)) {
        return Verdict::Drop;
    }
    if is_by_recommended_artist(candidate, wanted) {
        return Verdict::Keep;
    }
    let names = candidate.track.artists.iter().map(|artist| artist.name.as_str());
    if !region::keeps(names.chain([candidate.track.title.as_str()]), wanted) {
        return Verdict::Drop;
    }
    match clashes(candidate, wanted) {
        true if wanted.intent.genre_strictness >= STRICT => Verdict::Drop,
        true => Verdict::Doubt,
        false => Verdict::Keep,
    }
}

fn is_by_recommended_artist(candidate: &Candidate, wanted: &Wanted<'_>) -> bool {
    let recommended: Vec<String> =
        wanted.mood.artist_recommendations.iter().map(|name| title::fold(name)).collect();
    wanted.is_by_mentioned_artist(candidate)
        || candidate.track.artists.iter().any(|artist| recommended.contains(&title::fold(&artist.name)))
}

/// Genres are known on both sides and have nothing in common.
fn clashes(candidate: &Candidate, wanted: &Wanted<'_>) -> bool {
    matches!(candidate.source, Source::Reccobeat | Source::Fallback)
        && artists::genre_match(&candidate.genres, wanted.genres()) == Some(0.0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::{Intent, Mood};
    use crate::ranking::testing::{SIZE, candidate, intent, mood};

    struct Case {
        intent: Intent,
        mood: Mood,
        words: Vec<String>,
    }

    impl Case {
        fn new() -> Self {
            Self { intent: intent(), mood: mood(&[]), words: vec!["christmas".into(), "kids".into()] }
        }

        fn judge(&self, candidate: &Candidate) -> Verdict {
            let wanted = Wanted::new("a prompt", &self.intent, &self.mood, SIZE);
            judge(candidate, &Wanted { excluded_words: self.words.clone(), ..wanted })
        }
    }

    #[rstest]
    #[case("Merry CHRISTMAS, Darling", Verdict::Drop)]
    #[case("Christmas-Time", Verdict::Drop)]
    #[case("The Kids Are Up", Verdict::Drop)]
    #[case("Kidskin", Verdict::Keep)]
    #[case("Chris", Verdict::Keep)]
    fn excluded_words_are_whole_words_of_the_title(#[case] title: &str, #[case] verdict: Verdict) {
        let case = Case::new();
        assert_eq!(case.judge(&candidate(1, Source::Reccobeat).titled(title)), verdict);
        assert_eq!(case.judge(&candidate(1, Source::ArtistDiscovery).titled(title)), verdict);
        assert_eq!(case.judge(&candidate(1, Source::Reccobeat).titled(title).mentioned()), Verdict::Keep);
    }

    #[test]
    fn a_recommended_artist_is_asked_about_themes_only() {
        let mut case = Case::new();
        case.intent.genre_strictness = 0.9;
        case.mood.excluded_regions = vec!["korean".into()];
        case.mood.genre_keywords = vec!["jazz".into()];
        let mut track = candidate(1, Source::Reccobeat).titled("사랑");
        track.genres = vec!["metal".into()];
        assert_eq!(case.judge(&track), Verdict::Drop);
        case.mood.artist_recommendations = vec!["ARTIST 1".into()];
        assert_eq!(case.judge(&track), Verdict::Keep);
        assert_eq!(case.judge(&track.titled("Christmas")), Verdict::Drop);
    }

    #[rstest]
    #[case(&["death metal"], 0.8, Verdict::Drop)]
    #[case(&["death metal"], 0.79, Verdict::Doubt)]
    #[case(&["nu jazz"], 0.9, Verdict::Keep)]
    #[case(&[], 0.9, Verdict::Keep)]
    fn a_clash_of_known_genres_costs_by_strictness(
        #[case] genres: &[&str],
        #[case] strictness: f64,
        #[case] verdict: Verdict,
    ) {
        let mut case = Case::new();
        case.intent.genre_strictness = strictness;
        case.intent.primary_genre = Some("jazz".into());
        let mut track = candidate(1, Source::Reccobeat);
        track.genres = genres.iter().map(|&genre| genre.to_owned()).collect();
        assert_eq!(case.judge(&track), verdict);
        track.source = Source::ArtistDiscovery;
        assert_eq!(case.judge(&track), Verdict::Keep, "an artist's tracks were chosen with the artist");
    }

    #[test]
    fn without_a_wanted_genre_nothing_clashes() {
        let mut track = candidate(1, Source::Reccobeat);
        track.genres = vec!["metal".into()];
        assert_eq!(Case::new().judge(&track), Verdict::Keep);
    }
}
