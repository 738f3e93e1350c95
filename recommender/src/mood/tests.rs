use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::model::Feature::{
    Acousticness, Danceability, Energy, Instrumentalness, Liveness, Loudness, Mode, Popularity, Speechiness,
    Tempo, Valence,
};
use crate::model::{
    Emotion, EnergyLevel, Feature, Intent, IntentKind, MentionedTrack, Mood, MoodRequest, PerFeature,
    Priority, Range, Theme, TopTrack,
};

/// Parsed once.
static RULES: LazyLock<Rules> = LazyLock::new(Rules::embedded);

fn mood_of(request: &MoodRequest) -> Mood {
    let rules = &*RULES;
    rules.mood(request, &rules.intent(request))
}

fn mood(prompt: &str) -> Mood {
    mood_of(&MoodRequest::of(prompt))
}

fn intent(prompt: &str) -> Intent {
    RULES.intent(&MoodRequest::of(prompt))
}

fn ranges(mood: &Mood) -> Vec<(Feature, f64, f64)> {
    mood.targets.known().map(|(feature, range)| (feature, range.low, range.high)).collect()
}

fn weights(mood: &Mood) -> Vec<(Feature, f64)> {
    mood.weights.known().collect()
}

fn mentioned() -> MentionedTrack {
    MentionedTrack {
        id: None,
        track_name: "Rain".into(),
        artist_name: String::new(),
        priority: Priority::High,
    }
}

const INDIE: &[(Feature, f64, f64)] = &[
    (Acousticness, 0.6, 1.0),
    (Energy, 0.2, 0.6),
    (Instrumentalness, 0.2, 0.8),
    (Loudness, -20.0, -5.0),
    (Popularity, 0.0, 40.0),
];
const PARTY: &[(Feature, f64, f64)] = &[
    (Danceability, 0.7, 1.0),
    (Energy, 0.7, 1.0),
    (Loudness, -10.0, -2.0),
    (Tempo, 110.0, 140.0),
    (Valence, 0.6, 1.0),
];
const CHILL: &[(Feature, f64, f64)] = &[
    (Acousticness, 0.5, 1.0),
    (Energy, 0.0, 0.4),
    (Loudness, -25.0, -10.0),
    (Tempo, 60.0, 100.0),
    (Valence, 0.4, 0.8),
];
const FOCUS: &[(Feature, f64, f64)] = &[
    (Acousticness, 0.4, 1.0),
    (Energy, 0.1, 0.4),
    (Instrumentalness, 0.7, 1.0),
    (Speechiness, 0.0, 0.2),
    (Tempo, 50.0, 90.0),
];
const EMOTIONAL: &[(Feature, f64, f64)] = &[
    (Acousticness, 0.4, 1.0),
    (Energy, 0.1, 0.5),
    (Mode, 0.0, 0.3),
    (Tempo, 60.0, 110.0),
    (Valence, 0.0, 0.4),
];

#[rstest]
#[case::indie("indie alternative underground independent", INDIE, &[(Acousticness, 0.9), (Energy, 0.7), (Popularity, 0.8)], Emotion::Neutral)]
#[case::party("party celebration dance club energetic", PARTY, &[(Danceability, 0.9), (Energy, 0.9), (Valence, 0.8)], Emotion::Positive)]
#[case::chill("chill relaxed calm peaceful mellow", CHILL, &[(Acousticness, 0.8), (Energy, 0.9), (Tempo, 0.7)], Emotion::Neutral)]
#[case::focus("focus concentration study instrumental ambient", FOCUS, &[(Energy, 0.7), (Instrumentalness, 0.9), (Speechiness, 0.8)], Emotion::Neutral)]
#[case::emotional("emotional sad melancholy deep sentimental", EMOTIONAL, &[(Acousticness, 0.7), (Mode, 0.8), (Valence, 0.9)], Emotion::Negative)]
fn each_word_of_a_profile_sets_it(
    #[case] words: &str,
    #[case] targets: &[(Feature, f64, f64)],
    #[case] heavy: &[(Feature, f64)],
    #[case] emotion: Emotion,
) {
    for word in words.split(' ') {
        let mood = mood(&format!("Some {} tonight", word.to_uppercase()));
        assert_eq!(ranges(&mood), targets, "{word}");
        assert_eq!(weights(&mood), heavy, "{word}");
        assert_eq!(mood.emotion, emotion, "{word}");
    }
}

