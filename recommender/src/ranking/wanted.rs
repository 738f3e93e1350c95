//! What a list is made for.

use std::collections::HashSet;

use uuid::Uuid;

use super::Candidate;
use super::script::{self, WritingSystem};
use crate::model::{Intent, Mood, Size, TrackId};

/// Everything that decides beside the candidates themselves.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// As the user wrote it: the writing systems it uses are welcome.
    pub prompt: &'a str,
    pub intent: &'a Intent,
    pub mood: &'a Mood,
    pub size: Size,
    /// Tracks or artists were named, and found: user anchors get a share.
    pub with_mentions: bool,
    /// Artists that the user named.
    pub mentioned_artists: HashSet<Uuid>,
    /// Out, by either id; a track that the user also mentioned stays.
    pub negatives: HashSet<TrackId>,
    /// Languages that the user asked for, by name or code.
    pub languages: &'a [String],
    /// Words of the excluded themes; several words are a phrase.
    pub excluded_words: Vec<String>,
}

impl<'a> Wanted<'a> {
    /// A wish without mentions, negatives, languages and themes.
    pub fn new(prompt: &'a str, intent: &'a Intent, mood: &'a Mood, size: Size) -> Self {
        Self {
            prompt,
            intent,
            mood,
            size,
            with_mentions: false,
            mentioned_artists: HashSet::new(),
            negatives: HashSet::new(),
            languages: &[],
            excluded_words: Vec::new(),
        }
    }

    /// Genres that the mood or the intent names.
    pub fn genres(&self) -> impl Iterator<Item = &str> {
        self.mood.genre_keywords.iter().chain(&self.intent.primary_genre).map(String::as_str)
    }

    /// Writing systems that the prompt uses, or that a language or region stands for.
    pub fn writing_systems(&self) -> HashSet<WritingSystem> {
        let named = self.languages.iter().chain(&self.mood.preferred_regions);
        script::of_text(self.prompt)
            .into_iter()
            .chain(named.flat_map(|name| script::of_region(name)))
            .collect()
    }

    /// An artist of the track is one that the user named.
    pub fn is_by_mentioned_artist(&self, candidate: &Candidate) -> bool {
        candidate.track.artists.iter().any(|artist| self.mentioned_artists.contains(&artist.id))
    }

    /// The track is not wanted, and nobody asked for it by name.
    pub fn is_negative(&self, candidate: &Candidate) -> bool {
        let track = &candidate.track;
        let listed = |id: TrackId| self.negatives.contains(&id);
        !candidate.is_safe()
            && (listed(track.id.into()) || track.spotify.clone().is_some_and(|id| listed(id.into())))
    }
}
