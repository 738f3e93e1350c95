//! Nobody reaches another's lists.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, list_of, search, spotify, track,
};
use recobeat_recommender::store::StoreError;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn anothers_list_is_neither_edited_nor_deleted(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let anns = ground.completed("ann", "calm", &finished(2)).await;

    let edited = ground.edit("bob", anns.session_id, &[track(1, "mine", &["now"])]).await;
    let deleted = ground.delete("bob", anns.id).await;

    assert!(matches!(edited, Err(StoreError::Absent)), "{edited:?}");
    assert!(matches!(deleted, Err(StoreError::Absent)), "{deleted:?}");
    assert_eq!(ground.by_id(anns.id).await.unwrap(), anns);
}

#[rstest]
#[tokio::test]
async fn lists_searches_and_figures_are_ones_own(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let anns = ground.completed("ann", "calm sea", &finished(2)).await;
    let bobs = ground.completed("bob", "calm sea", &finished(3)).await;

    assert_eq!(ground.listed(&list_of("ann")).await, [anns.session_id]);
    assert_eq!(ground.listed(&search("bob", "calm")).await, [bobs.session_id]);
    assert_eq!(ground.listed(&search("bob", "a")).await, [bobs.session_id]);
    assert_eq!(ground.holding_track("bob", &spotify(0)).await.unwrap(), [bobs.session_id]);
    assert_eq!(ground.user_stats("ann").await.unwrap().total_tracks, 2);
    assert_eq!(ground.frequent_emotions("bob").await.unwrap(), [("neutral".to_owned(), 1)]);
    assert!(ground.listed(&list_of("")).await.is_empty() && ground.listed(&list_of("an_")).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_row_names_its_owner_for_the_caller_to_check(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let anns = ground.begun("ann", "calm").await;

    assert_eq!(ground.by_session(anns.session_id).await.unwrap().user_id, "ann");
    assert_eq!(ground.by_id(anns.id).await.unwrap().user_id, "ann");
}
