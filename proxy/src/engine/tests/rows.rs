//! Lists of ids and single rows: one set of rows however it is asked for.

use rstest::rstest;

use super::catalogue::{artist, artist_of, list, row, spotify, track};
use super::*;
use crate::api::RowKind;
use crate::telemetry::Outcome;

#[tokio::test(start_paused = true)]
async fn spotify_ids_are_counted_by_whether_their_other_name_is_known() {
    let world = World::new();
    world.get(&tracks([spotify(1), spotify(2), track(3)])).await;
    world.get(&features([spotify(1), spotify(4)])).await;
    let metrics = world.engine.metrics();
    let mapping = |result| metrics.lookups(crate::cache::Category::Mapping, result);
    assert_eq!((mapping("hit"), mapping("miss")), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn rows_come_in_the_order_asked_and_unknown_ids_are_left_out() {
    let world = World::new();
    let asked = [spotify(3), track(77_777), track(1), spotify(88_888), track(2)];
    let answer = world.get(&tracks(asked)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(text(&answer), list(RowKind::Track, [3, 1, 2]));
    assert_eq!(world.upstream.calls(), 1);
}

#[rstest]
#[case::bare_commas("ids={a},{b},{c}")]
#[case::escaped_commas("ids={a}%2C{b}%2c{c}")]
#[case::repeated("ids={a}&ids={b}&ids={c}")]
#[case::duplicates("ids={a},{b},{a},{c},{b}")]
#[case::by_uuid("ids={A},{B},{C}")]
#[case::mixed("ids={A},{b},{C}")]
#[case::both_spellings("ids={a},{A},{b},{B},{c},{C}")]
#[tokio::test(start_paused = true)]
async fn every_spelling_of_a_list_is_the_same_rows(#[case] query: &str) {
    let world = World::new();
    let mut query = query.to_owned();
    for (n, letter) in (1..).zip(["{a}", "{b}", "{c}"]) {
        query = query.replace(letter, &spotify(n)).replace(&letter.to_uppercase(), &track(n));
    }
    let target = format!("/v1/track?{query}");
    let miss = world.get(&target).await;
    let hit = world.get(&target).await;
    assert_eq!(text(&miss), list(RowKind::Track, [1, 2, 3]));
    assert_eq!((&hit.body, &hit.etag), (&miss.body, &miss.etag));
    assert_eq!(hit.outcome, Outcome::Hit);
    let other = world.get(&tracks((1..4).map(spotify))).await;
    assert_eq!(other.body, miss.body);
    assert_eq!(world.upstream.calls(), 1, "nothing is asked twice");
}

#[tokio::test(start_paused = true)]
async fn a_permuted_list_is_answered_from_the_same_rows() {
    let world = World::new();
    world.get(&tracks((0..30).map(spotify))).await;
    let reversed = world.get(&tracks((0..30).rev().map(track))).await;
    assert_eq!(text(&reversed), list(RowKind::Track, (0..30).rev()));
    assert_eq!(world.upstream.calls(), 1);
}

#[rstest]
#[case(40, 1)]
#[case(50, 2)]
#[case(500, 13)]
#[tokio::test(start_paused = true)]
async fn long_lists_are_split_and_joined(#[case] length: u32, #[case] calls: usize) {
    let world = World::new();
    let target = tracks((0..length).map(spotify));
    let miss = world.get(&target).await;
    assert_eq!(text(&miss), list(RowKind::Track, 0..length));
    assert_eq!(world.upstream.calls(), calls);
    let hit = world.get(&target).await;
    assert_eq!((hit.body, hit.outcome), (miss.body, Outcome::Hit));
    assert_eq!(world.upstream.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_501_is_refused_without_a_call() {
    let world = World::new();
    let answer = world.get(&tracks((0..501).map(spotify))).await;
    assert_eq!((answer.status.as_u16(), code(&answer)), (400, Some(4004)));
    assert!(text(&answer).contains("getTracks.ids"));
    assert_eq!(world.upstream.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_missing_goes_upstream() {
    let world = World::new();
    world.get(&tracks((0..30).map(spotify))).await;
    let answer = world.get(&tracks((20..40).map(spotify))).await;
    assert_eq!(text(&answer), list(RowKind::Track, 20..40));
    assert_eq!(answer.outcome, Outcome::Partial);
    assert!(answer.cache_status.contains("rows=20 hit=10 calls=1"), "{}", answer.cache_status);
    let mut second = world.upstream.seen()[1].ids.clone();
    second.sort();
    assert_eq!(second, (30..40).map(spotify).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn unknown_ids_alone_are_an_empty_list_and_remembered_for_fourteen_days() {
    let world = World::new();
    let target = tracks([track(50_000), spotify(50_001)]);
    let miss = world.get(&target).await;
    assert_eq!((miss.status.as_u16(), text(&miss)), (200, r#"{"content":[]}"#));
    tokio::time::advance(14 * DAY - 2 * SECOND).await;
    assert_eq!(world.get(&target).await.outcome, Outcome::Hit);
    assert_eq!(world.upstream.calls(), 1);
    tokio::time::advance(2 * SECOND).await;
    world.get(&target).await;
    assert_eq!(world.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_features_says_nothing_about_the_track() {
    let world = World::new();
    world.upstream.answer(&spotify(5), &[]);
    assert_eq!(text(&world.get(&features([spotify(5)])).await), r#"{"content":[]}"#);
    world.upstream.answer(&spotify(5), &[5]);
    assert_eq!(text(&world.get(&tracks([spotify(5)])).await), list(RowKind::Track, [5]));
}

#[tokio::test(start_paused = true)]
async fn malformed_ids_never_share_a_call_with_well_formed_ones() {
    let world = World::new();
    let targets = [
        format!("/v1/track?ids=oops,{},spotify:track:x", spotify(1)),
        tracks([track(2), "UPPER-CASE".to_owned()]),
        tracks([spotify(3)]),
    ];
    let answers = world.all(targets).await;
    assert_eq!(text(&answers[0]), list(RowKind::Track, [1]));
    assert_eq!(text(&answers[1]), list(RowKind::Track, [2]));
    let mut calls: Vec<usize> = world
        .upstream
        .seen()
        .iter()
        .map(|seen| {
            let malformed = seen.ids.iter().filter(|id| !matches!(id.len(), 22 | 36)).count();
            assert!(malformed == 0 || malformed == seen.ids.len(), "{:?}", seen.ids);
            seen.ids.len()
        })
        .collect();
    calls.sort_unstable();
    assert_eq!(calls, [3, 3]);
}

#[tokio::test(start_paused = true)]
async fn single_features_of_many_clients_share_one_call() {
    let world = World::new();
    let answers = world.all((0..40).map(|n| format!("/v1/track/{}/audio-features", track(n)))).await;
    for (n, answer) in (0..).zip(&answers) {
        assert_eq!(text(answer), row(RowKind::Features, n, 0));
    }
    let seen = world.upstream.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].target.starts_with("/v1/audio-features?ids="));
    assert_eq!(seen[0].ids.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_missing_single_row_is_the_single_routes_own_error_and_the_same_bytes_again() {
    let world = World::new();
    let target = format!("/v1/track/{}/audio-features", track(50_000));
    let miss = world.get(&target).await;
    assert_eq!((miss.status.as_u16(), code(&miss)), (404, Some(4041)));
    assert!(text(&miss).contains(&format!("\"path\":\"uri={target}\"")), "{}", text(&miss));
    tokio::time::advance(DAY).await;
    let again = world.get(&target).await;
    assert_eq!((again.status, again.body), (miss.status, miss.body));
    assert_eq!(again.age, Some(DAY.as_secs()));
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_single_row_answers_for_a_spotify_id_unless_switched_off() {
    let world = World::new();
    let target = format!("/v1/track/{}", spotify(7));
    assert_eq!(text(&world.get(&target).await), row(RowKind::Track, 7, 0));

    let strict = World::with(&Settings { spotify_ids_in_paths: false, ..Settings::default() });
    assert_eq!(strict.get(&target).await.status, 400);
    assert_eq!(strict.upstream.seen()[0].target, target, "asked as given");
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_recommendation_answer_lists_by_either_id() {
    let world = World::new();
    let target = format!("/v1/track/recommendation?size=5&seeds={}", spotify(1));
    let drawn = world.get(&target).await;
    assert_eq!(text(&drawn), list(RowKind::Track, 100..105));
    let by_uuid = world.get(&tracks((100..105).map(track))).await;
    let by_spotify = world.get(&tracks((100..105).map(spotify))).await;
    let artists = world.get(&format!("/v1/artist?ids={}", artist(artist_of(101)))).await;
    assert_eq!((by_uuid.outcome, by_spotify.outcome), (Outcome::Hit, Outcome::Hit));
    assert_eq!((by_uuid.body, by_spotify.body), (drawn.body.clone(), drawn.body));
    assert_eq!(text(&artists), list(RowKind::Artist, [artist_of(101)]));
    assert_eq!(world.upstream.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn artists_inside_listed_tracks_are_kept_too() {
    let world = World::new();
    world.get(&tracks([spotify(9)])).await;
    let answer = world.get(&format!("/v1/artist/{}", artist(artist_of(9)))).await;
    assert_eq!((text(&answer), answer.outcome), (&*row(RowKind::Artist, artist_of(9), 0), Outcome::Hit));
}

#[tokio::test(start_paused = true)]
async fn a_learned_mapping_makes_features_meet_under_one_id() {
    let world = World::new();
    world.get(&tracks([spotify(4)])).await;
    let targets =
        [features([spotify(4)]), features([track(4)]), format!("/v1/track/{}/audio-features", spotify(4))];
    let answers = world.all(targets).await;
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(text(&answers[2]), row(RowKind::Features, 4, 0));
    assert_eq!(world.upstream.seen()[1].ids, [track(4)]);
    assert_eq!(world.upstream.calls(), 2);
}
