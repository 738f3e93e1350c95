//! RecoBeat, asked through the proxy.
//!
//! A run sees [`Catalogue`] only; tests give it one from memory. There is no limiter here and no
//! cache: both are the proxy's. What a run may ask is bounded by its [`CallPlan`] instead, which
//! counts *requests*, whether the proxy then knows the answer or not: so the same request always
//! asks the same, cold or warm.

mod admin;
mod ask;
mod cache_status;
mod call;
mod client;
mod query;
mod rows;
mod run;
#[cfg(test)]
pub(crate) mod standin;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod waits;
pub(crate) mod wire;

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

pub use admin::{
    Admin, AdminError, BudgetStats, CacheStats, CategoryStats, MemoryStats, ProxyHealth, ProxyStats,
    RegistryStats, TierStats, UpstreamHealth, UpstreamStats,
};
pub use ask::{Answer, Ask, BATCH};
pub use client::Client;
pub use run::{Lane, RunClient, RunTag};
pub use wire::ClientError;

use crate::model::{Artist, Features, PerFeature, SpotifyId, Track, TrackId};

/// Audio features of a track, as its row gives them; `popularity` is never set here.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRow {
    pub id: Uuid,
    pub spotify: Option<SpotifyId>,
    pub features: Features,
}

/// A page of a search or of an artist's tracks, in the order of the upstream.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Zero-based.
    pub page: u32,
    pub total_pages: u32,
}

/// What to recommend by, as the recommendation endpoint takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// 1 to 5.
    pub seeds: Vec<TrackId>,
    /// Fewer than seeds, none of them a seed.
    pub negatives: Vec<TrackId>,
    /// 1 to 100.
    pub size: u8,
    /// Numeric targets that are sent; usually only tempo and popularity.
    pub targets: PerFeature<Option<f64>>,
    /// 1 to 5.
    pub feature_weight: Option<f64>,
    /// Ask for other rows than last time.
    pub fresh: bool,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// 429, or 503 with a `Retry-After`. Whether there is time to wait is for the caller to say.
    #[error("the proxy has no room for the call: come back in {} s", retry_after.as_secs())]
    Busy { retry_after: Duration },
    /// The upstream refused the request itself.
    #[error("refused with {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("the proxy answered {status}")]
    Failed { status: u16 },
    #[error("the proxy cannot be reached: {0}")]
    Unreachable(String),
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("an answer of an unexpected shape: {0}")]
    Shape(String),
}

/// What RecoBeat can be asked. Lists longer than 40 ids are split by the implementation.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Rows of the ids that are known, in no particular order; the rest is silently absent.
    async fn tracks(&self, ids: &[TrackId]) -> Result<Vec<Track>, CallError>;
    /// Like [`Catalogue::tracks`]. Rows are joined by `spotify` for Spotify ids, by `id` for UUIDs.
    async fn features(&self, ids: &[TrackId]) -> Result<Vec<FeatureRow>, CallError>;
    /// Ids of artists of either kind.
    async fn artists(&self, ids: &[TrackId]) -> Result<Vec<Artist>, CallError>;
    /// Titles that contain `text` (3 characters or more), 50 rows a page.
    async fn search_tracks(&self, text: &str, page: u32) -> Result<Page<Track>, CallError>;
    /// Names that contain `text`, 50 rows a page.
    async fn search_artists(&self, text: &str, page: u32) -> Result<Page<Artist>, CallError>;
    /// Ordered by id, 50 rows a page.
    async fn artist_tracks(&self, artist: Uuid, page: u32) -> Result<Page<Track>, CallError>;
    /// Full rows without features.
    async fn recommend(&self, draw: &Draw) -> Result<Vec<Track>, CallError>;
    /// Time in which any of the calls until now has waited in the proxy's queue, where that is known.
    fn queued(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a run's calls came to, from the proxy's `Cache-Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sent to the proxy, without those that were turned away.
    pub requests: u32,
    /// Told to come back later, as the proxy had no room for them.
    pub turned_away: u32,
    /// Of these, answered wholly from the proxy's cache.
    pub hits: u32,
    /// Upstream calls that the proxy made for them.
    pub upstream_calls: u32,
    /// Time in which any of them waited for its turn: for a place among our own calls, or in the
    /// proxy's queue.
    pub queued: Duration,
    /// Without an answer that could be used.
    pub failed: u32,
    /// Rows in answers that could not be read and were left out.
    pub skipped_rows: u32,
}
