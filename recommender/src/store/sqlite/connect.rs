//! Opening the file, or memory, and bringing it up to date.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::Sqlite;
use crate::store::StoreError;

/// Waits for a connection, and for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLite refuses a change to its write-ahead log, which the first connection makes, without waiting.
const TRIES: u32 = 50;
const READERS: u32 = 4;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

impl Sqlite {
    /// Opens `sqlite:PATH`; a missing file and its folder are made. `sqlite::memory:` is another
    /// store each time.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite::memory:") || url.starts_with("sqlite://:memory:") {
            return Self::memory().await;
        }
        let place = url.to_owned();
        let options = options(url).map_err(|cause| StoreError::open(place.clone(), cause))?;
        if options.get_filename().as_os_str().is_empty() {
            return Err(StoreError::Url("database_url names no file; give sqlite:PATH".into()));
        }
        make_folder(options.get_filename())?;

        let mut first = connect(&options).await.map_err(|cause| StoreError::open(place.clone(), cause))?;
        migrate(&mut first).await.map_err(|cause| StoreError::migration(place.clone(), cause))?;
        // The last connection to close empties the write-ahead log; a failure there loses nothing.
        let _ = first.close().await;

        let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE);
        Ok(Self {
            writer: pool(1).connect_lazy_with(options.clone()),
            readers: pool(READERS).connect_lazy_with(options),
            memory: false,
        })
    }

    /// In memory; rows are dropped after a day. One connection, which never ends, holds it all.
    pub async fn memory() -> Result<Self, StoreError> {
        let failed = |cause| StoreError::open("in memory".into(), cause);
        let pool: SqlitePool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(PATIENCE)
            .connect_with(options("sqlite::memory:").map_err(failed)?)
            .await
            .map_err(failed)?;
        let mut connection = pool.acquire().await.map_err(failed)?;
        let migrated = migrate(&mut connection).await;
        migrated.map_err(|cause| StoreError::migration("in memory".into(), cause))?;
        drop(connection);
        Ok(Self { writer: pool.clone(), readers: pool, memory: true })
    }
}

fn options(url: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
    Ok(SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Safe against a crash of the process; a power cut may cost the last moments.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(PATIENCE)
        .foreign_keys(true))
}

fn make_folder(file: &Path) -> Result<(), StoreError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        StoreError::Url(format!(
            "cannot make the folder {} of the database: {error}; make it, or set database_url",
            folder.display()
        ))
    })
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut tries = 0;
    loop {
        match SqliteConnection::connect_with(options).await {
            Err(sqlx::Error::Database(error))
                if tries < TRIES && error.code().is_some_and(|code| code == "5") =>
            {
                tries += 1;
                tokio::time::sleep(PATIENCE / TRIES).await;
            }
            other => return other,
        }
    }
}

/// One transaction that locks before it looks: of several processes one migrates, the others find
/// nothing left to do. The migrator's own transactions become savepoints in it.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), sqlx::migrate::MigrateError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}
