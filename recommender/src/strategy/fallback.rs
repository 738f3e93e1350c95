//! Tracks whose titles speak of the mood, for the last places.

use super::rows::{few_of_each, in_turn};
use super::{Brief, Strategy};
use crate::model::{Mood, Source, Track};
use crate::ranking::cohesion::{self, Tolerance};
use crate::ranking::picks::nearest;
use crate::ranking::{Candidate, shares};
use crate::recobeat::{Answer, Ask};

/// Takes what searches for seeds have found; searches itself only where there were none.
#[derive(Debug, Clone, Copy)]
pub struct Fallback;

/// Less sure of these than of all others.
const FACTOR: f64 = 0.85;
/// Lower limit of popularity, 0 to 100.
const FLOOR: u8 = 15;
/// The shortest text that can be searched for, in characters.
const SHORTEST: usize = 3;

impl Fallback {
    /// In a track that nothing but need speaks for.
    pub fn confidence(candidate: &Candidate, mood: &Mood) -> f64 {
        FACTOR * cohesion::of_candidate(candidate, mood, Tolerance::Generator)
    }
}

impl Strategy for Fallback {
    fn name(&self) -> &'static str {
        "fallback"
    }

    fn source(&self) -> Source {
        Source::Fallback
    }

    fn asks(&self, brief: &Brief) -> Vec<Ask> {
        if !brief.searched.is_empty() {
            return Vec::new();
        }
        let word = brief.mood.search_keywords.iter().find(|word| word.chars().count() >= SHORTEST);
        word.map(|word| Ask::SearchTracks { text: word.clone(), page: 0 }).into_iter().collect()
    }

    fn tracks(&self, brief: &Brief, _share: usize, answers: &[(Ask, Answer)]) -> Vec<Track> {
        let found = answers.iter().filter_map(|(_, answer)| match answer {
            Answer::Tracks { rows, .. } => Some(rows.clone()),
            _ => None,
        });
        let all = in_turn(brief, std::iter::once(brief.searched.clone()).chain(found).collect());
        let floor = brief.popularity_floor(FLOOR);
        let (mut heard, unheard): (Vec<Track>, Vec<Track>) =
            all.into_iter().partition(|track| track.popularity.is_none_or(|value| value >= floor));
        heard.extend(unheard);
        // What is known of already costs nothing to look at.
        heard.sort_by_key(|track| !brief.features.contains_key(&track.id));
        heard
    }

    fn candidates(&self, brief: &Brief, share: usize, tracks: Vec<Track>) -> Vec<Candidate> {
        let scored = tracks.into_iter().map(|track| {
            let candidate = brief.candidate(track, Source::Fallback);
            let confidence = Self::confidence(&candidate, &brief.mood);
            Candidate { confidence, reasoning: "its title speaks of the mood".into(), ..candidate }
        });
        nearest(few_of_each(brief, scored.collect()), &brief.mood, share * shares::SURPLUS)
    }
}