#[rstest]
#[case("upbeat exciting workout intense powerful hype", &[(Energy, 0.7, 1.0), (Valence, 0.5, 1.0)])]
#[case("sleepy soft gentle laid-back", &[(Energy, 0.0, 0.4)])]
#[case("happy joyful cheerful uplifting fun bright", &[(Valence, 0.7, 1.0)])]
#[case("depressed dark moody bittersweet", &[(Valence, 0.0, 0.4)])]
#[case("dancing groove groovy", &[(Danceability, 0.6, 1.0)])]
#[case("acoustic unplugged", &[(Acousticness, 0.7, 1.0)])]
#[case("no_vocals no_lyrics", &[(Instrumentalness, 0.7, 1.0)])]
#[case("live concert", &[(Liveness, 0.6, 1.0)])]
#[case("rap podcast spoken_word", &[(Speechiness, 0.5, 1.0)])]
fn each_keyword_sets_its_ranges(#[case] words: &str, #[case] targets: &[(Feature, f64, f64)]) {
    for word in words.split(' ') {
        let mood = mood(&word.replace('_', " "));
        assert_eq!(ranges(&mood), targets, "{word}");
        assert_eq!(mood.weights[Energy], Some(0.8), "{word}: the default weight");
    }
}

#[test]
fn keywords_fill_only_what_no_profile_set() {
    // The profile's energy stands; danceability and liveness come from keywords.
    let mood = mood("calm but powerful, live and groovy");
    assert_eq!(mood.targets[Energy], Some(Range::new(0.0, 0.4)));
    assert_eq!(mood.targets[Valence], Some(Range::new(0.4, 0.8)));
    assert_eq!(mood.targets[Danceability], Some(Range::new(0.6, 1.0)));
    assert_eq!(mood.targets[Liveness], Some(Range::new(0.6, 1.0)));
    assert_eq!(mood.reasoning, "profile chill; keyword powerful; keyword calm; keyword groovy; keyword live");
}

#[test]
fn a_later_profile_is_stronger_per_feature() {
    let mood = mood("sad party");
    assert_eq!(mood.targets[Energy], Some(Range::new(0.1, 0.5)));
    assert_eq!(mood.targets[Danceability], Some(Range::new(0.7, 1.0)));
    assert_eq!(mood.weights[Energy], Some(0.9));
    assert_eq!(mood.emotion, Emotion::Negative);
}

#[rstest]
#[case("deadpan unhappy clubbing partying")]
#[case("indieland calmness")]
#[case("…")]
#[case("寂しい")]
fn parts_of_words_and_unknown_words_say_nothing(#[case] prompt: &str) {
    let mood = mood(prompt);
    let any = [Acousticness, Danceability, Energy, Valence].map(|feature| (feature, 0.0, 1.0));
    assert_eq!(ranges(&mood), any);
    assert_eq!(mood.target_values()[Energy], Some(0.5));
    assert_eq!((mood.emotion, mood.energy_level), (Emotion::Neutral, EnergyLevel::Medium));
    assert_eq!(mood.weights.known().count(), 12);
}

#[test]
fn the_request_is_stronger_than_the_rules() {
    let mut request = MoodRequest::of("party");
    request.target_features[Energy] = Some(Range::new(0.1, 0.2));
    request.feature_weights[Energy] = Some(0.0);
    request.genres = vec!["folk".into()];
    request.genre_strictness = Some(0.1);
    request.excluded_themes = vec!["Comedy".into()];
    let mood = mood_of(&request);
    assert_eq!(mood.targets[Energy], Some(Range::new(0.1, 0.2)));
    assert_eq!(mood.weights[Energy], Some(0.0));
    assert_eq!(mood.weights[Valence], Some(0.8));
    assert_eq!(mood.energy_level, EnergyLevel::Low);
    assert_eq!(mood.genre_keywords, ["folk"]);
    assert_eq!(mood.excluded_themes, [Theme::Holiday, Theme::Religious, Theme::Kids, Theme::Comedy]);
    let intent = RULES.intent(&request);
    assert_eq!((intent.genre_strictness, intent.primary_genre.as_deref()), (0.1, Some("folk")));
}

