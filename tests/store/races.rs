//! Many at once, from two pools, on one row: exactly one wins, and the row is the winner's.

use crate::sample::{
    Engine,
    Engine::{Memory, Postgres, Sqlite},
    Ground, finished, run,
};
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{Store, StoreError};
use rstest::rstest;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Both on the same database; in memory there is only one.
async fn two_stores(ground: &Ground, engine: Engine) -> [Arc<dyn Store>; 2] {
    let other = if matches!(engine, Memory) { ground.store.clone() } else { ground.again().await };
    [ground.store.clone(), other]
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_ends_one_is_written(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let stores = two_stores(&ground, engine).await;

    for _ in 0..10 {
        let begun = ground.begun("ann", "calm").await;
        let (session, id) = (begun.session_id, begun.id);
        let mut ends: JoinSet<Result<Status, StoreError>> = JoinSet::new();
        for n in 1..=4 {
            let store = stores[n % 2].clone();
            ends.spawn(async move { store.complete(session, &finished(n)).await.map(|_| Status::Completed) });
            let store = stores[n % 2].clone();
            ends.spawn(async move {
                store.end(session, Status::Failed, "why", &json!({})).await.map(|()| Status::Failed)
            });
        }
        let ends: Vec<_> = ends.join_all().await;

        let won: Vec<Status> = ends.iter().filter_map(|end| end.as_ref().ok().copied()).collect();
        let held = ground.by_id(id).await.unwrap();
        assert_eq!(won, [held.status]);
        assert!(ends.iter().all(|end| match end {
            Ok(_) => true,
            Err(StoreError::Passed(status)) => *status == held.status,
            Err(_) => false,
        }));
        assert_eq!(held.recommendations_data.len(), usize::try_from(held.track_count).unwrap());
        assert_eq!(held.error_message.is_some(), held.status == Status::Failed);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_completed_or_deleted_under_way_never_both(
    #[values(Memory, Sqlite, Postgres)] engine: Engine,
) {
    let ground = Ground::new(engine).await;
    let [one, other] = two_stores(&ground, engine).await;

    for _ in 0..20 {
        let begun = ground.begun("ann", "calm").await;
        let end = finished(2);
        let (completed, deleted) =
            tokio::join!(one.complete(begun.session_id, &end), other.delete("ann", begun.id));

        assert_eq!(deleted.unwrap(), begun.session_id);
        let last = ground.end(begun.session_id, Status::Failed, "", &json!({})).await;
        match completed {
            Ok(_) => assert!(matches!(last, Err(StoreError::Passed(Status::Completed))), "{last:?}"),
            Err(StoreError::Passed(Status::Cancelled)) => {
                assert!(matches!(last, Err(StoreError::Passed(Status::Cancelled))), "{last:?}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn steps_at_once_end_at_the_furthest(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let stores = two_stores(&ground, engine).await;
    let session = ground.begun("ann", "calm").await.session_id;
    let steps = Status::ALL.into_iter().filter(|status| !status.is_end());

    let mut calls = JoinSet::new();
    for (n, status) in steps.chain([Status::Pending, Status::GatheringSeeds]).enumerate() {
        let store = stores[n % 2].clone();
        calls.spawn(async move { store.advance(session, status, Some(status.name())).await });
    }
    let answers = calls.join_all().await;

    let held = ground.by_session(session).await.unwrap();
    assert_eq!((held.status.order(), held.current_step.as_deref()), (5, Some(held.status.name())));
    assert!(answers.iter().all(|answer| match answer {
        Ok(()) => true,
        Err(StoreError::Passed(status)) => status.order() > 0,
        Err(_) => false,
    }));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_runs_begin_at_once_with_ids_of_their_own(#[values(Memory, Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let stores = two_stores(&ground, engine).await;

    let mut calls = JoinSet::new();
    for n in 0..100 {
        let store = stores[n % 2].clone();
        calls.spawn(async move {
            let begun = store.begin(&run("ann", "calm")).await.expect("a new run");
            store.advance(begun.session_id, Status::GatheringSeeds, None).await.expect("it is under way");
            store.complete(begun.session_id, &finished(2)).await.expect("it is under way");
            begun.id
        });
    }
    let ids: HashSet<i64> = calls.join_all().await.into_iter().collect();

    assert_eq!(ids.len(), 100);
    assert_eq!(ground.user_stats("ann").await.unwrap().completed_playlists, 100);
}
