//! The catalogue as one run sees it: rows asked through the proxy, and a tally of what they cost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::time::Instant;
use uuid::Uuid;

use super::call::Ask;
use super::client::Inner;
use super::rows::{self, Read, Row};
use super::waits::Waits;
use super::{CallError, Catalogue, Draw, FeatureRow, Page, Tally, query};
use crate::model::{Artist, Track, TrackId};
use crate::profile::Profiler;

/// How urgent a run is at the proxy (RFC 9218).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// Somebody waits.
    #[default]
    Interactive,
    /// Renews what somebody was just given.
    Refresh,
    /// Nobody waits yet.
    Warm,
}

impl Lane {
    /// Value of `Priority`; people need none.
    pub(super) const fn priority(self) -> Option<&'static str> {
        match self {
            Self::Interactive => None,
            Self::Refresh => Some("u=5"),
            Self::Warm => Some("u=7"),
        }
    }
}

/// On whose behalf is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunTag {
    /// Its calls are `x-request-id: <session>-<n>` in all logs.
    pub session: Uuid,
    pub lane: Lane,
    /// No call lasts longer.
    pub deadline: Option<Instant>,
}

/// See [`Catalogue`]. A list of several batches brings all of its rows or an error.
#[derive(Debug)]
pub struct RunClient {
    pub(super) client: Arc<Inner>,
    pub(super) tag: RunTag,
    calls: AtomicU64,
    /// Without `queued`, which the waits tell.
    tally: Mutex<Tally>,
    waits: Mutex<Waits>,
    pub(super) profiler: Option<Arc<Profiler>>,
}

impl RunClient {
    pub(super) fn new(client: Arc<Inner>, tag: RunTag) -> Self {
        let (calls, tally, waits) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        Self { client, tag, calls, tally, waits, profiler: None }
    }

    /// Lets `profiler` hear how long each call takes.
    #[must_use]
    pub fn profiled(self, profiler: Arc<Profiler>) -> Self {
        Self { profiler: Some(profiler), ..self }
    }

    /// Of all calls that have ended.
    pub fn tally(&self) -> Tally {
        let queued = self.waits().total();
        Tally { queued, ..*self.counts() }
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next_request_id(&self) -> String {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{number}", self.tag.session)
    }

    async fn list<T>(
        &self,
        path: &str,
        ids: &[TrackId],
        row: fn(&Row) -> Option<T>,
    ) -> Result<Vec<T>, CallError> {
        let batches = query::lists(path, ids).into_iter().map(|target| async move {
            let body = self.ask(&Ask::of(target)).await?;
            self.readable(rows::list(&body, row))
        });
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    async fn page<T>(
        &self,
        target: String,
        page: u32,
        row: fn(&Row) -> Option<T>,
    ) -> Result<Page<T>, CallError> {
        let body = self.ask(&Ask::of(target)).await?;
        self.readable(rows::page(&body, page, row))
    }

    /// Counts what could not be read.
    fn readable<T>(&self, read: Result<Read<T>, CallError>) -> Result<T, CallError> {
        let mut counts = self.counts();
        match read {
            Ok(Read { rows, skipped }) => {
                counts.skipped_rows = counts.skipped_rows.saturating_add(skipped);
                Ok(rows)
            }
            Err(error) => {
                counts.failed += 1;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Catalogue for RunClient {
    async fn tracks(&self, ids: &[TrackId]) -> Result<Vec<Track>, CallError> {
        self.list("/v1/track", ids, rows::track).await
    }

    async fn features(&self, ids: &[TrackId]) -> Result<Vec<FeatureRow>, CallError> {
        self.list("/v1/audio-features", ids, rows::features).await
    }

    async fn artists(&self, ids: &[TrackId]) -> Result<Vec<Artist>, CallError> {
        self.list("/v1/artist", ids, rows::artist).await
    }

    async fn search_tracks(&self, text: &str, page: u32) -> Result<Page<Track>, CallError> {
        self.page(query::search("/v1/track/search", text, page), page, rows::track).await
    }

    async fn search_artists(&self, text: &str, page: u32) -> Result<Page<Artist>, CallError> {
        self.page(query::search("/v1/artist/search", text, page), page, rows::artist).await
    }

    async fn artist_tracks(&self, artist: Uuid, page: u32) -> Result<Page<Track>, CallError> {
        self.page(query::artist_tracks(artist, page), page, rows::track).await
    }

    async fn recommend(&self, draw: &Draw) -> Result<Vec<Track>, CallError> {
        let ask = Ask { target: query::recommendation(draw), fresh: draw.fresh };
        let body = self.ask(&ask).await?;
        self.readable(rows::list(&body, rows::track))
    }

    fn queued(&self) -> std::time::Duration {
        self.waits().total()
    }
}