#[rstest]
#[case("songs like rain", IntentKind::SpecificTrackSimilar, 0.85)]
#[case("similar to jazz", IntentKind::SpecificTrackSimilar, 0.85)]
#[case("a playlist, not a mix", IntentKind::ArtistFocus, 0.85)]
#[case("give me something", IntentKind::ArtistFocus, 0.85)]
#[case("only jazz", IntentKind::ArtistFocus, 0.85)]
#[case("discover jazz", IntentKind::GenreExploration, 0.7)]
#[case("a Mix of all", IntentKind::GenreExploration, 0.7)]
#[case("likely a remix", IntentKind::MoodVariety, 0.6)]
fn the_first_intent_in_table_order_counts(
    #[case] prompt: &str,
    #[case] kind: IntentKind,
    #[case] strictness: f64,
) {
    let intent = intent(prompt);
    assert_eq!((intent.intent_type, intent.genre_strictness), (kind, strictness));
}

#[test]
fn mentions_decide_the_intent() {
    let rules = &*RULES;
    let mut request = MoodRequest::of("discover jazz");
    request.mentioned_artists = vec!["Nova Ferry".into()];
    assert_eq!(rules.intent(&request).intent_type, IntentKind::ArtistFocus);
    request.mentioned_tracks = vec![mentioned()];
    let intent = rules.intent(&request);
    assert_eq!((intent.intent_type, intent.genre_strictness), (IntentKind::SpecificTrackSimilar, 0.85));
}

const GENRES: [&str; 51] = [
    "rock",
    "indie rock",
    "alternative",
    "metal",
    "punk",
    "pop",
    "synthpop",
    "k-pop",
    "j-pop",
    "hip hop",
    "rap",
    "trap",
    "r&b",
    "soul",
    "funk",
    "disco",
    "house",
    "techno",
    "trance",
    "drum and bass",
    "dubstep",
    "edm",
    "ambient",
    "lo-fi",
    "chillwave",
    "jazz",
    "blues",
    "swing",
    "classical",
    "opera",
    "folk",
    "country",
    "bluegrass",
    "americana",
    "reggae",
    "dancehall",
    "ska",
    "latin",
    "reggaeton",
    "salsa",
    "bossa nova",
    "samba",
    "flamenco",
    "afrobeats",
    "gospel",
    "singer-songwriter",
    "shoegaze",
    "grunge",
    "emo",
    "new wave",
    "post-rock",
];

#[test]
fn each_genre_is_found_alone_and_among_others() {
    for genre in GENRES {
        let mood = mood(&format!("late {} for tonight", genre.to_uppercase()));
        assert_eq!(mood.genre_keywords, [genre]);
        assert_eq!(intent(genre).primary_genre.as_deref(), Some(genre));
    }
}

#[rstest]
#[case("rock and indie rock and pop", &["rock", "indie rock", "pop"])]
#[case("k-pop", &["k-pop"])]
#[case("Hip-Hop, lofi, lo fi", &["hip hop", "lo-fi"])]
#[case("soulful popcorn", &[])]
#[case("jazz jazz", &["jazz"])]
fn genres_come_in_the_order_of_the_prompt_longest_phrase_first(
    #[case] prompt: &str,
    #[case] genres: &[&str],
) {
    assert_eq!(mood(prompt).genre_keywords, genres);
}

#[rstest]
#[case("calm", &[Theme::Holiday])]
#[case("calm christmas", &[])]
#[case("holidays", &[])]
#[case("christmassy", &[Theme::Holiday])]
#[case("romantic", &[Theme::Holiday, Theme::Religious, Theme::Kids])]
#[case("workout", &[Theme::Holiday, Theme::Religious, Theme::Kids])]
#[case("party", &[Theme::Holiday, Theme::Religious, Theme::Kids])]
#[case("kids party", &[Theme::Holiday, Theme::Religious])]
#[case("chill", &[Theme::Holiday, Theme::Kids, Theme::Comedy])]
#[case("study", &[Theme::Holiday, Theme::Kids, Theme::Comedy])]
#[case("gospel party", &[Theme::Holiday, Theme::Kids])]
fn themes_are_excluded_unless_the_prompt_is_about_them(#[case] prompt: &str, #[case] themes: &[Theme]) {
    assert_eq!(mood(prompt).excluded_themes, themes);
}

