//! A run from its start to its end, and what its row says on the way.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, holding, mood, run, track,
};
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{Finished, StoreError};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_run_begins_pending_with_its_request(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let new = run("ann", "calm and relaxing");

    let begun = ground.begin(&new).await.unwrap();

    assert_eq!(begun.status, Status::Pending);
    assert_eq!(begun.current_step.as_deref(), Some("pending"));
    assert_eq!((&begun.user_id, &begun.mood_prompt), (&new.user_id, &new.mood_prompt));
    assert_eq!((&begun.request, &begun.metadata), (&new.request, &new.metadata));
    assert_eq!((&begun.playlist_data, &begun.mood_analysis_data), (&json!({}), &json!({})));
    assert!(begun.recommendations_data.is_empty() && begun.completed_at.is_none());
    assert_eq!(begun.created_at, begun.updated_at);
    assert_eq!(ground.by_session(new.session_id).await.unwrap(), begun);
    assert_eq!(ground.by_id(begun.id).await.unwrap(), begun);
}

#[rstest]
#[tokio::test]
async fn a_session_begins_once(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let new = run("ann", "calm");
    ground.begin(&new).await.unwrap();

    assert!(matches!(ground.begin(&new).await, Err(StoreError::Database(_))));
}

#[rstest]
#[tokio::test]
async fn a_step_is_noted_and_without_one_the_status(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    ground.advance(session, Status::GeneratingRecommendations, Some("artists_3_6")).await.unwrap();
    let stepped = ground.by_session(session).await.unwrap();
    ground.advance(session, Status::EvaluatingQuality, None).await.unwrap();
    let unstepped = ground.by_session(session).await.unwrap();

    assert_eq!(stepped.status, Status::GeneratingRecommendations);
    assert_eq!(stepped.current_step.as_deref(), Some("artists_3_6"));
    assert_eq!(unstepped.current_step.as_deref(), Some("evaluating_quality"));
    assert!(unstepped.updated_at >= stepped.updated_at && stepped.updated_at >= stepped.created_at);
}

#[rstest]
#[tokio::test]
async fn a_run_never_goes_backwards(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;
    ground.advance(session, Status::EvaluatingQuality, None).await.unwrap();

    let back = ground.advance(session, Status::GatheringSeeds, Some("again")).await;

    assert!(matches!(back, Err(StoreError::Passed(Status::EvaluatingQuality))), "{back:?}");
    let held = ground.by_session(session).await.unwrap();
    assert_eq!(held.current_step.as_deref(), Some("evaluating_quality"));
}

#[rstest]
#[tokio::test]
async fn states_of_the_same_order_may_follow_each_other(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    ground.advance(session, Status::CreatingPlaylist, None).await.unwrap();
    ground.advance(session, Status::OptimizingRecommendations, None).await.unwrap();

    assert_eq!(ground.by_session(session).await.unwrap().status, Status::OptimizingRecommendations);
}

#[rstest]
#[tokio::test]
async fn an_end_is_no_step_and_a_step_no_end(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    let completed = ground.advance(session, Status::Completed, None).await;
    let pending = ground.end(session, Status::Pending, "", &json!({})).await;
    let without_list = ground.end(session, Status::Completed, "", &json!({})).await;

    assert!(matches!(completed, Err(StoreError::Unfit(Status::Completed))));
    assert!(matches!(pending, Err(StoreError::Unfit(Status::Pending))));
    assert!(matches!(without_list, Err(StoreError::Unfit(Status::Completed))));
    assert_eq!(ground.by_session(session).await.unwrap().status, Status::Pending);
}

#[rstest]
#[tokio::test]
async fn the_mood_is_kept_on_the_way(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    ground.analysed(session, &mood("serene")).await.unwrap();

    let held = ground.by_session(session).await.unwrap();
    assert_eq!((held.mood_analysis_data, held.status), (mood("serene"), Status::Pending));
    let listed = ground.list(&crate::sample::search("ann", "SERENE")).await.unwrap();
    assert_eq!(listed.playlists[0].color_primary.as_deref(), Some("#335566"));
}

