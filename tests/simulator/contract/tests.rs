//! The contract's rules, one by one, without a socket.

use super::*;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::grow(1, 3_000));

fn call(target: &str) -> Reply {
    call_as("GET", target, 1)
}

fn call_as(method: &str, target: &str, salt: u64) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let ask = Ask { method, path, query, content_type: None, body: &[] };
    answer(&CATALOGUE, &ask, &Tricks::default(), &mut Dice::new(salt))
}

fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("a JSON body")
}

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).expect("UTF-8")
}

fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", text(reply));
    let body = json(reply);
    let rows = body["content"].as_array().expect("content");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

/// HTTP status and service code.
fn refused(target: &str) -> (u16, u64) {
    let reply = call(target);
    (reply.status, json(&reply)["status"].as_u64().expect("a code"))
}

fn spotify(range: std::ops::Range<usize>) -> String {
    let ids: Vec<&str> = CATALOGUE.tracks()[range].iter().map(|track| track.spotify.as_str()).collect();
    ids.join(",")
}

#[test]
fn forty_ids_are_answered_and_forty_one_refused_whole() {
    assert_eq!(ids(&call(&format!("/v1/track?ids={}", spotify(0..40)))).len(), 40);
    let reply = call(&format!("/v1/track?ids={}", spotify(0..41)));
    assert_eq!(reply.status, 400);
    assert_eq!(
        text(&reply),
        r#"{"status":4004,"errors":[{"path":"getTracks.ids","message":"size must be between 1 and 40"}]}"#
    );
}

#[test]
fn repeated_ids_count_towards_forty_and_give_one_row() {
    let id = &CATALOGUE.tracks()[0].spotify;
    let uuid = &CATALOGUE.tracks()[0].id;
    assert_eq!(ids(&call(&format!("/v1/track?ids={id},{id},{uuid}"))), [uuid.as_str()]);
    assert_eq!(refused(&format!("/v1/track?ids={}", vec![id.as_str(); 41].join(","))), (400, 4004));
}

#[test]
fn handlers_are_named_in_range_errors() {
    let path = |target| json(&call(target))["errors"][0]["path"].as_str().map(str::to_owned);
    assert_eq!(path("/v1/audio-features?ids=").as_deref(), Some("getAudioFeatures.ids"));
    assert_eq!(path("/v1/artist?ids=").as_deref(), Some("getArtists.ids"));
    assert_eq!(path("/v1/track/search?searchText=ab").as_deref(), Some("searchTracks.searchText"));
    assert_eq!(path("/v1/track/recommendation?seeds=a&size=101").as_deref(), Some("getRecommendation.size"));
}

#[test]
fn absent_ids_are_4001_and_empty_ones_4004() {
    for path in ["/v1/track", "/v1/audio-features", "/v1/artist", "/v1/album"] {
        assert_eq!(refused(path), (400, 4001), "{path}");
        assert_eq!(refused(&format!("{path}?ids=")), (400, 4004), "{path}");
    }
}

#[test]
fn a_plain_error_has_four_keys_in_order_and_a_timestamp() {
    let body = json(&call("/v1/track"));
    let keys: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["timestamp", "error", "path", "status"]);
    assert_eq!(body["path"], "uri=/v1/track");
    assert!(body["timestamp"].as_str().is_some_and(|time| time.ends_with("+00:00")));
}

