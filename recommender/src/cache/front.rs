//! The cache as the rest of the recommender sees it.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Category;
use super::entry::Key;
use super::link::{Link, Patience};
use super::memory::Memory;
use super::stats::{CacheStats, CategoryStats, Counters, Counts};

/// Bodies above this, in bytes, are not worth their room.
const LARGEST: usize = 4 << 20;

/// Remembers results of the recommender's own work. Never fails: what cannot be read is a miss.
#[derive(Debug)]
pub struct Cache {
    memory: Arc<Memory>,
    link: Option<Arc<Link>>,
    counters: Counters,
}

/// The URL of the shared cache is not one.
#[derive(Debug, thiserror::Error)]
#[error("not the URL of a Redis server (`redis://[user:password@]host[:port][/db]`): {0}")]
pub struct CacheUrlError(#[from] redis::RedisError);

impl Cache {
    /// In this process, at most `max_entries`.
    pub fn memory(max_entries: usize) -> Self {
        Self { memory: Arc::new(Memory::new(max_entries)), link: None, counters: Counters::default() }
    }

    /// In Redis; `max_entries` of memory while it is away. Returns before the server has answered: one
    /// that is not there yet is used as soon as it is. Needs a runtime.
    pub fn redis(url: &str, max_entries: usize) -> Result<Self, CacheUrlError> {
        Self::patient(url, max_entries, Patience::default())
    }

    pub(super) fn patient(url: &str, max_entries: usize, patience: Patience) -> Result<Self, CacheUrlError> {
        let memory = Arc::new(Memory::new(max_entries));
        let link = Some(Link::open(url, patience, memory.clone())?);
        Ok(Self { memory, link, counters: Counters::default() })
    }

    /// What was put under the key, if its time has not ended. A value of another form than `T` is a
    /// miss: an older release may have written it.
    pub async fn get<T: DeserializeOwned>(&self, category: Category, key: &str) -> Option<T> {
        let value = self.peek(category, key).await;
        self.counters.note(category, value.is_some());
        value
    }

    /// A look that is not counted.
    pub async fn peek<T: DeserializeOwned>(&self, category: Category, key: &str) -> Option<T> {
        let body = self.read(Key::new(category, key)).await;
        body.and_then(|body| serde_json::from_str(&body).ok())
    }

    /// Keeps a value for the time of its category.
    pub async fn put<T: Serialize + Sync + ?Sized>(&self, category: Category, key: &str, value: &T) {
        match serde_json::to_string(value) {
            Ok(body) if body.len() <= LARGEST => self.write(Key::new(category, key), body.into()).await,
            Ok(body) => tracing::debug!(category = category.name(), bytes = body.len(), "too large to keep"),
            Err(error) => tracing::warn!(category = category.name(), %error, "a value without JSON"),
        }
    }

    pub async fn remove(&self, category: Category, key: &str) {
        let key = Key::new(category, key);
        self.memory.remove(key);
        if let Some(link) = &self.link {
            link.remove(key).await;
        }
    }

    /// Removes a category, or all; how many entries there were.
    pub async fn clear(&self, category: Option<Category>) -> u64 {
        let mut removed = self.memory.clear(category);
        if let Some(link) = &self.link {
            for category in category.map_or(Category::ALL.to_vec(), |only| vec![only]) {
                removed += link.clear(category).await;
            }
        }
        removed
    }

    /// Hits and misses of each category since the start of this process.
    pub fn counts(&self) -> Vec<(Category, Counts)> {
        Category::ALL.into_iter().map(|category| (category, self.counters.of(category))).collect()
    }

    pub async fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            cache_type: if self.link.is_some() { "redis" } else { "memory" },
            state: if self.is_away() { "away" } else { "up" },
            cache_stats: self.counters.sum(),
            categories: [].into(),
            default_ttl: Category::TopTracks.ttl().as_secs(),
        };
        for category in Category::ALL {
            let entries = match &self.link {
                Some(link) if link.is_up() => link.count(category).await,
                _ => self.memory.count(category),
            };
            let row =
                CategoryStats { counts: self.counters.of(category), entries, ttl: category.ttl().as_secs() };
            stats.categories.insert(category.name(), row);
        }
        stats
    }

    /// Redis does not answer, and memory stands in for it.
    pub fn is_away(&self) -> bool {
        self.link.as_ref().is_some_and(|link| !link.is_up())
    }

    async fn read(&self, key: Key) -> Option<Arc<str>> {
        match &self.link {
            Some(link) if link.is_up() => match link.get(key).await {
                Ok(body) => body,
                Err(_away) => self.memory.get(key),
            },
            _ => self.memory.get(key),
        }
    }

    async fn write(&self, key: Key, body: Arc<str>) {
        if let Some(link) = &self.link
            && link.is_up()
            && link.put(key, &body).await.is_ok()
        {
            return;
        }
        self.memory.put(key, body);
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.memory.held()
    }

    /// For tests: the next change of the link's state has happened.
    #[cfg(test)]
    pub(super) async fn until(&self, up: bool) {
        let link = self.link.as_ref().expect("a shared cache");
        link.states().wait_for(|state| *state == up).await.expect("the link lives");
    }
}
