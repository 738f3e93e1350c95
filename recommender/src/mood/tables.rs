//! The rule tables as they are written, and what may not be in them.
//!
//! Everything is checked here, so that the rules behind cannot meet a range out of its limits, a
//! profile that does not exist or a phrase without a word.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::words::Words;
use crate::model::{Emotion, Feature, IntentKind, PerFeature, Range, Theme, closest};

/// Why tables cannot be used: file, line and column, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RulesError(String);

/// A word or phrase with its place.
type Phrase = Spanned<String>;
type Ranges = BTreeMap<Feature, Spanned<[f64; 2]>>;
type Weights = BTreeMap<Feature, Spanned<f64>>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    pub(super) intents: Vec<IntentRow>,
    pub(super) profiles: Vec<Profile>,
    pub(super) keywords: Vec<Keywords>,
    pub(super) default_targets: Ranges,
    pub(super) default_weights: Weights,
    pub(super) popular: Vec<Preset>,
    pub(super) synonyms: Vec<Synonyms>,
    pub(super) common_title_words: Vec<Phrase>,
    pub(super) stop_words: Vec<Phrase>,
    pub(super) genres: Vec<Phrase>,
    pub(super) themes: BTreeMap<Theme, ThemeWords>,
    pub(super) excluded_themes: Vec<Exclusion>,
    pub(super) niche: Vec<Phrase>,
    pub(super) colours: Colours,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntentRow {
    pub(super) phrases: Vec<Phrase>,
    pub(super) intent: IntentKind,
    pub(super) genre_strictness: Spanned<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) phrases: Vec<Phrase>,
    pub(super) targets: Ranges,
    #[serde(default)]
    pub(super) weights: Weights,
    pub(super) emotion: Emotion,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keywords {
    pub(super) phrases: Vec<Phrase>,
    pub(super) targets: Ranges,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preset {
    pub(super) mood: Phrase,
    #[serde(default)]
    pub(super) profile: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) targets: Ranges,
    #[serde(default)]
    pub(super) weights: Weights,
    /// The profile's, else by valence.
    #[serde(default)]
    pub(super) emotion: Option<Emotion>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Synonyms {
    pub(super) words: Vec<Phrase>,
    pub(super) also: Vec<Phrase>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThemeWords {
    pub(super) titles: Vec<Phrase>,
    #[serde(default)]
    pub(super) prompts: Vec<Phrase>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exclusion {
    pub(super) phrases: Vec<Phrase>,
    pub(super) themes: Vec<Theme>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Colours {
    pub(super) positive: [Spanned<String>; 3],
    pub(super) neutral: [Spanned<String>; 3],
    pub(super) negative: [Spanned<String>; 3],
}

impl Tables {
    /// Reads and checks tables; `name` is the file's, for messages.
    pub(super) fn parse(name: &str, yaml: &str) -> Result<Self, RulesError> {
        let tables: Self = serde_saphyr::from_str(yaml).map_err(|error| {
            let error = error.without_snippet();
            let text = error.to_string();
            let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            refusal(name, error.location(), message, "compare with the tables that come with the program")
        })?;
        tables.check(name)?;
        Ok(tables)
    }

    pub(super) fn read(path: &Path) -> Result<Self, RulesError> {
        let name = path.display().to_string();
        let yaml = std::fs::read_to_string(path).map_err(|error| {
            let remedy = "check the path of `moods.tables`, or remove it to use the tables that are built in";
            refusal(&name, None, &format!("cannot be read: {error}"), remedy)
        })?;
        Self::parse(&name, &yaml)
    }

    fn check(&self, name: &str) -> Result<(), RulesError> {
        for ranges in self.ranges() {
            check_ranges(name, ranges)?;
        }
        let strictness = self.intents.iter().map(|row| &row.genre_strictness);
        for share in self.weights().flat_map(BTreeMap::values).chain(strictness) {
            if !(0.0..=1.0).contains(&share.value) {
                let message = format!("the weight {} is not within 0 to 1", share.value);
                return Err(refusal(name, Some(share.referenced), &message, "weights are shares: 0.9"));
            }
        }
        for phrase in self.phrases() {
            if Words::of(&phrase.value).is_empty() {
                let message = format!("`{}` has no word", phrase.value.escape_debug());
                return Err(refusal(name, Some(phrase.referenced), &message, "give letters or digits"));
            }
        }
        for profile in self.popular.iter().filter_map(|preset| preset.profile.as_ref()) {
            self.check_profile(name, profile)?;
        }
        let colours = &self.colours;
        for colour in colours.positive.iter().chain(&colours.neutral).chain(&colours.negative) {
            let digits = colour.value.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let message = format!("`{}` is no colour", colour.value.escape_debug());
                return Err(refusal(name, Some(colour.referenced), &message, "write \"#335566\", in quotes"));
            }
        }
        Ok(())
    }

    fn check_profile(&self, name: &str, profile: &Spanned<String>) -> Result<(), RulesError> {
        let names: Vec<_> = self.profiles.iter().map(|profile| profile.name.as_str()).collect();
        if names.contains(&profile.value.as_str()) {
            return Ok(());
        }
        let remedy = match closest(&profile.value, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the profiles are {}", names.join(", ")),
        };
        let message = format!("there is no profile `{}`", profile.value.escape_debug());
        Err(refusal(name, Some(profile.referenced), &message, &remedy))
    }

    fn ranges(&self) -> impl Iterator<Item = &Ranges> {
        let profiles = self.profiles.iter().map(|row| &row.targets);
        let keywords = self.keywords.iter().map(|row| &row.targets);
        let presets = self.popular.iter().map(|row| &row.targets);
        profiles.chain(keywords).chain(presets).chain([&self.default_targets])
    }

    fn weights(&self) -> impl Iterator<Item = &Weights> {
        let profiles = self.profiles.iter().map(|row| &row.weights);
        profiles.chain(self.popular.iter().map(|row| &row.weights)).chain([&self.default_weights])
    }

    fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        let intents = self.intents.iter().flat_map(|row| &row.phrases);
        let profiles = self.profiles.iter().flat_map(|row| &row.phrases);
        let keywords = self.keywords.iter().flat_map(|row| &row.phrases);
        let presets = self.popular.iter().map(|row| &row.mood);
        let synonyms = self.synonyms.iter().flat_map(|row| row.words.iter().chain(&row.also));
        let themes = self.themes.values().flat_map(|row| row.titles.iter().chain(&row.prompts));
        let exclusions = self.excluded_themes.iter().flat_map(|row| &row.phrases);
        let lists = [&self.common_title_words, &self.stop_words, &self.genres, &self.niche];
        let found = intents.chain(profiles).chain(keywords).chain(presets).chain(synonyms);
        found.chain(themes).chain(exclusions).chain(lists.into_iter().flatten())
    }
}

fn check_ranges(name: &str, ranges: &Ranges) -> Result<(), RulesError> {
    for (feature, range) in ranges {
        let Range { low: least, high: most } = feature.limits();
        let [low, high] = range.value;
        let legal = least..=most;
        if !legal.contains(&low) || !legal.contains(&high) || low > high {
            let message = format!("`{}: [{low}, {high}]` is no range of this feature", feature.name());
            let remedy = format!("the lower bound first, both within {least} to {most}");
            return Err(refusal(name, Some(range.referenced), &message, &remedy));
        }
    }
    Ok(())
}

/// As a problem of the configuration is told.
fn refusal(name: &str, place: Option<Location>, message: &str, remedy: &str) -> RulesError {
    let place = place.map(|place| format!(":{}:{}", place.line(), place.column())).unwrap_or_default();
    RulesError(format!("{name}{place}: {message}\n  = help: {remedy}"))
}

/// Ranges that were checked.
pub(super) fn targets(ranges: &Ranges) -> PerFeature<Option<Range>> {
    PerFeature::from_fn(|feature| ranges.get(&feature).map(|range| Range::from(range.value)))
}

/// Weights that were checked.
pub(super) fn weights(weights: &Weights) -> PerFeature<Option<f64>> {
    PerFeature::from_fn(|feature| weights.get(&feature).map(|weight| weight.value))
}

/// Texts that were checked.
pub(super) fn texts(phrases: &[Phrase]) -> Vec<String> {
    phrases.iter().map(|phrase| phrase.value.clone()).collect()
}

/// Phrases that were checked.
pub(super) fn words(phrases: &[Phrase]) -> Vec<Words> {
    phrases.iter().map(|phrase| Words::of(&phrase.value)).collect()
}
