//! From a URL to a store.

use std::sync::Arc;

use super::{Postgres, Sqlite, Store, StoreError};

/// Opens `sqlite:PATH`, `sqlite::memory:` or `postgres://…`, and brings it up to date.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
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

/// The same, but a database that cannot be opened does not stop the service: runs are then kept in
/// memory for 24 h, and [`Store::engine`] says so. A URL that means nothing is an error still.
pub async fn open_or_memory(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match open(url).await {
        Ok(store) => Ok(store),
        Err(error @ StoreError::Url(_)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "NO DATABASE: playlists are kept in memory for 24 h and lost at the next restart");
            Ok(Arc::new(Sqlite::memory().await?))
        }
    }
}
