//! Reaching the server, and bringing the database up to date.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::Postgres;
use crate::store::StoreError;

/// For a connection, at start and later.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 10;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

impl Postgres {
    /// Opens `postgres://USER:PASSWORD@HOST/DATABASE`. Missing indexes are built: at once in an empty
    /// table, else in the background.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|cause| StoreError::open("given by database_url".into(), cause))?
            .application_name("recobeat-recommender");
        // Never with its password.
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let place = format!("{database:?} at {}:{}", options.get_host(), options.get_port());

        let pool = pool(options.clone());
        pool.acquire().await.map_err(|cause| StoreError::open(place.clone(), cause))?;
        migrate(&options).await.map_err(|cause| StoreError::migration(place.clone(), cause))?;

        let store = Self { pool, options };
        store.index().await.map_err(|cause| StoreError::open(place, cause))?;
        Ok(store)
    }

    /// Nobody waits for indexes of a filled table.
    async fn index(&self) -> Result<(), sqlx::Error> {
        let empty: bool =
            sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM playlists)").fetch_one(&self.pool).await?;
        if empty {
            return self.build_indexes().await;
        }
        let store = self.clone();
        tokio::spawn(async move {
            if let Err(error) = store.build_indexes().await {
                tracing::error!(%error, "indexes are missing, lists are slow; the next start tries again");
            }
        });
        Ok(())
    }
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("SET plan_cache_mode = force_custom_plan").await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

/// The migrator's lock is the session's: on a connection of its own it ends with that, also when a
/// migration fails.
async fn migrate(options: &PgConnectOptions) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let migrated = MIGRATIONS.run_direct(None, &mut connection, false).await;
    // The work is done or has failed; either way the server frees the lock.
    let _ = connection.close().await;
    migrated
}
