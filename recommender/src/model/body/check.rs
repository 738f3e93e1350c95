//! From a body to a request: every field against its limit, all faults at once.
//!
//! Lists of what a user hears are cut, because apps send as much as they have; lists of wishes are
//! refused beyond their limit, because a wish that is silently dropped is a wrong answer.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::ops::RangeInclusive;

use super::{ArtistBody, FieldError, MentionBody, StartBody, TrackBody};
use crate::model::{
    Feature, MentionedTrack, MoodRequest, PerFeature, Range, TemporalContext, Theme, TopArtist, TopTrack,
    TrackId, closest,
};

/// Characters in a prompt.
const PROMPT: usize = 500;
/// Characters in any other text.
pub(super) const TEXT: usize = 200;
/// Tracks and artists that a user hears: more than is used, for apps that send what they have.
const HEARD: usize = 100;
/// Regions, languages, themes; names inside one row.
pub(super) const WORDS: usize = 20;
/// More faults than this help nobody.
const MOST_FAULTS: usize = 50;

pub(super) fn check(body: StartBody) -> Result<MoodRequest, Vec<FieldError>> {
    let mut faults = Faults::default();
    let request = MoodRequest {
        mood_prompt: prompt(body.mood_prompt.as_deref(), &mut faults),
        target_count: body.target_count.and_then(|count| whole("target_count", count, 15..=30, &mut faults)),
        target_features: targets(body.target_features, &mut faults),
        feature_weights: weights(body.feature_weights, &mut faults),
        top_tracks: tracks("top_tracks", body.top_tracks, HEARD, 20, &mut faults),
        top_artists: artists(body.top_artists, &mut faults),
        mentioned_tracks: mentions(body.mentioned_tracks, &mut faults),
        mentioned_artists: texts("mentioned_artists", body.mentioned_artists, 10, &mut faults),
        remix_tracks: tracks("remix_tracks", body.remix_tracks, 50, 30, &mut faults),
        negative_tracks: negatives(&body.negative_tracks, &mut faults),
        genres: texts("genres", body.genres, 5, &mut faults),
        artist_recommendations: texts("artist_recommendations", body.artist_recommendations, 15, &mut faults),
        genre_strictness: share("genre_strictness", body.genre_strictness, &mut faults),
        quality_threshold: share("quality_threshold", body.quality_threshold, &mut faults),
        language_preferences: texts("language_preferences", body.language_preferences, WORDS, &mut faults),
        preferred_regions: texts("preferred_regions", body.preferred_regions, WORDS, &mut faults),
        excluded_regions: texts("excluded_regions", body.excluded_regions, WORDS, &mut faults),
        excluded_themes: themes(body.excluded_themes, &mut faults),
        allow_obscure_artists: body.allow_obscure_artists,
        temporal_context: body.temporal_context.map(|context| temporal(context, &mut faults)),
        fresh: false,
    };
    refuse_wanted_and_unwanted(&request, &mut faults);
    if faults.0.is_empty() { Ok(request) } else { Err(faults.0) }
}

/// What was found wrong so far.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(FieldError { field: field.into(), message: message.into() });
        }
    }
}

fn prompt(text: Option<&str>, faults: &mut Faults) -> String {
    match text.map(str::trim) {
        None => faults.add("mood_prompt", format!("is missing: give 1 to {PROMPT} characters")),
        Some("") => faults.add("mood_prompt", format!("is blank: give 1 to {PROMPT} characters")),
        Some(prompt) => return text_of("mood_prompt", prompt, PROMPT, faults),
    }
    String::new()
}

/// A text, trimmed; it may be empty.
fn text_of(field: &str, text: &str, most: usize, faults: &mut Faults) -> String {
    let text = text.trim();
    let length = text.chars().count();
    if length > most {
        faults.add(field, format!("has {length} characters, but may have {most} at most"));
    }
    if let Some((at, control)) = text.chars().enumerate().find(|(_, c)| c.is_control()) {
        let at = at + 1;
        faults.add(
            field,
            format!("has the control character U+{:04X} as character {at}: remove it", u32::from(control)),
        );
    }
    text.to_owned()
}

