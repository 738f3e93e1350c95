//! From a prompt to a mood.
//!
//! Three layers, the strongest on top: fields of the request; a popular mood's preset or the profiles
//! that match; keywords, which fill only what is still open. A prompt that says nothing gets targets
//! that exclude nothing.

use super::Rules;
use super::rules::{Preset, Profile, any};
use super::words::Words;
use crate::model::{Emotion, EnergyLevel, Feature, Intent, Mood, MoodRequest, PerFeature, Range, Theme};

/// Keywords at most.
const KEYWORDS: usize = 10;

impl Rules {
    /// The mood of a request.
    pub fn mood(&self, request: &MoodRequest, intent: &Intent) -> Mood {
        let words = Words::of(&request.mood_prompt);
        let preset = self.preset(request);
        let profiles = self.profiles_of(request);
        let said = if preset.is_some() { Vec::new() } else { self.keywords_in(&words) };

        let mut targets = PerFeature::default();
        for (_, ranges) in said.iter().rev() {
            lay_over(&mut targets, ranges);
        }
        let mut weights = PerFeature::default();
        for profile in &profiles {
            lay_over(&mut targets, &profile.targets);
            lay_over(&mut weights, &profile.weights);
        }
        if let Some(preset) = preset {
            lay_over(&mut targets, &preset.targets);
            lay_over(&mut weights, &preset.weights);
        }
        if weights.known().next().is_none() {
            weights = self.default_weights;
        }
        lay_over(&mut targets, &request.target_features);
        lay_over(&mut weights, &request.feature_weights);
        if targets.known().next().is_none() {
            targets = self.default_targets;
        }

        let emotion = emotion(preset, &profiles, &targets);
        let search_keywords = self.search_keywords(&words);
        Mood {
            interpretation: interpretation(preset, &profiles, &said, &words, &search_keywords),
            emotion,
            energy_level: energy_level(&targets),
            reasoning: reasoning(preset, &profiles, &said, request),
            targets,
            weights,
            search_keywords,
            artist_recommendations: request.artist_recommendations.clone(),
            genre_keywords: self.genre_keywords(request, intent, &words),
            preferred_regions: request.preferred_regions.clone(),
            excluded_regions: request.excluded_regions.clone(),
            excluded_themes: self.excluded_themes(request, &words),
            temporal_context: request.temporal_context.clone(),
            color_scheme: self.colours(emotion),
        }
    }

    /// The keyword rows that match, by the phrase that did.
    fn keywords_in(&self, words: &Words) -> Vec<(&Words, &PerFeature<Option<Range>>)> {
        let rows = self.keywords.iter();
        rows.filter_map(|(phrases, targets)| {
            phrases.iter().find(|phrase| words.has(phrase)).map(|phrase| (phrase, targets))
        })
        .collect()
    }

    /// Words of the prompt that say something, then others for the same mood.
    fn search_keywords(&self, words: &Words) -> Vec<String> {
        let long = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 3;
        let telling = |word: &&str| {
            let mood = !self.synonyms(word).is_empty();
            mood || (long(word) && !self.stop_words.contains(&Words::of(word)))
        };
        let synonyms = words.iter().flat_map(|word| self.synonyms(word)).map(String::as_str);
        let mut keywords: Vec<String> = Vec::new();
        for word in words.iter().filter(telling).chain(synonyms) {
            if keywords.len() < KEYWORDS && !keywords.iter().any(|keyword| keyword == word) {
                keywords.push(word.to_owned());
            }
        }
        keywords
    }

    fn genre_keywords(&self, request: &MoodRequest, intent: &Intent, words: &Words) -> Vec<String> {
        let mut genres = self.genres_wanted(request, words);
        if let Some(primary) = &intent.primary_genre
            && !genres.contains(primary)
        {
            genres.insert(0, primary.clone());
        }
        genres
    }

    /// Of the request in any case; by the rules only what the prompt is not about.
    fn excluded_themes(&self, request: &MoodRequest, words: &Words) -> Vec<Theme> {
        let asked =
            |theme: &Theme| request.excluded_themes.iter().any(|name| Theme::named(name) == Some(*theme));
        let by_rules = |theme: &Theme| {
            let mut rows = self.exclusions.iter().filter(|(_, themes)| themes.contains(theme));
            rows.any(|(phrases, _)| phrases.is_empty() || any(words, phrases)) && !self.wants(words, *theme)
        };
        Theme::ALL.into_iter().filter(|theme| asked(theme) || by_rules(theme)).collect()
    }
}

/// Values above replace those below.
fn lay_over<T: Copy>(below: &mut PerFeature<Option<T>>, above: &PerFeature<Option<T>>) {
    for (feature, value) in above.known() {
        below[feature] = Some(value);
    }
}

/// The preset's, else the strongest profile's, else by the valence that is wanted.
fn emotion(preset: Option<&Preset>, profiles: &[&Profile], targets: &PerFeature<Option<Range>>) -> Emotion {
    let told = preset.and_then(|preset| preset.emotion);
    told.or_else(|| profiles.last().map(|profile| profile.emotion)).unwrap_or_else(|| {
        match targets[Feature::Valence].map(Range::middle) {
            Some(valence) if valence > 0.65 => Emotion::Positive,
            Some(valence) if valence < 0.35 => Emotion::Negative,
            _ => Emotion::Neutral,
        }
    })
}

/// Of the middle of the energy that is wanted.
pub(crate) fn energy_level(targets: &PerFeature<Option<Range>>) -> EnergyLevel {
    match targets[Feature::Energy].map(Range::middle) {
        Some(energy) if energy < 0.35 => EnergyLevel::Low,
        Some(energy) if energy > 0.65 => EnergyLevel::High,
        _ => EnergyLevel::Medium,
    }
}

type Said<'a> = [(&'a Words, &'a PerFeature<Option<Range>>)];

/// The words that decided, for people.
fn interpretation(
    preset: Option<&Preset>,
    profiles: &[&Profile],
    said: &Said<'_>,
    words: &Words,
    keywords: &[String],
) -> String {
    if let Some(preset) = preset {
        return preset.mood.clone();
    }
    let phrases = profiles.iter().flat_map(|profile| &profile.phrases).filter(|phrase| words.has(phrase));
    let mut decided: Vec<String> = Vec::new();
    for phrase in phrases.chain(said.iter().map(|(phrase, _)| *phrase)) {
        let phrase = phrase.iter().collect::<Vec<_>>().join(" ");
        if !decided.contains(&phrase) {
            decided.push(phrase);
        }
    }
    if decided.is_empty() {
        decided.extend(keywords.iter().take(3).cloned());
    }
    if decided.is_empty() { "anything".to_owned() } else { decided.join(", ") }
}

/// Which rules counted, for people.
fn reasoning(
    preset: Option<&Preset>,
    profiles: &[&Profile],
    said: &Said<'_>,
    request: &MoodRequest,
) -> String {
    let mut parts = Vec::new();
    if preset.is_some() {
        parts.push("popular mood".to_owned());
    }
    parts.extend(profiles.iter().map(|profile| format!("profile {}", profile.name)));
    parts.extend(
        said.iter().map(|(phrase, _)| format!("keyword {}", phrase.iter().collect::<Vec<_>>().join(" "))),
    );
    let asked: Vec<_> = request.target_features.known().map(|(feature, _)| feature.name()).collect();
    if !asked.is_empty() {
        parts.push(format!("asked for {}", asked.join(", ")));
    }
    if parts.is_empty() { "no rule matched".to_owned() } else { parts.join("; ") }
}