#[test]
fn unknown_and_malformed_ids_are_dropped_silently() {
    let known = &CATALOGUE.tracks()[3];
    let unknown = &CATALOGUE.unknown()[0];
    let target = format!("/v1/track?ids={unknown},nonsense,,{}", known.spotify);
    assert_eq!(ids(&call(&target)), [known.id.as_str()]);
    assert_eq!(text(&call(&format!("/v1/track?ids={unknown}"))), r#"{"content":[]}"#);
}

#[test]
fn lists_may_be_repeated_or_joined_but_not_both() {
    let [a, b, c] = [0, 1, 2].map(|at| CATALOGUE.tracks()[at].spotify.as_str());
    let count = |query: String| ids(&call(&format!("/v1/track?{query}"))).len();
    assert_eq!(count(format!("ids={a}&ids={b}")), 2);
    assert_eq!(count(format!("ids={a}%2C{b}")), 2);
    assert_eq!(count(format!("ids={a},{b}&ids={c}")), 1);
}

#[test]
fn letter_case_makes_another_id() {
    let twin = CATALOGUE.tracks()[499].spotify.as_str();
    let other = CATALOGUE.tracks()[498].spotify.as_str();
    assert_eq!(twin.to_lowercase(), other.to_lowercase());
    assert_eq!(ids(&call(&format!("/v1/track?ids={twin}"))), [CATALOGUE.tracks()[499].id.as_str()]);
    let shouted = CATALOGUE.tracks()[0].id.to_uppercase();
    assert!(ids(&call(&format!("/v1/track?ids={shouted}"))).is_empty());
}

#[test]
fn the_order_of_rows_differs_between_calls() {
    let target = format!("/v1/track?ids={}", spotify(0..20));
    let (first, second) = (ids(&call_as("GET", &target, 1)), ids(&call_as("GET", &target, 2)));
    assert_ne!(first, second);
    assert_eq!(first.iter().collect::<HashSet<_>>(), second.iter().collect::<HashSet<_>>());
}

#[test]
fn rows_keep_their_bytes_on_every_endpoint() {
    let track = &CATALOGUE.tracks()[7];
    let features = track.features_row.as_deref().expect("this one has features");
    assert_eq!(text(&call(&format!("/v1/track/{}", track.id))), track.row);
    assert_eq!(text(&call(&format!("/v1/track/{}/audio-features", track.id))), features);
    let many = call(&format!("/v1/audio-features?ids={}", track.spotify));
    assert_eq!(text(&many), format!(r#"{{"content":[{features}]}}"#));
}

#[test]
fn a_recording_code_finds_features_but_no_tracks() {
    let codes: Vec<&str> = CATALOGUE.tracks().iter().map(|track| track.isrc.as_str()).collect();
    let mut seen = HashSet::new();
    let twice = codes.iter().find(|code| !seen.insert(**code)).expect("a recording twice");
    assert_eq!(ids(&call(&format!("/v1/audio-features?ids={twice}"))).len(), 2);
    assert!(ids(&call(&format!("/v1/track?ids={twice}"))).is_empty());
}

#[test]
fn tracks_without_features_are_absent_there_and_only_there() {
    let bare = CATALOGUE.tracks().iter().find(|track| track.features_row.is_none());
    let bare = bare.expect("a track without features");
    assert_eq!(ids(&call(&format!("/v1/track?ids={}", bare.spotify))).len(), 1);
    assert!(ids(&call(&format!("/v1/audio-features?ids={}", bare.spotify))).is_empty());
    assert_eq!(refused(&format!("/v1/track/{}/audio-features", bare.id)), (404, 4041));
}

#[test]
fn paths_take_recobeat_ids_only() {
    let track = &CATALOGUE.tracks()[0];
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (prefix, suffix) in [
        ("track", ""),
        ("track", "/audio-features"),
        ("artist", ""),
        ("artist", "/track"),
        ("artist", "/album"),
        ("album", ""),
        ("album", "/track"),
    ] {
        assert_eq!(refused(&format!("/v1/{prefix}/{nobody}{suffix}")), (404, 4041));
        assert_eq!(refused(&format!("/v1/{prefix}/{}{suffix}", track.spotify)), (400, 4002));
    }
}

#[test]
fn unknown_paths_are_4042_and_wrong_methods_405() {
    assert_eq!(refused("/v1/search/artist"), (404, 4042));
    assert_eq!(refused("/v1/track/"), (404, 4042));
    assert_eq!(call_as("POST", "/v1/track?ids=a", 1).status, 405);
    assert_eq!(call("/v1/analysis/audio-features").status, 405);
}

#[test]
fn a_page_has_five_keys_in_order() {
    let artist = &CATALOGUE.artists()[0];
    let body = json(&call(&format!("/v1/artist/{}/track", artist.id)));
    let keys: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["content", "page", "size", "totalElements", "totalPages"]);
    assert_eq!((body["page"].as_u64(), body["size"].as_u64()), (Some(0), Some(25)));
    assert_eq!(body["totalElements"].as_u64(), Some(artist.tracks.len() as u64));
    assert_eq!(body["totalPages"].as_u64(), Some(artist.tracks.len().div_ceil(25) as u64));
}

#[test]
fn pages_are_bounded_and_past_the_end_empty() {
    let id = &CATALOGUE.artists()[0].id;
    let page = |query: &str| format!("/v1/artist/{id}/track?{query}");
    assert!(ids(&call(&page("page=1000"))).is_empty());
    assert_eq!(refused(&page("page=1001")), (400, 4004));
    assert_eq!(refused(&page("page=-1")), (400, 4004));
    assert_eq!(refused(&page("size=0")), (400, 4004));
    assert_eq!(refused(&page("size=51")), (400, 4004));
    assert_eq!(refused(&page("size=ten")), (400, 4002));
}

#[test]
fn all_pages_of_an_artist_are_all_tracks_by_spotify_id_ignoring_case() {
    let artist = &CATALOGUE.artists()[0];
    let mut all = Vec::new();
    for page in 0..artist.tracks.len().div_ceil(50) {
        all.extend(ids(&call(&format!("/v1/artist/{}/track?size=50&page={page}", artist.id))));
    }
    assert_eq!(all.len(), artist.tracks.len());
    let folded: Vec<String> =
        all.iter().map(|id| CATALOGUE.track(id).expect("known").spotify.to_lowercase()).collect();
    assert!(folded.is_sorted());
}

#[test]
fn albums_and_artists_lead_to_each_other() {
    let album = &CATALOGUE.albums()[0];
    let artist = &CATALOGUE.artists()[album.artist];
    assert_eq!(text(&call(&format!("/v1/album/{}", album.id))), album.row);
    assert_eq!(text(&call(&format!("/v1/artist/{}", artist.id))), artist.row);
    assert_eq!(ids(&call(&format!("/v1/album?ids={}", album.spotify))), [album.id.as_str()]);
    assert_eq!(ids(&call(&format!("/v1/artist?ids={}", artist.spotify))), [artist.id.as_str()]);
    assert!(ids(&call(&format!("/v1/artist/{}/album?size=50", artist.id))).contains(&album.id));
    let total = json(&call(&format!("/v1/album/{}/track", album.id)))["totalElements"].as_u64();
    assert_eq!(total, Some(album.tracks.len() as u64));
}

#[test]
fn search_is_a_case_insensitive_substring_of_one_field() {
    let total =
        |query: &str| json(&call(&format!("/v1/track/search?searchText={query}")))["totalElements"].as_u64();
    assert!(total("love").is_some_and(|total| total > 0));
    assert_eq!(total("love"), total("LOVE"));
    assert_eq!(total("the+lan"), total("the%20lan"));
    let track = &CATALOGUE.tracks()[0];
    let artist = &CATALOGUE.artists()[track.artists[0]];
    let both = format!("{} {}", artist.name, track.title).replace(' ', "+").replace('&', "%26");
    assert_eq!(total(&both), Some(0));
}

#[test]
fn search_text_has_bounds() {
    assert_eq!(refused("/v1/track/search"), (400, 4001));
    assert_eq!(refused("/v1/track/search?query=love&limit=5"), (400, 4001));
    assert_eq!(refused("/v1/track/search?searchText=lo"), (400, 4004));
    assert_eq!(refused(&format!("/v1/track/search?searchText={}", "x".repeat(1001))), (400, 4004));
    assert_eq!(call("/v1/artist/search?searchText=an").status, 200);
    assert_eq!(call("/v1/album/search?searchText=an&artist=x").status, 200);
}

fn recommendation(query: &str, salt: u64) -> Vec<String> {
    let seed = &CATALOGUE.tracks()[5].spotify;
    ids(&call_as("GET", &format!("/v1/track/recommendation?seeds={seed}&{query}"), salt))
}

fn mean_of(ids: &[String], of: impl Fn(&crate::Track) -> f64) -> f64 {
    let count = u32::try_from(ids.len()).expect("few ids");
    let tracks = ids.iter().map(|id| CATALOGUE.track(id).expect("known"));
    tracks.map(of).sum::<f64>() / f64::from(count)
}

#[test]
fn a_recommendation_is_random_and_never_repeats_an_id() {
    let (first, second) = (recommendation("size=20", 1), recommendation("size=20", 2));
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 20);
    let shared = first.iter().filter(|id| second.contains(id)).count();
    assert!(shared < 10, "{shared} of 20 shared");
    assert!(!first.contains(&CATALOGUE.tracks()[5].id));
}

#[test]
fn tempo_and_popularity_steer_strongly_and_energy_weakly() {
    let tempo = |query| mean_of(&recommendation(query, 3), |track| track.features.tempo);
    let popularity = |query| mean_of(&recommendation(query, 3), |track| f64::from(track.popularity));
    let energy = |query| mean_of(&recommendation(query, 3), |track| track.features.energy);
    assert!((tempo("size=50&tempo=80") - 80.0).abs() < 8.0);
    assert!((tempo("size=50&tempo=150") - 150.0).abs() < 8.0);
    assert!(popularity("size=50&popularity=70") - popularity("size=50&popularity=5") > 40.0);
    let pull = energy("size=50&energy=1") - energy("size=50&energy=0");
    assert!((0.0..0.5).contains(&pull), "energy moved by {pull}");
}

#[test]
fn seeds_are_one_to_five_known_tracks() {
    let artist = &CATALOGUE.artists()[0].spotify;
    let unknown = &CATALOGUE.unknown()[0];
    let reply = call(&format!("/v1/track/recommendation?seeds={artist}&size=5"));
    assert_eq!(json(&reply)["error"], "seeds need at least one track");
    let reply = call(&format!("/v1/track/recommendation?seeds={unknown}&size=5"));
    assert_eq!(json(&reply)["error"], "Cannot find any track for given seed ids");
    assert_eq!((reply.status, json(&reply)["status"].as_u64()), (400, Some(4002)));
    let mixed = format!("/v1/track/recommendation?seeds={unknown},{}&size=5", spotify(0..1));
    assert_eq!(ids(&call(&mixed)).len(), 5);
    assert_eq!(refused("/v1/track/recommendation?size=5"), (400, 4001));
    assert_eq!(refused("/v1/track/recommendation?seeds=&size=5"), (400, 4004));
    let six = format!("/v1/track/recommendation?seeds={}&size=5", spotify(0..6));
    assert_eq!(refused(&six), (400, 4004));
}

#[test]
fn negatives_must_be_fewer_than_seeds_and_apart_from_them() {
    let with = |seeds: String, negatives: String| {
        call(&format!("/v1/track/recommendation?size=5&seeds={seeds}&negativeSeeds={negatives}"))
    };
    assert_eq!(with(spotify(0..3), spotify(5..7)).status, 200);
    let many = with(spotify(0..3), spotify(5..8));
    assert_eq!(many.status, 400);
    assert!(text(&many).to_lowercase().contains("too many negative seeds"));
    let overlap = with(spotify(0..3), CATALOGUE.tracks()[0].id.clone());
    assert_eq!(overlap.status, 400);
    assert!(text(&overlap).to_lowercase().contains("negative seeds"));
    assert!(text(&with(spotify(0..5), spotify(10..16))).contains("getRecommendation.negativeSeeds"));
}

#[test]
fn features_have_ranges_and_unknown_names_are_ignored() {
    let seed = &CATALOGUE.tracks()[5].spotify;
    let with = |query: &str| format!("/v1/track/recommendation?seeds={seed}&size=5&{query}");
    for query in
        ["energy=1.01", "tempo=251", "popularity=101", "key=12", "loudness=3", "featureWeight=6", "mode=2"]
    {
        assert_eq!(refused(&with(query)), (400, 4004), "{query}");
    }
    assert_eq!(refused(&with("energy=much")), (400, 4002));
    assert_eq!(refused(&with("key=1.5")), (400, 4002));
    assert_eq!(call(&with("target_energy=7&market=DE&featureweight=99&valence=.5")).status, 200);
    assert_eq!(refused(&format!("/v1/track/recommendation?seeds={seed}&size=0")), (400, 4004));
}
