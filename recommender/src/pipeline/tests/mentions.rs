use serde_json::json;

use super::*;
use crate::model::{MentionedTrack, Priority, Source, TopTrack, Track, TrackId};
use crate::recobeat::testing::TRACKS_EACH;

fn prompt() -> MoodRequest {
    MoodRequest::of("calm and relaxing")
}

fn by_id(id: impl Into<TrackId>) -> MentionedTrack {
    MentionedTrack {
        id: Some(id.into()),
        track_name: String::new(),
        artist_name: String::new(),
        priority: Priority::Medium,
    }
}

fn by_name(title: &str, artist: &str) -> MentionedTrack {
    MentionedTrack {
        id: None,
        track_name: title.into(),
        artist_name: artist.into(),
        priority: Priority::Medium,
    }
}

fn places(list: &[Recommendation], track: &Track) -> usize {
    list.iter().filter(|one| one.reccobeat_id == track.id).count()
}

#[tokio::test(start_paused = true)]
async fn a_track_named_by_either_id_and_by_name_is_in_the_list_once() {
    let fake = Arc::new(Fake::new());
    // A loud one: the mood alone would never take it.
    let track = fake.all_tracks()[1].clone();
    let mentioned_tracks = vec![
        by_id(track.id),
        by_id(track.spotify.clone().unwrap()),
        by_name(&track.title, &track.artists[0].name),
    ];
    let done = Bench::new().run(&fake, MoodRequest { mentioned_tracks, ..prompt() }).await.expect("a list");
    assert_eq!(places(&done.recommendations, &track), 1);
    let one = done.recommendations.iter().find(|one| one.reccobeat_id == track.id).unwrap();
    assert!(one.user_mentioned && one.protected);
    assert_eq!((one.source, one.confidence_score), (Source::AnchorTrack, 1.0));
    assert_eq!(done.metadata["unresolved_mentions"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn ten_mentions_are_never_cut() {
    let fake = Arc::new(Fake::new());
    let tracks: Vec<Track> = (0..10).map(|n| fake.all_tracks()[n * TRACKS_EACH * 2 + 3].clone()).collect();
    let mentioned_tracks = tracks.iter().map(|track| by_name(&track.title, &track.artists[0].name)).collect();
    let request = MoodRequest { mentioned_tracks, target_count: Some(15), ..prompt() };
    let done = Bench::new().run(&fake, request).await.expect("a list");
    assert!(tracks.iter().all(|track| places(&done.recommendations, track) == 1), "{:#}", done.metadata);
    assert_eq!(done.recommendations.len(), 15);
    assert!(fake.requests() <= 24, "{}", fake.requests());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_is_named() {
    let fake = Arc::new(Fake::new());
    let request = MoodRequest {
        mentioned_tracks: vec![by_name("No Such Song", "Nobody"), by_id(Uuid::nil())],
        mentioned_artists: vec!["Nobody At All".into()],
        ..prompt()
    };
    let done = Bench::new().run(&fake, request).await.expect("a list");
    let unresolved = &done.metadata["unresolved_mentions"];
    let nil = Uuid::nil().to_string();
    assert_eq!(*unresolved, json!(["No Such Song – Nobody", nil, "Nobody At All"]));
    assert!(done.recommendations.len() >= 16);
}

#[tokio::test(start_paused = true)]
async fn tracks_of_a_mentioned_artist_are_in_the_list_but_not_all_of_it() {
    let fake = Arc::new(Fake::new());
    let artist = fake.all_artists()[1].clone();
    for name in [artist.name.to_uppercase(), artist.id.to_string()] {
        let request = MoodRequest { mentioned_artists: vec![name], ..prompt() };
        let done = Bench::new().run(&fake, request).await.expect("a list");
        let by_artist = done.recommendations.iter().filter(|one| one.artists.contains(&artist.name)).count();
        let half = done.recommendations.len() / 2;
        assert!((2..=half).contains(&by_artist), "{by_artist}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_remix_starts_from_its_tracks() {
    let fake = Arc::new(Fake::new());
    let tracks: Vec<TopTrack> = fake.all_tracks()[TRACKS_EACH..TRACKS_EACH + 8]
        .iter()
        .map(|track| TopTrack {
            id: track.id.into(),
            name: track.title.clone(),
            artists: Vec::new(),
            popularity: None,
        })
        .collect();
    let done =
        Bench::new().run(&fake, MoodRequest { remix_tracks: tracks, ..prompt() }).await.expect("a list");
    let anchors = done.metadata["anchor_tracks"].as_array().unwrap();
    assert_eq!(anchors.len(), 5);
    assert!(done.metadata["seed_track_count"].as_u64().unwrap() >= 5);
    assert!(
        fake.calls().iter().all(
            |call| !matches!(call, crate::recobeat::testing::Call::SearchTracks { page, .. } if *page > 0)
        )
    );
}

#[tokio::test(start_paused = true)]
async fn negatives_never_come_out_and_are_fewer_than_seeds() {
    let fake = Arc::new(Fake::new());
    let usual = list(&fake, prompt()).await;
    let negative_tracks: Vec<TrackId> = usual
        .iter()
        .take(5)
        .map(|one| one.track_id.clone().map_or(TrackId::Uuid(one.reccobeat_id), TrackId::Spotify))
        .collect();
    let refused: HashSet<Uuid> = usual.iter().take(5).map(|one| one.reccobeat_id).collect();
    // The catalogue refuses draws with too many negatives, which would show as an error.
    let done = Bench::new().run(&fake, MoodRequest { negative_tracks, ..prompt() }).await.expect("a list");
    assert!(ids(&done.recommendations).is_disjoint(&refused));
    assert_eq!(done.metadata["strategies"]["seed_based"]["error"], json!(null), "{:#}", done.metadata);
}

#[tokio::test(start_paused = true)]
async fn starter_seeds_are_known_also_beside_a_users_tracks() {
    let fake = Arc::new(Fake::new());
    let starter = fake.all_tracks()[TRACKS_EACH].clone();
    let bench = Bench::with(|parts| {
        parts.moods.starter_seeds.insert("calm and relaxing".into(), vec![starter.id.to_string()]);
    });
    let track = &fake.all_tracks()[2 * TRACKS_EACH];
    let top =
        TopTrack { id: track.id.into(), name: track.title.clone(), artists: Vec::new(), popularity: None };
    bench.run(&fake, MoodRequest { top_tracks: vec![top], ..prompt() }).await.expect("a list");
    let asked = fake.calls().into_iter().any(
        |call| matches!(call, crate::recobeat::testing::Call::Features(ids) if ids.contains(&starter.id.into())),
    );
    assert!(asked);
}

#[tokio::test(start_paused = true)]
async fn an_era_that_cannot_be_heeded_is_told() {
    let fake = Arc::new(Fake::new());
    let era = crate::model::TemporalContext {
        decade: Some("1990s".into()),
        era: None,
        year_range: Some([1990, 1999]),
        is_temporal: true,
    };
    let dated = MoodRequest { temporal_context: Some(era), ..prompt() };
    let done = Bench::new().run(&fake, dated).await.expect("a list");
    assert!(done.metadata["notes"][0].as_str().unwrap().contains("release dates"), "{:#}", done.metadata);
    let done = Bench::new().run(&fake, prompt()).await.expect("a list");
    assert_eq!(done.metadata["notes"], json!([]));
}
