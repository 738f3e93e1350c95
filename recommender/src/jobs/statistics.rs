//! Statistics of users' lists: cached for minutes, dropped on every change.
//!
//! A change must not be undone by somebody who has read the rows just before it and writes to the cache
//! just after: each change counts an epoch up, and figures that were read in an older one are answered
//! but not kept. (Between replicas that share a cache this window stays; it costs five minutes.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use serde::Serialize;
use tokio::sync::Mutex;

use crate::cache::{Cache, Category};
use crate::model::{PublicStats, UserStats};
use crate::store::{Store, StoreError};

/// There is one set of public figures.
const ALL: &str = "";

/// Cheap to clone.
#[derive(Clone)]
pub struct Statistics {
    store: Arc<dyn Store>,
    cache: Arc<Cache>,
    epoch: Arc<AtomicU64>,
    /// Counting everybody's rows is costly, and one who counts does it for all who ask.
    counting: Arc<Mutex<()>>,
}

impl Statistics {
    pub fn new(store: Arc<dyn Store>, cache: Arc<Cache>) -> Self {
        Self { store, cache, epoch: Arc::default(), counting: Arc::default() }
    }

    pub async fn user(&self, user: &str) -> Result<UserStats, StoreError> {
        if let Some(held) = self.cache.get(Category::UserPlaylistStats, user).await {
            return Ok(held);
        }
        let epoch = self.epoch.load(SeqCst);
        let stats = self.store.user_stats(user).await?;
        self.keep(Category::UserPlaylistStats, user, &stats, epoch).await;
        Ok(stats)
    }

    pub async fn public(&self) -> Result<PublicStats, StoreError> {
        if let Some(held) = self.cache.get(Category::PublicPlaylistStats, ALL).await {
            return Ok(held);
        }
        let _one = self.counting.lock().await;
        if let Some(held) = self.cache.peek(Category::PublicPlaylistStats, ALL).await {
            return Ok(held);
        }
        let epoch = self.epoch.load(SeqCst);
        let stats = self.store.public_stats().await?;
        self.keep(Category::PublicPlaylistStats, ALL, &stats, epoch).await;
        Ok(stats)
    }

    /// A list of this user has come, gone or ended.
    pub async fn changed(&self, user: &str) {
        self.epoch.fetch_add(1, SeqCst);
        self.cache.remove(Category::UserPlaylistStats, user).await;
        self.cache.remove(Category::PublicPlaylistStats, ALL).await;
    }

    async fn keep<T: Serialize + Sync>(&self, category: Category, key: &str, stats: &T, epoch: u64) {
        self.cache.put(category, key, stats).await;
        if self.epoch.load(SeqCst) != epoch {
            self.cache.remove(category, key).await;
        }
    }
}
