//! From a URL to a store.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Postgres, Sqlite, Store, StoreError};

/// Between two tries to reach a server.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens `sqlite:PATH`, `memory` (or `sqlite::memory:`) or `postgres://…`, and brings it up to date.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    if url == "memory" {
        return Ok(Arc::new(Sqlite::memory().await?));
    }
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(Sqlite::open(url).await?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(Postgres::open(url).await?)),
        // The URL itself is not repeated: it may hold a password.
        Some(scheme) => Err(StoreError::Url(format!(
            "database_url begins with {scheme:?}; give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
        ))),
        None => Err(StoreError::Url(
            "database_url has no scheme; give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".into(),
        )),
    }
}

/// The same, but a database that is away is tried again until `limit` has passed. What time does not
/// mend is an error at once: a refused password, a damaged file, a failed migration. Playlists are
/// never kept in memory because a database could not be opened, only where the URL says so.
pub async fn open_within(url: &str, limit: Duration) -> Result<Arc<dyn Store>, StoreError> {
    let until = Instant::now() + limit;
    let mut told = false;
    loop {
        match open(url).await {
            Err(error) if error.is_away() && Instant::now() + PAUSE < until => {
                if !told {
                    tracing::warn!(%error, seconds = limit.as_secs(), "the database is away; trying again");
                }
                told = true;
                sleep(PAUSE).await;
            }
            Ok(store) => {
                if store.engine() == "memory" {
                    tracing::warn!("playlists are kept in memory for 24 h and lost at the next restart");
                }
                return Ok(store);
            }
            Err(error) => return Err(error),
        }
    }
}
