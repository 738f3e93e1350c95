//! PostgreSQL goes away while the service runs.

use crate::harness::postgres::{Database, Postgres};
use crate::sample::{finished, list_of, run};
use recobeat_recommender::model::Status;
use recobeat_recommender::store::{StoreError, open};
use sqlx::{Connection, Executor, PgConnection};

#[tokio::test]
async fn a_killed_server_is_an_error_and_a_returning_one_is_used_again() {
    let mut server = Postgres::start().await;
    let store = open(&server.database().await).await.unwrap();
    let begun = store.begin(&run("ann", "calm")).await.unwrap();

    server.kill();
    let away = store.advance(begun.session_id, Status::GatheringSeeds, None).await;
    let pinged = store.ping().await;
    server.start_again().await;

    assert!(matches!(away, Err(StoreError::Database(_))), "{away:?}");
    assert!(matches!(pinged, Err(StoreError::Database(_))), "{pinged:?}");
    assert_eq!(store.by_id(begun.id).await.unwrap(), begun);
    store.complete(begun.session_id, &finished(1)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_nobody() {
    let database = Database::new().await;
    let store = open(&database.url).await.unwrap();
    let begun = store.begin(&run("ann", "calm")).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    other
        .execute("BEGIN; LOCK TABLE playlists IN ROW EXCLUSIVE MODE; SELECT 1 FROM playlists FOR UPDATE")
        .await
        .unwrap();

    let stuck = store.advance(begun.session_id, Status::GatheringSeeds, None).await;
    let read = store.list(&list_of("ann")).await;
    other.execute("ROLLBACK").await.unwrap();

    assert!(matches!(stuck, Err(StoreError::Slow(_))), "{stuck:?}");
    assert_eq!(read.unwrap().total, 1);
    store.complete(begun.session_id, &finished(1)).await.unwrap();
}
