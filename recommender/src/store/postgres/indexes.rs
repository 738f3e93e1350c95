//! The job that builds indexes on a table in use.
//!
//! `CREATE INDEX CONCURRENTLY` waits for all other transactions, so it must hold nothing that one of
//! them may be waiting for: it runs outside of transactions and of the migrator's lock. A build that
//! fails leaves an invalid index, which is written to but never read; it is dropped and built again.
//! One replica builds at a time; the others look again and again instead of waiting in a statement.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_as, query_scalar};

use super::Postgres;

/// `CREATE INDEX name …;`, with lines of comment between.
const INDEXES: &str = include_str!("../../../migrations/postgres/indexes.sql");
/// Of this job among all replicas.
const LOCK: i64 = 0x7265_636F_6265_6174;
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A deadlock with a client's transaction ends one of the two; it is rare twice.
const TRIES: u32 = 3;

/// One to build.
struct Index {
    name: &'static str,
    /// What follows the name.
    definition: &'static str,
}

impl Postgres {
    /// Builds the indexes that are missing or invalid; returns when all are there. Safe to call at any
    /// time, by any number of replicas.
    pub async fn build_indexes(&self) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let built = build_all(&mut connection).await;
        // Frees the lock as well.
        let _ = connection.close().await;
        built
    }
}

async fn build_all(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    while !lock(connection).await? {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let held = held(connection).await?;
    for index in indexes() {
        match held.get(index.name) {
            Some(true) => {}
            Some(false) => {
                tracing::warn!(index = index.name, "an earlier build failed; building again");
                rebuild(connection, &index).await?;
            }
            None => build(connection, &index).await?,
        }
    }
    Ok(())
}

async fn build(connection: &mut PgConnection, index: &Index) -> Result<(), sqlx::Error> {
    for _ in 1..TRIES {
        match create(connection, index).await {
            Err(sqlx::Error::Database(error)) => {
                tracing::warn!(index = index.name, %error, "a build failed; building again");
                drop_it(connection, index).await?;
            }
            other => return other,
        }
    }
    create(connection, index).await
}

async fn rebuild(connection: &mut PgConnection, index: &Index) -> Result<(), sqlx::Error> {
    drop_it(connection, index).await?;
    build(connection, index).await
}

async fn create(connection: &mut PgConnection, index: &Index) -> Result<(), sqlx::Error> {
    let Index { name, definition } = index;
    let sql = format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}");
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

async fn drop_it(connection: &mut PgConnection, index: &Index) -> Result<(), sqlx::Error> {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name);
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

/// Taken at once or not at all: a session that waits in a statement is one that a build waits for.
async fn lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(connection).await
}

/// The indexes of the table, and which of them are valid.
async fn held(connection: &mut PgConnection) -> Result<HashMap<String, bool>, sqlx::Error> {
    let rows: Vec<(String, bool)> = query_as(
        "SELECT class.relname::text, index.indisvalid FROM pg_index AS index \
         JOIN pg_class AS class ON class.oid = index.indexrelid \
         WHERE index.indrelid = 'playlists'::regclass",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

fn indexes() -> Vec<Index> {
    let statements = INDEXES.split(';').filter_map(|part| part.split_once("CREATE INDEX "));
    statements
        .filter_map(|(_, index)| index.split_once(char::is_whitespace))
        .map(|(name, definition)| Index { name, definition })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_the_file_is_an_index_on_the_table() {
        let indexes = indexes();

        assert_eq!(indexes.len(), INDEXES.matches("\nCREATE INDEX ").count());
        for index in indexes {
            assert!(index.name.starts_with("ix_"), "{}", index.name);
            assert!(index.definition.trim_start().starts_with("ON playlists"), "{}", index.definition);
            assert!(!index.definition.contains("--") && !index.definition.contains(';'));
        }
    }
}