#[rstest]
#[case(Theme::Holiday, &["christmas", "xmas", "santa", "noel"])]
#[case(Theme::Religious, &["worship", "hymn", "gospel"])]
#[case(Theme::Kids, &["nursery", "lullaby", "kids"])]
#[case(Theme::Comedy, &["parody", "skit"])]
fn a_theme_is_given_away_by_words_of_titles(#[case] theme: Theme, #[case] words: &[&str]) {
    assert_eq!(RULES.theme_words(theme), words);
}

#[rstest]
#[case("calm and relaxing", &["calm", "relaxing", "quiet", "peace", "dream", "gentle"])]
#[case("I want some songs about the sea at dawn", &["dawn"])]
#[case("sad", &["sad", "tears", "lonely", "blue", "rain"])]
#[case("one two three four five six seven eight nine tenth eleven twelve thirteen fourteen",
    &["three", "four", "five", "seven", "eight", "nine", "tenth", "eleven", "twelve", "thirteen"])]
#[case("a b c", &[])]
fn search_keywords_are_telling_words_and_their_synonyms(#[case] prompt: &str, #[case] keywords: &[&str]) {
    assert_eq!(mood(prompt).search_keywords, keywords);
}

#[test]
fn the_ten_moods_give_ten_different_targets() {
    let rules = &*RULES;
    assert_eq!(rules.popular().len(), 10);
    let targets: HashSet<String> =
        rules.popular().iter().map(|prompt| format!("{:?}", ranges(&mood(prompt)))).collect();
    assert_eq!(targets.len(), 10);
}

#[rstest]
#[case("happy and energetic", (Valence, 0.7, 1.0), 5, Emotion::Positive, EnergyLevel::High)]
#[case("calm and relaxing", (Energy, 0.0, 0.4), 5, Emotion::Neutral, EnergyLevel::Low)]
#[case("focus and concentration", (Instrumentalness, 0.7, 1.0), 5, Emotion::Neutral, EnergyLevel::Low)]
#[case("workout motivation", (Tempo, 120.0, 160.0), 4, Emotion::Positive, EnergyLevel::High)]
#[case("sad and melancholy", (Mode, 0.0, 0.3), 5, Emotion::Negative, EnergyLevel::Low)]
#[case("romantic and intimate", (Acousticness, 0.4, 0.9), 4, Emotion::Positive, EnergyLevel::Medium)]
#[case("party vibes", (Valence, 0.6, 1.0), 5, Emotion::Positive, EnergyLevel::High)]
#[case("chill evening", (Danceability, 0.4, 0.7), 6, Emotion::Neutral, EnergyLevel::Low)]
#[case("  Morning   ENERGY ", (Tempo, 95.0, 130.0), 3, Emotion::Positive, EnergyLevel::Medium)]
#[case("late night vibes", (Valence, 0.2, 0.6), 4, Emotion::Neutral, EnergyLevel::Medium)]
fn a_popular_mood_has_its_preset(
    #[case] prompt: &str,
    #[case] one: (Feature, f64, f64),
    #[case] features: usize,
    #[case] emotion: Emotion,
    #[case] energy: EnergyLevel,
) {
    let mood = mood(prompt);
    assert!(ranges(&mood).contains(&one), "{:?}", ranges(&mood));
    assert_eq!(mood.targets.known().count(), features);
    assert_eq!((mood.emotion, mood.energy_level), (emotion, energy));
    assert!(mood.reasoning.starts_with("popular mood"), "{}", mood.reasoning);
}

#[test]
fn more_words_are_no_popular_mood() {
    let mood = mood("late night vibes, energetic");
    assert_eq!(mood.targets[Energy], Some(Range::new(0.7, 1.0)));
    assert_eq!(mood.reasoning, "profile party; keyword energetic");
}

#[rstest]
#[case::broad_by_features("dancing", 22, 16, 0.70)]
#[case::broad_by_weights("calm", 22, 16, 0.70)]
#[case::between("party", 20, 16, 0.75)]
#[case::specific("party and study", 19, 16, 0.78)]
#[case::niche("rare party", 19, 15, 0.75)]
#[case::niche_and_specific("obscure party and study", 18, 15, 0.78)]
fn the_size_follows_from_what_the_mood_says(
    #[case] prompt: &str,
    #[case] target: usize,
    #[case] minimum: usize,
    #[case] goal: f64,
) {
    let size = RULES.size(&MoodRequest::of(prompt), &mood(prompt));
    assert_eq!((size.target, size.minimum, size.quality_goal), (target, minimum, goal));
}

