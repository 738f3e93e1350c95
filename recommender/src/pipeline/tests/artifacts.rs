use super::*;
use crate::model::TopTrack;
use crate::recobeat::testing::Method;

fn prompt() -> MoodRequest {
    MoodRequest::of("calm and relaxing")
}

#[tokio::test(start_paused = true)]
async fn a_second_run_gives_the_same_list_with_draws_alone() {
    let fake = Arc::new(Fake::new());
    let bench = Bench::new();
    let cold = bench.run(&fake, prompt()).await.expect("a list").recommendations;
    fake.forget_calls();
    let warm = bench.run(&fake, prompt()).await.expect("a list").recommendations;
    assert_eq!(bytes(&cold), bytes(&warm));
    for method in [Method::SearchTracks, Method::ArtistTracks, Method::Tracks, Method::Artists] {
        assert_eq!(fake.count(method), 0, "{method:?}");
    }
    assert!(fake.count(Method::Recommend) > 0);
}

#[tokio::test(start_paused = true)]
async fn artifacts_of_other_moods_change_nothing() {
    let fake = Arc::new(Fake::new());
    let cold = list(&fake, prompt()).await;
    let bench = Bench::new();
    for mood in ["chill evening", "focus and concentration", "something calm", "party vibes"] {
        bench.run(&fake, MoodRequest::of(mood)).await.expect("a list");
    }
    fake.forget_calls();
    let warm = bench.run(&fake, prompt()).await.expect("a list").recommendations;
    assert_eq!(bytes(&cold), bytes(&warm));
}

#[tokio::test(start_paused = true)]
async fn a_users_tracks_and_anchors_are_used_again() {
    let fake = Arc::new(Fake::new());
    let bench = Bench::new();
    let top = |track: &crate::model::Track| TopTrack {
        id: track.spotify.clone().map_or(track.id.into(), Into::into),
        name: String::new(),
        artists: Vec::new(),
        popularity: None,
    };
    let request = MoodRequest {
        top_tracks: fake.all_tracks().iter().step_by(31).take(20).map(top).collect(),
        artist_recommendations: vec![fake.all_artists()[3].name.clone()],
        ..prompt()
    };
    let cold = bench.run(&fake, request.clone()).await.expect("a list").recommendations;
    fake.forget_calls();
    let warm = bench.run(&fake, request).await.expect("a list").recommendations;
    assert_eq!(bytes(&cold), bytes(&warm));
    assert_eq!(fake.count(Method::Tracks) + fake.count(Method::SearchArtists), 0);
}

#[tokio::test(start_paused = true)]
async fn without_reuse_everything_is_asked_again() {
    let fake = Arc::new(Fake::new());
    let bench = Bench::with(|parts| parts.run.reuse = false);
    bench.run(&fake, prompt()).await.expect("a list");
    let asked = fake.calls().len();
    fake.forget_calls();
    bench.run(&fake, prompt()).await.expect("a list");
    assert_eq!(fake.calls().len(), asked);
}
