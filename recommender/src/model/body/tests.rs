use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::model::{Feature, MoodRequest, Range};

const SPOTIFY: &str = "2ZyXwVuTsRqPoNmLkJiHgF";
const UUID: &str = "7c1f1d2e-3a4b-4c5d-8e9f-0a1b2c3d4e5f";

fn read(body: &Value) -> Result<StartBody, Unreadable> {
    StartBody::read(body.to_string().as_bytes())
}

/// Reads and checks `fields` beside a prompt.
fn check(fields: Value) -> Result<MoodRequest, Vec<FieldError>> {
    let mut body = json!({ "mood_prompt": "calm" });
    let Value::Object(fields) = fields else { panic!("an object of fields") };
    body.as_object_mut().expect("an object").extend(fields);
    read(&body).expect("a body of the right shape").check()
}

fn track(name: &str) -> Value {
    json!({ "id": SPOTIFY, "name": name, "artists": ["Nova Ferry"], "popularity": 12 })
}

/// Spotify ids that differ.
fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("{index:022}"))
}

#[test]
fn a_whole_body_becomes_a_request() {
    let request = check(json!({
        "mood_prompt": "  calm and relaxing ",
        "target_count": 15,
        "target_features": { "energy": [0.1, 0.4], "loudness": [-60, 2], "key": [-1, 11] },
        "feature_weights": { "energy": 0.9 },
        "top_tracks": [track("Paper Lanterns")],
        "top_artists": [{ "name": "Nova Ferry", "genres": ["indie pop"], "popularity": 100 }],
        "mentioned_tracks": [{ "track_name": "Rain", "artist_name": "Low Tide", "priority": "high" }, { "id": UUID }],
        "mentioned_artists": ["Nova Ferry", SPOTIFY],
        "remix_tracks": [{ "id": UUID }],
        "negative_tracks": [SPOTIFY],
        "genres": ["r&b"],
        "artist_recommendations": ["Low Tide"],
        "genre_strictness": 0,
        "quality_threshold": 1,
        "language_preferences": ["de"], "preferred_regions": ["europe"], "excluded_regions": ["asia"],
        "excluded_themes": ["Kids"],
        "allow_obscure_artists": true,
        "temporal_context": { "decade": "80s", "year_range": [1980, 1989], "is_temporal": true },
    }))
    .expect("a good request");
    assert_eq!(request.mood_prompt, "calm and relaxing");
    assert_eq!(request.target_features[Feature::Loudness], Some(Range::new(-60.0, 2.0)));
    assert_eq!(request.top_artists[0].popularity, Some(100));
    assert_eq!(request.mentioned_tracks[1].id, Some(UUID.parse().expect("an id")));
    assert_eq!(request.quality_threshold, Some(1.0));
    assert!(request.allow_obscure_artists && !request.fresh);
}

#[rstest]
#[case::too_few(json!({ "target_count": 14 }), "target_count", "is 14, but must be 15 to 30")]
#[case::too_many(json!({ "target_count": 31 }), "target_count", "is 31, but must be 15 to 30")]
#[case::huge(json!({ "target_count": i64::MAX }), "target_count", "is 9223372036854775807, but must be 15 to 30")]
#[case::blank(json!({ "mood_prompt": " \t " }), "mood_prompt", "is blank: give 1 to 500 characters")]
#[case::long(json!({ "mood_prompt": "ö".repeat(501) }), "mood_prompt", "has 501 characters, but may have 500 at most")]
#[case::control(json!({ "mood_prompt": "calm\u{0}" }), "mood_prompt", "has the control character U+0000 as character 5: remove it")]
#[case::no_feature(json!({ "target_features": { "enrgy": [0, 1] } }), "target_features.enrgy", "unknown feature: did you mean `energy`?")]
#[case::far_feature(json!({ "feature_weights": { "mood": 1 } }), "feature_weights.mood",
    "unknown feature: the features are acousticness, danceability, energy, instrumentalness, key, liveness, loudness, mode, speechiness, tempo, valence, popularity")]
#[case::upside_down(json!({ "target_features": { "energy": [0.8, 0.2] } }), "target_features.energy", "is [0.8, 0.2], but the first must not be above the second")]
#[case::above(json!({ "target_features": { "tempo": [100, 251] } }), "target_features.tempo", "is [100, 251], but must lie within 0 to 250")]
#[case::below(json!({ "target_features": { "loudness": [-61, 0] } }), "target_features.loudness", "is [-61, 0], but must lie within -60 to 2")]
#[case::weight(json!({ "feature_weights": { "energy": 1.1 } }), "feature_weights.energy", "is 1.1, but must be 0 to 1")]
#[case::strictness(json!({ "genre_strictness": -0.1 }), "genre_strictness", "is -0.1, but must be 0 to 1")]
#[case::quality(json!({ "quality_threshold": 2 }), "quality_threshold", "is 2, but must be 0 to 1")]
#[case::id(json!({ "top_tracks": [track("a"), { "id": "7C1F" }] }), "top_tracks[1].id",
    "is not an id: give a RecoBeat UUID or the 22 letters and digits of a Spotify id")]
