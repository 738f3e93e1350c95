//! The tables and what they say of a prompt.

use std::path::Path;

use crate::model::{
    ColorScheme, Emotion, EnergyLevel, Intent, IntentKind, Mood, MoodRequest, PerFeature, Size, Theme,
};

/// Rule tables, checked.
#[derive(Debug, Clone)]
pub struct Rules {
    popular: Vec<String>,
}

/// Why tables cannot be used: file, line, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RulesError(String);

impl Rules {
    pub fn embedded() -> Self {
        Self { popular: Vec::new() }
    }

    /// The tables of a file.
    pub fn load(_path: &Path) -> Result<Self, RulesError> {
        Ok(Self::embedded())
    }

    pub fn parse(_yaml: &str) -> Result<Self, RulesError> {
        Ok(Self::embedded())
    }

    pub fn intent(&self, _request: &MoodRequest) -> Intent {
        Intent { intent_type: IntentKind::MoodVariety, genre_strictness: 0.6, primary_genre: None }
    }

    pub fn mood(&self, request: &MoodRequest, _intent: &Intent) -> Mood {
        let colour = || "#335566".to_owned();
        Mood {
            interpretation: request.mood_prompt.clone(),
            emotion: Emotion::Neutral,
            energy_level: EnergyLevel::Medium,
            targets: PerFeature::default(),
            weights: PerFeature::default(),
            search_keywords: Vec::new(),
            artist_recommendations: Vec::new(),
            genre_keywords: Vec::new(),
            preferred_regions: Vec::new(),
            excluded_regions: Vec::new(),
            excluded_themes: Vec::new(),
            temporal_context: None,
            color_scheme: ColorScheme { primary: colour(), secondary: colour(), tertiary: colour() },
            reasoning: String::new(),
        }
    }

    pub fn size(&self, _request: &MoodRequest, _mood: &Mood) -> Size {
        Size { target: 20, minimum: 16, quality_goal: 0.75 }
    }

    /// The popular moods of the tables, as they are written.
    pub fn popular(&self) -> &[String] {
        &self.popular
    }

    /// Words of the same mood, without the word itself; none for an unknown word.
    pub fn synonyms(&self, _word: &str) -> &[String] {
        &[]
    }

    /// Whole words, case-folded, that give a title away as of that theme.
    pub fn theme_words(&self, _theme: Theme) -> &[String] {
        &[]
    }

    /// Words to search titles by when nothing else finds any.
    pub fn common_title_words(&self) -> &[String] {
        &[]
    }

    /// Under which names starter seeds of a prompt may be configured: its popular mood, then its
    /// profiles, the strongest last.
    pub fn starters(&self, _prompt: &str) -> Vec<String> {
        Vec::new()
    }
}
