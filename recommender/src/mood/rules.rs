//! The tables, ready to be matched.

use std::path::Path;

use super::tables::{self, Tables};
use super::words::Words;
use crate::model::{
    ColorScheme, Emotion, Intent, IntentKind, Mood, MoodRequest, PerFeature, Range, Size, Theme,
};

pub use super::tables::RulesError;

const EMBEDDED: &str = include_str!("tables.yaml");

/// Rule tables, checked. Same request, same answer.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(super) intents: Vec<IntentRule>,
    pub(super) profiles: Vec<Profile>,
    pub(super) keywords: Vec<(Vec<Words>, PerFeature<Option<Range>>)>,
    pub(super) default_targets: PerFeature<Option<Range>>,
    pub(super) default_weights: PerFeature<Option<f64>>,
    pub(super) presets: Vec<Preset>,
    pub(super) stop_words: Vec<Words>,
    /// Longest phrase first.
    pub(super) genres: Vec<(String, Words)>,
    pub(super) exclusions: Vec<(Vec<Words>, Vec<Theme>)>,
    themes: Vec<ThemeRule>,
    synonyms: Vec<(Vec<Words>, Vec<String>)>,
    niche: Vec<Words>,
    colours: [(Emotion, ColorScheme); 3],
    popular: Vec<String>,
    common_title_words: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct IntentRule {
    pub(super) phrases: Vec<Words>,
    pub(super) kind: IntentKind,
    pub(super) strictness: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) phrases: Vec<Words>,
    pub(super) targets: PerFeature<Option<Range>>,
    pub(super) weights: PerFeature<Option<f64>>,
    pub(super) emotion: Emotion,
}

#[derive(Debug, Clone)]
pub(super) struct Preset {
    /// As a normalised prompt.
    pub(super) mood: String,
    /// Index into the profiles.
    pub(super) profile: Option<usize>,
    pub(super) targets: PerFeature<Option<Range>>,
    pub(super) weights: PerFeature<Option<f64>>,
    pub(super) emotion: Option<Emotion>,
}

#[derive(Debug, Clone)]
struct ThemeRule {
    theme: Theme,
    titles: Vec<String>,
    /// A prompt with one of them wants the theme.
    wanted_by: Vec<Words>,
}

