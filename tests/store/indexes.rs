//! The job that builds PostgreSQL's indexes.

use crate::harness::playlists;
use crate::harness::postgres::Database;
use recobeat_recommender::store::Postgres;
use sqlx::{Executor, PgConnection, query_as};
use std::time::Duration;
use tokio::task::JoinSet;

const ALL: [&str; 12] = [
    "ix_mood_analysis_data_gin",
    "ix_mood_analysis_energy_level",
    "ix_mood_analysis_primary_emotion",
    "ix_playlist_data_gin",
    "ix_playlist_data_name",
    "ix_playlists_search_trgm",
    "ix_playlists_unfinished",
    "ix_playlists_user_created",
    "ix_playlists_user_name",
    "ix_playlists_user_status",
    "ix_playlists_user_tracks",
    "ix_recommendations_data_gin",
];

/// Names, and whether queries may use them.
async fn held(connection: &mut PgConnection) -> Vec<(String, bool)> {
    query_as(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index \
         WHERE indrelid = 'playlists'::regclass AND indexrelid::regclass::text LIKE 'ix\\_%' ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

fn all_valid() -> Vec<(String, bool)> {
    ALL.map(|name| (name.to_owned(), true)).to_vec()
}

#[tokio::test]
async fn an_empty_table_has_them_when_the_store_opens() {
    let database = Database::new().await;

    Postgres::open(&database.url).await.unwrap();

    assert_eq!(held(&mut database.connection().await).await, all_valid());
}

#[tokio::test]
async fn a_filled_table_gets_them_in_the_background() {
    let database = Database::new().await;
    Postgres::open(&database.url).await.unwrap();
    let mut connection = database.connection().await;
    playlists::drop_indexes(&database).await;
    playlists::fill(&database, 500, 5).await;

    Postgres::open(&database.url).await.unwrap();

    for _ in 0..600 {
        if held(&mut connection).await == all_valid() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", held(&mut connection).await);
}

#[tokio::test]
async fn an_invalid_index_is_built_again() {
    let database = Database::new().await;
    let store = Postgres::open(&database.url).await.unwrap();
    let mut connection = database.connection().await;
    connection.execute("DROP INDEX ix_playlist_data_name").await.unwrap();
    playlists::fill(&database, 500, 5).await;
    // Two names are equal, so that the build fails half-way, as a deadlock or a kill would make it.
    let broken = "CREATE UNIQUE INDEX CONCURRENTLY ix_playlist_data_name ON playlists ((1))";
    connection.execute(broken).await.unwrap_err();
    assert!(held(&mut connection).await.contains(&("ix_playlist_data_name".to_owned(), false)));

    store.build_indexes().await.unwrap();

    assert_eq!(held(&mut connection).await, all_valid());
    let definition: String = sqlx::query_scalar("SELECT pg_get_indexdef('ix_playlist_data_name'::regclass)")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(definition.contains("playlist_data ->> 'name'"), "{definition}");
}

/// Writers go on, and no two builders get into each other's way.
#[tokio::test(flavor = "multi_thread")]
async fn replicas_build_at_once_while_others_write() {
    let database = Database::new().await;
    let store = Postgres::open(&database.url).await.unwrap();
    let mut connection = database.connection().await;
    playlists::drop_indexes(&database).await;
    playlists::fill(&database, 1_000, 5).await;

    let mut jobs = JoinSet::new();
    for _ in 0..3 {
        let store = store.clone();
        jobs.spawn(async move { store.build_indexes().await });
        let url = database.url.clone();
        jobs.spawn(async move {
            Postgres::open(&url).await.map(|_| ()).map_err(|error| sqlx::Error::Protocol(error.to_string()))
        });
    }
    let mut written = 0;
    loop {
        tokio::select! {
            biased;
            job = jobs.join_next() => match job {
                Some(job) => job.unwrap().unwrap(),
                None => break,
            },
            () = write(&database) => written += 1,
        }
    }

    assert_eq!(held(&mut connection).await, all_valid());
    assert!(written > 0);
}

async fn write(database: &Database) {
    let row =
        "INSERT INTO playlists (user_id, session_id, mood_prompt) VALUES ('ann', gen_random_uuid(), 'calm')";
    database.execute(row).await;
}