/// Texts of which none is blank.
fn texts(field: &str, texts: Vec<String>, most: usize, faults: &mut Faults) -> Vec<String> {
    if !fits(field, texts.len(), most, faults) {
        return Vec::new();
    }
    let mut item = |(index, text): (usize, String)| {
        let field = format!("{field}[{index}]");
        if text.trim().is_empty() {
            faults.add(field.as_str(), "is blank: give a text or leave it out");
        }
        text_of(&field, &text, TEXT, faults)
    };
    texts.into_iter().enumerate().map(&mut item).collect()
}

fn fits(field: &str, count: usize, most: usize, faults: &mut Faults) -> bool {
    if count > most {
        faults.add(field, format!("has {count} items, but may have {most} at most"));
    }
    count <= most
}

fn whole<T: TryFrom<i64> + PartialOrd + Display>(
    field: impl Into<String>,
    number: i64,
    range: RangeInclusive<T>,
    faults: &mut Faults,
) -> Option<T> {
    let value = T::try_from(number).ok().filter(|value| range.contains(value));
    if value.is_none() {
        faults.add(field, format!("is {number}, but must be {} to {}", range.start(), range.end()));
    }
    value
}

fn share(field: &str, share: Option<f64>, faults: &mut Faults) -> Option<f64> {
    let share = share?;
    if !(0.0..=1.0).contains(&share) {
        faults.add(field, format!("is {share}, but must be 0 to 1"));
    }
    Some(share)
}

/// The feature of that name.
fn feature(field: &str, name: &str, faults: &mut Faults) -> Option<Feature> {
    let found = Feature::named(name);
    if found.is_none() {
        let names = Feature::ALL.map(Feature::name);
        let remedy = match closest(name, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the features are {}", names.join(", ")),
        };
        faults.add(format!("{field}.{}", clipped(name)), format!("unknown feature: {remedy}"));
    }
    found
}

fn targets(ranges: BTreeMap<String, [f64; 2]>, faults: &mut Faults) -> PerFeature<Option<Range>> {
    let mut targets = PerFeature::default();
    for (name, [low, high]) in ranges {
        let Some(feature) = feature("target_features", &name, faults) else { continue };
        let Range { low: least, high: most } = feature.limits();
        let legal = least..=most;
        let field = format!("target_features.{name}");
        if !legal.contains(&low) || !legal.contains(&high) {
            faults.add(field, format!("is [{low}, {high}], but must lie within {least} to {most}"));
        } else if low > high {
            faults.add(field, format!("is [{low}, {high}], but the first must not be above the second"));
        }
        targets[feature] = Some(Range::new(low, high));
    }
    targets
}

fn weights(named: BTreeMap<String, f64>, faults: &mut Faults) -> PerFeature<Option<f64>> {
    let mut weights = PerFeature::default();
    for (name, weight) in named {
        let Some(feature) = feature("feature_weights", &name, faults) else { continue };
        weights[feature] = share(&format!("feature_weights.{name}"), Some(weight), faults);
    }
    weights
}

fn id(field: &str, text: &str, faults: &mut Faults) -> Option<TrackId> {
    text.trim().parse().map_err(|error| faults.add(field, format!("is {error}"))).ok()
}

fn popularity(field: &str, popularity: Option<i64>, faults: &mut Faults) -> Option<u8> {
    whole(format!("{field}.popularity"), popularity?, 0..=100, faults)
}

fn tracks(field: &str, rows: Vec<TrackBody>, most: usize, used: usize, faults: &mut Faults) -> Vec<TopTrack> {
    if !fits(field, rows.len(), most, faults) {
        return Vec::new();
    }
    let mut row = |(index, row): (usize, TrackBody)| {
        let field = format!("{field}[{index}]");
        let id = id(&format!("{field}.id"), &row.id, faults);
        let name = text_of(&format!("{field}.name"), &row.name, TEXT, faults);
        let artists = texts(&format!("{field}.artists"), row.artists, WORDS, faults);
        let popularity = popularity(&field, row.popularity, faults);
        Some(TopTrack { id: id?, name, artists, popularity })
    };
    let rows = rows.into_iter().enumerate().filter_map(&mut row).collect();
    once_each(rows, |track: &TopTrack| track.id.clone(), used)
}