impl Rules {
    /// The tables that come with the program.
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).expect("the embedded tables are checked by a test")
    }

    /// The tables of a file.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        Tables::read(path).map(|tables| Self::of(&tables))
    }

    pub fn parse(yaml: &str) -> Result<Self, RulesError> {
        Tables::parse("tables.yaml", yaml).map(|tables| Self::of(&tables))
    }

    fn of(tables: &Tables) -> Self {
        let intents = tables.intents.iter().map(|row| IntentRule {
            phrases: tables::words(&row.phrases),
            kind: row.intent,
            strictness: row.genre_strictness.value,
        });
        let profiles = tables.profiles.iter().map(|row| Profile {
            name: row.name.clone(),
            phrases: tables::words(&row.phrases),
            targets: tables::targets(&row.targets),
            weights: tables::weights(&row.weights),
            emotion: row.emotion,
        });
        let presets = tables.popular.iter().map(|row| Preset {
            mood: MoodRequest::of(&row.mood.value).normalised_prompt(),
            profile: row
                .profile
                .as_ref()
                .and_then(|name| tables.profiles.iter().position(|profile| profile.name == name.value)),
            targets: tables::targets(&row.targets),
            weights: tables::weights(&row.weights),
            emotion: row.emotion,
        });
        let themes = tables.themes.iter().map(|(theme, row)| ThemeRule {
            theme: *theme,
            titles: tables::texts(&row.titles),
            wanted_by: [tables::words(&row.titles), tables::words(&row.prompts)].concat(),
        });
        let mut genres: Vec<_> =
            tables.genres.iter().map(|genre| (genre.value.clone(), Words::of(&genre.value))).collect();
        genres.sort_by_key(|(_, words)| std::cmp::Reverse(words.len()));
        let rows = |row: &tables::Synonyms| (tables::words(&row.words), tables::texts(&row.also));
        let colours = &tables.colours;
        let colours = [
            (Emotion::Positive, &colours.positive),
            (Emotion::Neutral, &colours.neutral),
            (Emotion::Negative, &colours.negative),
        ];
        Self {
            intents: intents.collect(),
            profiles: profiles.collect(),
            keywords: tables
                .keywords
                .iter()
                .map(|row| (tables::words(&row.phrases), tables::targets(&row.targets)))
                .collect(),
            default_targets: tables::targets(&tables.default_targets),
            default_weights: tables::weights(&tables.default_weights),
            presets: presets.collect(),
            stop_words: tables::words(&tables.stop_words),
            genres,
            exclusions: tables
                .excluded_themes
                .iter()
                .map(|row| (tables::words(&row.phrases), row.themes.clone()))
                .collect(),
            themes: themes.collect(),
            synonyms: tables.synonyms.iter().map(rows).collect(),
            niche: tables::words(&tables.niche),
            colours: colours.map(|(emotion, [primary, secondary, tertiary])| {
                let colour = |text: &serde_saphyr::Spanned<String>| text.value.clone();
                let scheme = ColorScheme {
                    primary: colour(primary),
                    secondary: colour(secondary),
                    tertiary: colour(tertiary),
                };
                (emotion, scheme)
            }),
            popular: tables.popular.iter().map(|row| row.mood.value.clone()).collect(),
            common_title_words: tables::texts(&tables.common_title_words),
        }
    }

    /// What kind of list is wanted, and how much genres bind. Tracks and artists named in the request
    /// say it by themselves.
    pub fn intent(&self, request: &MoodRequest) -> Intent {
        let words = Words::of(&request.mood_prompt);
        let by_mentions = if !request.mentioned_tracks.is_empty() {
            Some(IntentKind::SpecificTrackSimilar)
        } else if !request.mentioned_artists.is_empty() {
            Some(IntentKind::ArtistFocus)
        } else {
            None
        };
        let rule = match by_mentions {
            Some(kind) => self.intents.iter().find(|rule| rule.kind == kind),
            None => self.intents.iter().find(|rule| any(&words, &rule.phrases)),
        };
        let rule = rule.or_else(|| self.intents.iter().find(|rule| rule.phrases.is_empty()));
        let (kind, strictness) =
            rule.map_or((IntentKind::MoodVariety, 0.6), |rule| (rule.kind, rule.strictness));
        Intent {
            intent_type: by_mentions.unwrap_or(kind),
            genre_strictness: request.genre_strictness.unwrap_or(strictness),
            primary_genre: self.genres_wanted(request, &words).into_iter().next(),
        }
    }

    /// How many tracks make the list, and from when on it is good.
    pub fn size(&self, request: &MoodRequest, mood: &Mood) -> Size {
        let niche = any(&Words::of(&request.mood_prompt), &self.niche);
        super::size::size(request, mood, niche)
    }

    /// The popular moods of the tables, as they are written.
    pub fn popular(&self) -> &[String] {
        &self.popular
    }

    /// Words of the same mood; none for an unknown word.
    pub fn synonyms(&self, word: &str) -> &[String] {
        let word = Words::of(word);
        let found = self.synonyms.iter().find(|(words, _)| words.contains(&word));
        found.map_or(&[], |(_, also)| also.as_slice())
    }

    /// Words, to be matched whole and case-folded, that give a title away as of that theme.
    pub fn theme_words(&self, theme: Theme) -> &[String] {
        self.themes.iter().find(|rule| rule.theme == theme).map_or(&[], |rule| rule.titles.as_slice())
    }

    /// Words to search titles by when nothing else finds any.
    pub fn common_title_words(&self) -> &[String] {
        &self.common_title_words
    }

    /// Under which names starter seeds of a prompt may be configured: the prompt itself, normalised, then
    /// its profiles, the strongest first.
    pub fn starters(&self, prompt: &str) -> Vec<String> {
        let profiles = self.profiles_of(&MoodRequest::of(prompt));
        let names = profiles.iter().rev().map(|profile| profile.name.clone());
        std::iter::once(MoodRequest::of(prompt).normalised_prompt()).chain(names).collect()
    }

    /// The preset whose text the prompt is.
    pub(super) fn preset(&self, request: &MoodRequest) -> Option<&Preset> {
        let prompt = request.normalised_prompt();
        self.presets.iter().find(|preset| preset.mood == prompt)
    }

    /// Those that make up the mood, a stronger one after a weaker one.
    pub(super) fn profiles_of(&self, request: &MoodRequest) -> Vec<&Profile> {
        if let Some(preset) = self.preset(request) {
            return preset.profile.map(|index| &self.profiles[index]).into_iter().collect();
        }
        let words = Words::of(&request.mood_prompt);
        self.profiles.iter().filter(|profile| any(&words, &profile.phrases)).collect()
    }

    /// Genres of the request, else those in the prompt in their order.
    pub(super) fn genres_wanted(&self, request: &MoodRequest, words: &Words) -> Vec<String> {
        if !request.genres.is_empty() {
            return request.genres.clone();
        }
        let mut taken = vec![false; words.len()];
        let mut found = Vec::new();
        for (name, phrase) in &self.genres {
            for place in words.places(phrase) {
                let span = &mut taken[place..place + phrase.len()];
                if !span.contains(&true) {
                    span.fill(true);
                    found.push((place, name));
                }
            }
        }
        found.sort_unstable();
        let mut names: Vec<String> = Vec::new();
        for (_, name) in found {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The prompt is about the theme.
    pub(super) fn wants(&self, words: &Words, theme: Theme) -> bool {
        self.themes.iter().any(|rule| rule.theme == theme && any(words, &rule.wanted_by))
    }

    pub(super) fn colours(&self, emotion: Emotion) -> ColorScheme {
        let found = self.colours.iter().find(|(of, _)| *of == emotion);
        found.map(|(_, scheme)| scheme.clone()).expect("each emotion has its colours")
    }
}

/// One of the phrases is in the text.
pub(super) fn any(words: &Words, phrases: &[Words]) -> bool {
    phrases.iter().any(|phrase| words.has(phrase))
}