#[rstest]
#[tokio::test]
async fn completing_writes_all_at_once(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let begun = ground.begun("ann", "calm").await;
    let end = Finished {
        playlist_data: json!({ "name": "Calm – Friday", "spotify_playlist_id": "37i9",
                               "spotify_url": "https://open.spotify.com/playlist/37i9",
                               "spotify_uri": "spotify:playlist:37i9" }),
        ..finished(3)
    };

    let completed = ground.complete(begun.session_id, &end).await.unwrap();

    assert_eq!((completed.status, completed.track_count), (Status::Completed, 3));
    assert_eq!(completed.duration_ms, 600_003);
    assert_eq!(completed.recommendations_data, end.recommendations);
    assert_eq!((&completed.mood_analysis_data, &completed.metadata), (&end.mood_analysis, &end.metadata));
    assert_eq!(completed.spotify_playlist_id.as_deref(), Some("37i9"));
    assert_eq!(completed.completed_at, Some(completed.updated_at));
    assert_eq!(completed.request, begun.request);
    assert_eq!(ground.by_session(begun.session_id).await.unwrap(), completed);
    let listed = ground.list(&crate::sample::list_of("ann")).await.unwrap().playlists.remove(0);
    assert_eq!(listed.name.as_deref(), Some("Calm – Friday"));
    assert_eq!(listed.spotify_uri.as_deref(), Some("spotify:playlist:37i9"));
    assert_eq!(listed.spotify_url.as_deref(), Some("https://open.spotify.com/playlist/37i9"));
    assert_eq!(listed.spotify_playlist_id.as_deref(), Some("37i9"));
    assert_eq!(listed.color_secondary.as_deref(), Some("#88AABB"));
    assert_eq!(listed.color_tertiary.as_deref(), Some("#DDEEEE"));
}

#[rstest]
#[tokio::test]
async fn a_run_without_tracks_is_never_completed(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    let empty = ground.complete(session, &finished(0)).await;

    assert!(matches!(empty, Err(StoreError::Empty)));
    assert_eq!(ground.by_session(session).await.unwrap().status, Status::Pending);
}

#[rstest]
#[case(Status::Failed)]
#[case(Status::Cancelled)]
#[tokio::test]
async fn an_end_has_a_reason_and_is_final(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
    #[case] status: Status,
) {
    let ground = Ground::new(engine).await;
    let session = ground.begun("ann", "calm").await.session_id;

    ground.end(session, status, "no track found", &json!({ "asked": 5 })).await.unwrap();

    let ended = ground.by_session(session).await.unwrap();
    assert_eq!((ended.status, ended.error_message.as_deref()), (status, Some("no track found")));
    assert_eq!((&ended.metadata, ended.completed_at), (&json!({ "asked": 5 }), Some(ended.updated_at)));
    let late = [
        ground.advance(session, Status::CreatingPlaylist, None).await.unwrap_err(),
        ground.analysed(session, &mood("late")).await.unwrap_err(),
        ground.complete(session, &finished(1)).await.unwrap_err(),
        ground.end(session, Status::Failed, "late", &json!({})).await.unwrap_err(),
        ground.edit("ann", session, &[track(1, "late", &["late"])]).await.unwrap_err(),
    ];
    for error in late {
        assert!(matches!(error, StoreError::Passed(passed) if passed == status), "{error:?}");
    }
    assert_eq!(ground.by_session(session).await.unwrap(), ended);
}

#[rstest]
#[tokio::test]
async fn an_edited_list_is_counted_and_found_again(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let completed = ground.completed("ann", "calm", &holding("Paper Lanterns", "Nova Ferry")).await;
    let list = [track(7, "Glass Harbour", &["Ida"]), track(8, "Low Tide", &["Ida", "Ove"])];

    let edited = ground.edit("ann", completed.session_id, &list).await.unwrap();

    assert_eq!(edited.recommendations_data, list);
    assert_eq!((edited.track_count, edited.duration_ms), (2, 400_015));
    assert_eq!((edited.status, edited.completed_at), (Status::Completed, completed.completed_at));
    assert_eq!(ground.listed(&crate::sample::search("ann", "ove")).await, [completed.session_id]);
    assert!(ground.listed(&crate::sample::search("ann", "lanterns")).await.is_empty());
    assert_eq!(
        ground.holding_track("ann", &crate::sample::spotify(8)).await.unwrap(),
        [completed.session_id]
    );
}

#[rstest]
#[tokio::test]
async fn only_completed_lists_are_edited_and_never_emptied(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine).await;
    let begun = ground.begun("ann", "calm").await;
    let completed = ground.completed("ann", "calm", &finished(2)).await;

    let early = ground.edit("ann", begun.session_id, &[track(1, "a", &["b"])]).await;
    let emptied = ground.edit("ann", completed.session_id, &[]).await;

    assert!(matches!(early, Err(StoreError::Passed(Status::Pending))));
    assert!(matches!(emptied, Err(StoreError::Empty)));
    assert_eq!(ground.by_session(completed.session_id).await.unwrap(), completed);
}

