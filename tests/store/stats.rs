//! Figures.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, mood, spotify,
};
use recobeat_recommender::model::{PublicStats, UserStats};
use recobeat_recommender::store::Finished;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn figures_count_what_is_not_deleted(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let saved = Finished { playlist_data: json!({ "spotify_playlist_id": "37i9" }), ..finished(4) };
    ground.completed("ann", "saved", &saved).await;
    ground.completed("ann", "kept", &finished(3)).await;
    ground.begun("ann", "under way").await;
    let gone = ground.completed("ann", "gone", &saved).await;
    ground.delete("ann", gone.id).await.unwrap();
    ground.completed("bob", "his", &finished(1)).await;

    let anns = UserStats { total_playlists: 3, saved_playlists: 1, completed_playlists: 2, total_tracks: 7 };
    assert_eq!(ground.user_stats("ann").await.unwrap(), anns);
    let all = PublicStats { total_users: 2, total_playlists: 4, completed_playlists: 3 };
    assert_eq!(ground.public_stats().await.unwrap(), all);
}

#[rstest]
#[tokio::test]
async fn nothing_is_nought(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;

    let none = UserStats { total_playlists: 0, saved_playlists: 0, completed_playlists: 0, total_tracks: 0 };
    assert_eq!(ground.user_stats("ann").await.unwrap(), none);
    let none = PublicStats { total_users: 0, total_playlists: 0, completed_playlists: 0 };
    assert_eq!(ground.public_stats().await.unwrap(), none);
}

#[rstest]
#[tokio::test]
async fn the_five_most_frequent_emotions_ties_by_name(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    for emotion in ["joy", "awe", "joy", "fear", "envy", "calm", "fear", "joy", "zest"] {
        let run = ground.begun("ann", "a mood").await;
        ground.analysed(run.session_id, &mood(emotion)).await.unwrap();
    }
    ground.begun("ann", "not analysed").await;

    let frequent = ground.frequent_emotions("ann").await.unwrap();

    let expected = [("joy", 3), ("fear", 2), ("awe", 1), ("calm", 1), ("envy", 1)];
    assert_eq!(frequent, expected.map(|(emotion, n)| (emotion.to_owned(), n)));
}

#[rstest]
#[tokio::test]
async fn lists_that_hold_a_track_come_newest_first(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let first = ground.completed("ann", "one", &finished(3)).await.session_id;
    ground.completed("ann", "without", &finished(2)).await;
    let second = ground.completed("ann", "two", &finished(5)).await.session_id;

    assert_eq!(ground.holding_track("ann", &spotify(2)).await.unwrap(), [second, first]);
    assert!(ground.holding_track("ann", "\"}] ' %").await.unwrap().is_empty());
}
