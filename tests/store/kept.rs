//! What is written stays: over restarts, between pools, under migrations.

use crate::harness::postgres::Database;
use crate::sample::{
    Engine,
    Engine::{Postgres, Sqlite},
    Ground, finished, list_of,
};
use recobeat_recommender::model::Status;
use recobeat_recommender::store::open;
use rstest::rstest;
use sqlx::migrate::Migrator;
use sqlx::{Connection, Executor, SqliteConnection};
use std::path::{Path, PathBuf};
use tokio::task::JoinSet;

fn migrations(engine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../recommender/migrations").join(engine)
}

#[rstest]
#[tokio::test]
async fn a_restart_keeps_everything(#[values(Sqlite, Postgres)] engine: Engine) {
    let mut ground = Ground::new(engine).await;
    let completed = ground.completed("ann", "calm", &finished(3)).await;
    let begun = ground.begun("ann", "under way").await;
    ground.advance(begun.session_id, Status::GatheringSeeds, Some("half")).await.unwrap();
    let under_way = ground.by_id(begun.id).await.unwrap();

    ground.store = ground.again().await;

    assert_eq!(ground.by_id(completed.id).await.unwrap(), completed);
    assert_eq!(ground.unfinished().await.unwrap(), [under_way]);
    let next = ground.begun("ann", "next").await;
    assert!(next.id > begun.id);
}

#[rstest]
#[tokio::test]
async fn what_one_pool_wrote_the_other_reads_at_once(#[values(Sqlite, Postgres)] engine: Engine) {
    let ground = Ground::new(engine).await;
    let other = ground.again().await;

    for _ in 0..50 {
        let begun = ground.begun("ann", "calm").await;
        assert_eq!(other.by_session(begun.session_id).await.unwrap(), begun);
        let completed = other.complete(begun.session_id, &finished(1)).await.unwrap();
        assert_eq!(ground.by_session(begun.session_id).await.unwrap(), completed);
        assert_eq!(ground.delete("ann", begun.id).await.unwrap(), begun.session_id);
        assert_eq!(other.list(&list_of("ann")).await.unwrap().total, 0);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once(#[values(Sqlite, Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::new().await;
    let url = match engine {
        Postgres => database.url.clone(),
        _ => format!("sqlite:{}", folder.path().join("new/playlists.db").display()),
    };

    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        starts.spawn(async move { open(&url).await.map(|store| store.engine()) });
    }

    for start in starts.join_all().await {
        start.unwrap();
    }
    let store = open(&url).await.unwrap();
    assert_eq!(store.list(&list_of("ann")).await.unwrap().total, 0);
}

#[tokio::test]
async fn sqlite_goes_down_and_up_again() {
    let ground = Ground::new(Sqlite).await;
    ground.begun("ann", "calm").await;
    let migrator = Migrator::new(migrations("sqlite")).await.unwrap();
    let mut connection = SqliteConnection::connect(&ground.url).await.unwrap();

    migrator.undo(&mut connection, 0).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%playlist%'")
        .fetch_one(&mut connection)
        .await
        .unwrap();

    assert_eq!(left, 0);
    assert_eq!(ground.again().await.user_stats("ann").await.unwrap().total_playlists, 0);
}

#[tokio::test]
async fn postgres_goes_down_and_up_again() {
    let ground = Ground::new(Postgres).await;
    ground.begun("ann", "calm").await;
    let migrator = Migrator::new(migrations("postgres")).await.unwrap();
    let mut connection = sqlx::PgConnection::connect(&ground.url).await.unwrap();

    migrator.undo(&mut connection, 0).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '%playlist%') \
              + (SELECT count(*) FROM pg_proc WHERE proname LIKE '%playlist%')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();

    assert_eq!(left, 0);
    assert_eq!(ground.again().await.user_stats("ann").await.unwrap().total_playlists, 0);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let ground = Ground::new(Postgres).await;
    let mut connection = sqlx::PgConnection::connect(&ground.url).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'to come', true, '', 0)";
    connection.execute(newer).await.unwrap();

    let error = open(&ground.url).await.err().expect("it does not open").to_string();

    assert!(error.contains("a newer version of the service has used it"), "{error}");
    // The migrator's lock is free again.
    connection.execute("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
    open(&ground.url).await.unwrap();
}