fn artists(rows: Vec<ArtistBody>, faults: &mut Faults) -> Vec<TopArtist> {
    if !fits("top_artists", rows.len(), HEARD, faults) {
        return Vec::new();
    }
    let mut row = |(index, row): (usize, ArtistBody)| {
        let field = format!("top_artists[{index}]");
        if row.id.is_none() && row.name.trim().is_empty() {
            faults.add(field.as_str(), "names nobody: give an `id` or a `name`");
        }
        TopArtist {
            id: row.id.and_then(|text| id(&format!("{field}.id"), &text, faults)),
            name: text_of(&format!("{field}.name"), &row.name, TEXT, faults),
            genres: texts(&format!("{field}.genres"), row.genres, WORDS, faults),
            popularity: popularity(&field, row.popularity, faults),
        }
    };
    let rows = rows.into_iter().enumerate().map(&mut row).collect();
    let name = |artist: &TopArtist| artist.id.clone().ok_or_else(|| artist.name.to_lowercase());
    once_each(rows, name, 15)
}

fn mentions(rows: Vec<MentionBody>, faults: &mut Faults) -> Vec<MentionedTrack> {
    if !fits("mentioned_tracks", rows.len(), 10, faults) {
        return Vec::new();
    }
    let mut row = |(index, row): (usize, MentionBody)| {
        let field = format!("mentioned_tracks[{index}]");
        if row.id.is_none() && row.track_name.trim().is_empty() {
            faults.add(field.as_str(), "names no track: give an `id` or a `track_name`");
        }
        MentionedTrack {
            id: row.id.and_then(|text| id(&format!("{field}.id"), &text, faults)),
            track_name: text_of(&format!("{field}.track_name"), &row.track_name, TEXT, faults),
            artist_name: text_of(&format!("{field}.artist_name"), &row.artist_name, TEXT, faults),
            priority: row.priority,
        }
    };
    rows.into_iter().enumerate().map(&mut row).collect()
}

fn negatives(ids: &[String], faults: &mut Faults) -> Vec<TrackId> {
    if !fits("negative_tracks", ids.len(), 5, faults) {
        return Vec::new();
    }
    let mut item = |(index, text): (usize, &String)| id(&format!("negative_tracks[{index}]"), text, faults);
    once_each(ids.iter().enumerate().filter_map(&mut item).collect(), TrackId::clone, 5)
}

fn themes(names: Vec<String>, faults: &mut Faults) -> Vec<String> {
    let names = texts("excluded_themes", names, WORDS, faults);
    for (index, name) in names.iter().enumerate() {
        if Theme::named(name).is_none() {
            let known = Theme::ALL.map(Theme::name);
            let remedy = match closest(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the themes are {}", known.join(", ")),
            };
            faults.add(format!("excluded_themes[{index}]"), format!("unknown theme: {remedy}"));
        }
    }
    names
}

fn temporal(context: TemporalContext, faults: &mut Faults) -> TemporalContext {
    let mut short = |name: &str, text: Option<String>| {
        text.map(|text| text_of(&format!("temporal_context.{name}"), &text, 50, faults))
    };
    let (decade, era) = (short("decade", context.decade), short("era", context.era));
    if let Some([first, last]) = context.year_range {
        let years = 1000..=2100;
        let problem = match (years.contains(&first) && years.contains(&last), first <= last) {
            (false, _) => Some("but years must be 1000 to 2100"),
            (true, false) => Some("but the first must not be after the last"),
            (true, true) => None,
        };
        if let Some(problem) = problem {
            faults.add("temporal_context.year_range", format!("is [{first}, {last}], {problem}"));
        }
    }
    TemporalContext { decade, era, ..context }
}

/// A track cannot be in the list and kept away from.
fn refuse_wanted_and_unwanted(request: &MoodRequest, faults: &mut Faults) {
    for (index, track) in request.mentioned_tracks.iter().enumerate() {
        if track.id.as_ref().is_some_and(|id| request.negative_tracks.contains(id)) {
            faults.add(
                format!("mentioned_tracks[{index}].id"),
                "is in `negative_tracks` too: remove it from one of the two",
            );
        }
    }
}

/// The first of each, `most` at most.
fn once_each<T, K: Eq + Hash>(rows: Vec<T>, key: impl Fn(&T) -> K, most: usize) -> Vec<T> {
    let mut seen = HashSet::new();
    rows.into_iter().filter(|row| seen.insert(key(row))).take(most).collect()
}

/// A name that a caller made up, short enough for a message.
fn clipped(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