#[rstest]
#[tokio::test]
async fn deleting_cancels_a_run_under_way(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let begun = ground.begun("ann", "calm").await;

    assert_eq!(ground.delete("ann", begun.id).await.unwrap(), begun.session_id);

    let late = ground.complete(begun.session_id, &finished(1)).await;
    assert!(matches!(late, Err(StoreError::Passed(Status::Cancelled))), "{late:?}");
    let late = ground.advance(begun.session_id, Status::GatheringSeeds, None).await;
    assert!(matches!(late, Err(StoreError::Passed(Status::Cancelled))), "{late:?}");
    assert!(ground.unfinished().await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_deleted_row_is_out_of_everything(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let deleted = ground.completed("ann", "calm", &holding("Paper Lanterns", "Nova Ferry")).await;
    ground.delete("ann", deleted.id).await.unwrap();

    assert!(matches!(ground.by_id(deleted.id).await, Err(StoreError::Absent)));
    assert!(matches!(ground.by_session(deleted.session_id).await, Err(StoreError::Absent)));
    assert!(matches!(ground.delete("ann", deleted.id).await, Err(StoreError::Absent)));
    let edit = ground.edit("ann", deleted.session_id, &[track(1, "a", &["b"])]).await;
    assert!(matches!(edit, Err(StoreError::Absent)), "{edit:?}");
    assert_eq!(ground.list(&crate::sample::list_of("ann")).await.unwrap().total, 0);
    assert!(ground.listed(&crate::sample::search("ann", "lanterns")).await.is_empty());
    assert!(ground.recent(50).await.unwrap().is_empty());
    assert!(ground.holding_track("ann", &crate::sample::spotify(0)).await.unwrap().is_empty());
    assert!(ground.frequent_emotions("ann").await.unwrap().is_empty());
    assert_eq!(ground.user_stats("ann").await.unwrap().total_playlists, 0);
    assert_eq!(ground.public_stats().await.unwrap().total_users, 0);
}

#[rstest]
#[tokio::test]
async fn an_unknown_session_is_absent(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let nobody = Uuid::new_v4();

    let calls = [
        ground.advance(nobody, Status::GatheringSeeds, None).await.unwrap_err(),
        ground.analysed(nobody, &mood("calm")).await.unwrap_err(),
        ground.complete(nobody, &finished(1)).await.unwrap_err(),
        ground.end(nobody, Status::Failed, "", &json!({})).await.unwrap_err(),
        ground.edit("ann", nobody, &[track(1, "a", &["b"])]).await.unwrap_err(),
        ground.by_session(nobody).await.unwrap_err(),
        ground.by_id(1).await.unwrap_err(),
        ground.delete("ann", 1).await.unwrap_err(),
    ];

    for error in calls {
        assert!(matches!(error, StoreError::Absent), "{error:?}");
    }
}

#[rstest]
#[tokio::test]
async fn unfinished_runs_come_oldest_first_and_recent_ones_newest(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine).await;
    let first = ground.begun("ann", "first").await;
    let done = ground.completed("bob", "done", &finished(1)).await;
    let second = ground.begun("bob", "second").await;
    ground.advance(second.session_id, Status::CreatingPlaylist, None).await.unwrap();

    let unfinished = ground.unfinished().await.unwrap();
    let recent = ground.recent(2).await.unwrap();

    assert_eq!(unfinished.iter().map(|run| run.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert_eq!(unfinished[0].request, first.request);
    assert_eq!(recent.iter().map(|run| run.id).collect::<Vec<_>>(), [second.id, done.id]);
    assert_eq!(ground.recent(1_000).await.unwrap().len(), 3);
}

#[rstest]
#[tokio::test]
async fn text_and_json_are_kept_as_given(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let prompt = "<script>alert('1')</script> '; DROP TABLE playlists; -- \" \\ \u{1F3B5} \n tab\t";
    let end = Finished {
        metadata: json!({ "</p>": [null, true, 0.1, -3, 9_007_199_254_740_991_i64, "\" \\ \u{7f} é"] }),
        ..holding("\"Heroes\" \\ 100%_ [Live]", "Björk & 'Ø'")
    };

    let begun = ground.begun("ann'; --", prompt).await;
    let completed = ground.complete(begun.session_id, &end).await.unwrap();

    assert_eq!((begun.mood_prompt.as_str(), begun.user_id.as_str()), (prompt, "ann'; --"));
    assert_eq!((completed.metadata, completed.recommendations_data), (end.metadata, end.recommendations));
}

#[rstest]
#[tokio::test]
async fn zero_characters_do_not_hurt(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let begun = ground.begun("ann", "calm\0 sea").await;
    ground.advance(begun.session_id, Status::GatheringSeeds, Some("a\0b")).await.unwrap();
    ground.analysed(begun.session_id, &mood("ser\0ene")).await.unwrap();
    ground.complete(begun.session_id, &holding("Pap\0er", "N\0va")).await.unwrap();

    assert_eq!(begun.mood_prompt, "calm\u{FFFD} sea");
    assert_eq!(ground.listed(&crate::sample::search("ann", "Pap\0er")).await, [begun.session_id]);
}