#[test]
fn the_request_decides_the_size() {
    let rules = &*RULES;
    let mut request = MoodRequest::of("rare calm");
    request.quality_threshold = Some(0.5);
    for (asked, minimum) in [(15, 15), (16, 16), (30, 16)] {
        request.target_count = Some(asked);
        let size = rules.size(&request, &mood_of(&request));
        assert_eq!((size.target, size.minimum, size.quality_goal), (asked, minimum, 0.5));
    }
}

#[test]
fn starter_seeds_are_found_by_the_prompt_then_by_its_profiles() {
    let rules = &*RULES;
    assert_eq!(rules.starters(" Party  Vibes"), ["party vibes", "party"]);
    assert_eq!(rules.starters("calm study"), ["calm study", "focus", "chill"]);
}

#[test]
fn words_for_searches_come_from_the_tables() {
    let rules = &*RULES;
    assert_eq!(rules.common_title_words(), ["love", "night", "day", "you", "the"]);
    assert_eq!(rules.synonyms("Romantic"), ["love", "heart", "kiss", "together"]);
    assert!(rules.synonyms("table").is_empty());
    for mood in ["happy", "sad", "calm", "energetic", "romantic", "angry", "nostalgic", "focused"] {
        assert!(!rules.synonyms(mood).is_empty(), "{mood}");
    }
}

fn print_of(request: &MoodRequest) -> String {
    fingerprint(request, &mood_of(request))
}

#[test]
fn a_fingerprint_looks_through_small_differences() {
    let heard =
        || vec![TopTrack::from("2ZyXwVuTsRqPoNmLkJiHgF".parse::<crate::model::SpotifyId>().expect("an id"))];
    let with = |prompt: &str| MoodRequest { top_tracks: heard(), ..MoodRequest::of(prompt) };
    assert_eq!(print_of(&with("calm")), print_of(&with("something peaceful")));
    assert_ne!(print_of(&with("calm")), print_of(&with("party")));
    assert_ne!(print_of(&with("calm")), print_of(&MoodRequest::of("calm")));

    let ranged = |low| {
        let mut request = with("calm");
        request.target_features[Tempo] = Some(Range::new(low, 100.0));
        print_of(&request)
    };
    assert_eq!(ranged(60.0), ranged(62.0));
    assert_ne!(ranged(60.0), ranged(63.0));
}

#[test]
fn without_tracks_and_artists_the_keywords_count() {
    assert_ne!(print_of(&MoodRequest::of("calm")), print_of(&MoodRequest::of("peaceful sea")));
    assert_eq!(print_of(&MoodRequest::of("calm")), print_of(&MoodRequest::of("the calm")));
}

#[test]
fn a_mood_is_told_as_json_and_survives_it() {
    let mood = mood("sad jazz");
    let told = mood.to_json();
    assert_eq!(told["primary_emotion"], "negative");
    assert_eq!(told["target_features"]["mode"], serde_json::json!([0.0, 0.3]));
    assert_eq!(told["feature_weights"]["valence"], 0.9);
    assert_eq!(told["excluded_themes"], serde_json::json!(["holiday"]));
    assert_eq!(told["color_scheme"]["primary"], "#2E2F4F");
    let kept = serde_json::to_string(&mood).expect("a mood serializes");
    assert_eq!(serde_json::from_str::<Mood>(&kept).expect("and back"), mood);
}

/// What is said of the embedded tables with one thing changed, after the place, and the line there.
fn refused(from: &str, to: &str) -> (String, String) {
    let tables = include_str!("tables.yaml");
    assert!(tables.contains(from));
    let tables = tables.replacen(from, to, 1);
    let error = Rules::parse(&tables).expect_err("broken tables").to_string();
    let mut parts = error.splitn(4, ':');
    assert_eq!(parts.next(), Some("tables.yaml"));
    let line: usize = parts.next().expect("a line").parse().expect("a number");
    let line = tables.lines().nth(line - 1).expect("a line of the file").to_owned();
    (parts.nth(1).expect("a message").trim_start().to_owned(), line)
}