#[case::name(json!({ "remix_tracks": [track(&"x".repeat(201))] }), "remix_tracks[0].name", "has 201 characters, but may have 200 at most")]
#[case::popularity(json!({ "top_tracks": [{ "id": SPOTIFY, "popularity": 101 }] }), "top_tracks[0].popularity", "is 101, but must be 0 to 100")]
#[case::nobody(json!({ "top_artists": [{ "name": " " }] }), "top_artists[0]", "names nobody: give an `id` or a `name`")]
#[case::no_track(json!({ "mentioned_tracks": [{ "artist_name": "Nova" }] }), "mentioned_tracks[0]", "names no track: give an `id` or a `track_name`")]
#[case::mentions(json!({ "mentioned_artists": vec!["a"; 11] }), "mentioned_artists", "has 11 items, but may have 10 at most")]
#[case::remix(json!({ "remix_tracks": vec![track("a"); 51] }), "remix_tracks", "has 51 items, but may have 50 at most")]
#[case::heard(json!({ "top_tracks": vec![track("a"); 101] }), "top_tracks", "has 101 items, but may have 100 at most")]
#[case::negatives(json!({ "negative_tracks": vec![SPOTIFY; 6] }), "negative_tracks", "has 6 items, but may have 5 at most")]
#[case::genres(json!({ "genres": ["", "pop"] }), "genres[0]", "is blank: give a text or leave it out")]
#[case::theme(json!({ "excluded_themes": ["kid"] }), "excluded_themes[0]", "unknown theme: did you mean `kids`?")]
#[case::years(json!({ "temporal_context": { "year_range": [1990, 1980] } }), "temporal_context.year_range", "is [1990, 1980], but the first must not be after the last")]
#[case::year(json!({ "temporal_context": { "year_range": [80, 90] } }), "temporal_context.year_range", "is [80, 90], but years must be 1000 to 2100")]
#[case::both(json!({ "mentioned_tracks": [{ "id": SPOTIFY }], "negative_tracks": [SPOTIFY] }), "mentioned_tracks[0].id", "is in `negative_tracks` too: remove it from one of the two")]
fn a_fault_names_field_problem_and_bound(#[case] fields: Value, #[case] field: &str, #[case] message: &str) {
    let expected = FieldError { field: field.into(), message: message.into() };
    assert_eq!(check(fields), Err(vec![expected]));
}

#[test]
fn all_faults_are_named_at_once() {
    let faults = check(json!({ "mood_prompt": "", "target_count": 0, "genres": vec!["a"; 6] })).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["mood_prompt", "target_count", "genres"]);
}

#[test]
fn a_body_without_a_prompt_says_so() {
    let faults = StartBody::default().check().unwrap_err();
    assert_eq!(faults[0].message, "is missing: give 1 to 500 characters");
}

#[rstest]
#[case::misspelt(json!({ "mod_prompt": "x" }), "mod_prompt", "unknown field `mod_prompt`, did you mean `mood_prompt`?")]
#[case::inner(json!({ "top_tracks": [{ "id": SPOTIFY, "nmae": "x" }] }), "top_tracks[0].nmae", "unknown field `nmae`, did you mean `name`?")]
#[case::kind(json!({ "target_count": "20" }), "target_count", "invalid type: string \"20\", expected i64")]
#[case::item(json!({ "top_tracks": [{ "id": 5 }] }), "top_tracks[0].id", "invalid type: integer `5`, expected a string")]
#[case::range(json!({ "target_features": { "energy": [0.1] } }), "target_features.energy", "invalid length 1, expected an array of length 2")]
#[case::array(json!([1]), "body", "must be a JSON object")]
fn json_of_another_shape_names_the_field(#[case] body: Value, #[case] field: &str, #[case] message: &str) {
    let expected = FieldError { field: field.into(), message: message.into() };
    assert_eq!(read(&body), Err(Unreadable::Shape(expected)));
}

#[rstest]
#[case("")]
#[case("{")]
#[case("{\"mood_prompt\":\"a\"} x")]
#[case("{\"target_features\":{\"energy\":[NaN,1]}}")]
fn text_that_is_no_json_is_refused_as_such(#[case] body: &str) {
    assert!(matches!(StartBody::read(body.as_bytes()), Err(Unreadable::Syntax(_))));
}

#[test]
fn numbers_that_are_none_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut body = StartBody { mood_prompt: Some("calm".into()), ..StartBody::default() };
        body.target_features.insert("energy".into(), [0.0, bad]);
        body.feature_weights.insert("tempo".into(), bad);
        body.genre_strictness = Some(bad);
        body.quality_threshold = Some(bad);
        assert_eq!(body.check().unwrap_err().len(), 4, "{bad}");
    }
}

