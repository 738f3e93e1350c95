//! A store whose calls are timed and whose failures are counted.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Connections, Finished, ListPage, ListQuery, NewRun, Store, StoreError};
use crate::model::{Playlist, PublicStats, Recommendation, Status, UserStats};
use crate::profile::Profiler;

/// See the module.
pub struct Timed {
    store: Arc<dyn Store>,
    profiler: Arc<Profiler>,
}

impl Timed {
    pub fn new(store: Arc<dyn Store>, profiler: Arc<Profiler>) -> Self {
        Self { store, profiler }
    }
}

/// The trait is passed through call by call, each with its name in the metrics.
macro_rules! timed {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// Names of the calls.
        pub const TIMED: &[&str] = &[$(stringify!($name)),*];

        #[async_trait]
        impl Store for Timed {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let begun = Instant::now();
                let result = self.store.$name($($argument),*).await;
                let failed = result.as_ref().is_err_and(StoreError::is_trouble);
                self.profiler.metrics().stored(stringify!($name), begun.elapsed(), failed);
                result
            })*

            fn connections(&self) -> Option<Connections> {
                self.store.connections()
            }

            fn engine(&self) -> &'static str {
                self.store.engine()
            }
        }
    };
}

timed! {
    begin(run: &NewRun) -> Playlist;
    advance(session: Uuid, status: Status, step: Option<&str>) -> ();
    analysed(session: Uuid, mood_analysis: &Value) -> ();
    complete(session: Uuid, end: &Finished) -> Playlist;
    end(session: Uuid, status: Status, reason: &str, metadata: &Value) -> ();
    edit(user: &str, session: Uuid, seen: DateTime<Utc>, list: &[Recommendation]) -> Playlist;
    by_session(session: Uuid) -> Playlist;
    by_id(id: i64) -> Playlist;
    list(query: &ListQuery) -> ListPage;
    delete(user: &str, id: i64) -> Uuid;
    user_stats(user: &str) -> UserStats;
    public_stats() -> PublicStats;
    frequent_emotions(user: &str) -> Vec<(String, i64)>;
    holding_track(user: &str, track_id: &str) -> Vec<Uuid>;
    unfinished() -> Vec<Playlist>;
    now() -> DateTime<Utc>;
    claim(session: Uuid, seen: DateTime<Utc>, owner: &str) -> bool;
    recent(limit: u32) -> Vec<Playlist>;
    ping() -> ();
}