#[rstest]
#[case(
    "acousticness: [0.6, 1]",
    "acousticness: [0.6, 1.1]",
    "`acousticness: [0.6, 1.1]` is no range of this feature\n  = help: the lower bound first, both within 0 to 1"
)]
#[case(
    "energy: [0.2, 0.6]",
    "energy: [0.6, 0.2]",
    "`energy: [0.6, 0.2]` is no range of this feature\n  = help: the lower bound first, both within 0 to 1"
)]
#[case(
    "acousticness: 0.9,",
    "acousticness: 9,",
    "the weight 9 is not within 0 to 1\n  = help: weights are shares: 0.9"
)]
#[case("profile: party,", "profile: prty,", "there is no profile `prty`\n  = help: did you mean `party`?")]
#[case("[party, celebration", "[\"\", celebration", "`` has no word\n  = help: give letters or digits")]
#[case("\"#335566\"", "blue", "`blue` is no colour\n  = help: write \"#335566\", in quotes")]
#[case(
    "intent: mood_variety",
    "intent: any",
    "unknown variant `any`, expected one of specific_track_similar, artist_focus, genre_exploration, mood_variety\n  = help: compare with the tables that come with the program"
)]
#[case(
    "energy: [0, 0.4]",
    "energy: [0]",
    "invalid length 1, expected an array of length 2\n  = help: compare with the tables that come with the program"
)]
fn broken_tables_name_the_place_and_the_remedy(#[case] from: &str, #[case] to: &str, #[case] message: &str) {
    let (told, line) = refused(from, to);
    assert_eq!(told, message);
    assert!(line.contains(to), "{line}");
}

#[rstest]
#[case("niche:", "nitch:")]
#[case("energy: [0, 0.4]", "enrgy: [0, 0.4]")]
#[case("profiles:", "profiles: [")]
#[case("niche:", "genres: []\nniche:")]
fn tables_of_another_shape_are_refused(#[case] from: &str, #[case] to: &str) {
    let (told, _) = refused(from, to);
    assert!(told.contains("\n  = help: "), "{told}");
}

#[test]
fn tables_that_cannot_be_read_say_so() {
    let error = Rules::load(std::path::Path::new("/nowhere/tables.yaml")).expect_err("no file").to_string();
    assert!(error.starts_with("/nowhere/tables.yaml: cannot be read: "), "{error}");
}

/// Any text, and texts of words that mean something.
fn prompt() -> impl Strategy<Value = String> {
    let words = "(calm|PARTY|sad|indie|study|laid-back|k-pop|r&b|no vocals|like|live|rare|x){1,1}";
    prop_oneof![
        any::<String>(),
        "\\PC{1,500}",
        prop::collection::vec(words, 1..40).prop_map(|words| words.join(" "))
    ]
}

proptest! {
    #[test]
    fn any_prompt_gives_a_mood_within_limits_and_always_the_same(prompt in prompt()) {
        let rules = &*RULES;
        let request = MoodRequest::of(prompt);
        let intent = rules.intent(&request);
        let mood = rules.mood(&request, &intent);
        prop_assert!(mood.targets.known().next().is_some());
        for (feature, range) in mood.targets.known() {
            let limits = feature.limits();
            prop_assert!(limits.low <= range.low && range.low <= range.high && range.high <= limits.high);
        }
        prop_assert!(mood.weights.known().all(|(_, weight)| (0.0..=1.0).contains(&weight)));
        prop_assert!(mood.search_keywords.len() <= 10);
        let size = rules.size(&request, &mood);
        prop_assert!((17..=22).contains(&size.target) && size.minimum <= size.target);
        prop_assert_eq!(&RULES.mood(&request, &intent), &mood);
        prop_assert_eq!(fingerprint(&request, &mood), fingerprint(&request, &mood));
    }

    #[test]
    fn what_the_request_sets_is_kept(low in 0.0..0.5_f64, high in 0.5..1.0_f64, weight in 0.0..1.0_f64, index in 0..12_usize) {
        let feature = Feature::ALL[index];
        if feature.limits() == Range::new(0.0, 1.0) {
            let mut request = MoodRequest::of("sad party study");
            let mut only = PerFeature::default();
            only[feature] = Some(Range::new(low, high));
            request.target_features = only;
            request.feature_weights[feature] = Some(weight);
            let mood = mood_of(&request);
            prop_assert_eq!(mood.targets[feature], Some(Range::new(low, high)));
            prop_assert_eq!(mood.weights[feature], Some(weight));
        }
    }
}