#[test]
fn what_a_user_hears_is_cut_and_counted_once() {
    let tracks: Vec<_> = ids(50).map(|id| json!({ "id": id })).collect();
    let artists: Vec<_> = ids(100).map(|id| json!({ "id": id })).collect();
    let request =
        check(json!({ "top_tracks": tracks, "top_artists": artists, "remix_tracks": tracks })).unwrap();
    assert_eq!(request.top_tracks.len(), 20);
    assert_eq!(request.top_artists.len(), 15);
    assert_eq!(request.remix_tracks.len(), 30);
    let request =
        check(json!({ "top_tracks": [track("a"), track("b")], "negative_tracks": [SPOTIFY, SPOTIFY] }));
    let request = request.unwrap();
    assert_eq!((request.top_tracks.len(), request.negative_tracks.len()), (1, 1));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zé ]{0,12}", 1 => any::<String>(), 1 => Just("x".repeat(201))]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[0-9A-Za-z]{22}", 2 => Just(UUID.to_owned()), 1 => any::<String>()]
}

fn track_body() -> impl Strategy<Value = TrackBody> {
    (id(), text(), prop::collection::vec(text(), 0..3), prop::option::of(-1..102_i64))
        .prop_map(|(id, name, artists, popularity)| TrackBody { id, name, artists, popularity })
}

fn feature_name() -> impl Strategy<Value = String> {
    prop_oneof![8 => (0..12_usize).prop_map(|index| Feature::ALL[index].name().to_owned()), 1 => text()]
}

/// Values around the limits, and now and then any; short enough that JSON gives them back exactly.
fn value() -> impl Strategy<Value = f64> {
    let thousandths = |range: std::ops::Range<i32>| range.prop_map(|n| f64::from(n) / 1000.0);
    prop_oneof![8 => thousandths(0..1000), 2 => thousandths(-70_000..260_000), 1 => any::<i32>().prop_map(f64::from)]
}

prop_compose! {
    fn body()(
        prompt in prop::option::weighted(0.9, text()),
        count in prop::option::of(10..35_i64),
        features in prop::collection::btree_map(feature_name(), [value(), value()], 0..3),
        weights in prop::collection::btree_map(feature_name(), value(), 0..3),
        tracks in prop::collection::vec(track_body(), 0..30),
        remix in prop::collection::vec(track_body(), 0..55),
        negatives in prop::collection::vec(id(), 0..7),
        genres in prop::collection::vec(text(), 0..7),
        names in prop::collection::vec(text(), 0..12),
        share in prop::option::of(value()),
        obscure in any::<bool>(),
    ) -> StartBody {
        StartBody {
            mood_prompt: prompt,
            target_count: count,
            target_features: features,
            feature_weights: weights,
            top_tracks: tracks,
            remix_tracks: remix,
            negative_tracks: negatives,
            genres,
            mentioned_artists: names.clone(),
            mentioned_tracks: names.iter().map(|name| MentionBody { track_name: name.clone(), ..MentionBody::default() }).collect(),
            top_artists: names.into_iter().map(|name| ArtistBody { name, ..ArtistBody::default() }).collect(),
            genre_strictness: share,
            allow_obscure_artists: obscure,
            ..StartBody::default()
        }
    }
}

fn assert_within_limits(request: &MoodRequest) {
    let length = request.mood_prompt.chars().count();
    assert!((1..=500).contains(&length) && request.mood_prompt.trim() == request.mood_prompt);
    assert!(request.target_count.is_none_or(|count| (15..=30).contains(&count)));
    for (feature, range) in request.target_features.known() {
        let limits = feature.limits();
        assert!(limits.low <= range.low && range.low <= range.high && range.high <= limits.high);
    }
    assert!(request.feature_weights.known().all(|(_, weight)| (0.0..=1.0).contains(&weight)));
    assert!(request.genre_strictness.is_none_or(|share| (0.0..=1.0).contains(&share)));
    assert!(
        request.top_tracks.len() <= 20 && request.top_artists.len() <= 15 && request.remix_tracks.len() <= 30
    );
    assert!(request.mentioned_tracks.len() <= 10 && request.mentioned_artists.len() <= 10);
    assert!(request.negative_tracks.len() <= 5 && request.genres.len() <= 5);
    let tracks = request.top_tracks.iter().chain(&request.remix_tracks);
    let names = tracks.flat_map(|track| track.artists.iter().chain([&track.name]));
    for text in names.chain(&request.genres).chain(&request.mentioned_artists) {
        assert!(text.chars().count() <= 200 && !text.chars().any(char::is_control));
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_within_limits(body in body()) {
        if let Ok(request) = body.check() {
            assert_within_limits(&request);
        }
    }

    #[test]
    fn a_body_survives_json(body in body()) {
        let json = serde_json::to_vec(&body).expect("a body serializes");
        prop_assert_eq!(StartBody::read(&json), Ok(body));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = StartBody::read(&bytes).map(StartBody::check);
    }
}
