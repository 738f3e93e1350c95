//! Playlists and runs, kept: one row per run, from its start on.
//!
//! One trait, two engines: a SQLite file by default, PostgreSQL by its URL. One suite of tests runs on
//! both. A change of status is one statement that refuses to go backwards, and the end of a run
//! writes list, counts and status in one: there is never half a playlist.

mod change;
mod error;
mod fold;
mod list;
mod open;
mod postgres;
mod row;
mod sqlite;
mod timed;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Playlist, PlaylistSummary, PublicStats, Recommendation, Status, UserStats};

pub use error::StoreError;
pub use open::{open, open_within};
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use timed::{TIMED, Timed};

/// A run as it is accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    pub session_id: Uuid,
    pub user_id: String,
    pub mood_prompt: String,
    /// To resume it.
    pub request: Value,
    pub metadata: Value,
}

/// The end of a run that has tracks, or the new state of an edited list.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    pub recommendations: Vec<Recommendation>,
    pub mood_analysis: Value,
    pub playlist_data: Value,
    pub metadata: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    #[default]
    CreatedAt,
    Name,
    TrackCount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    #[default]
    Descending,
    Ascending,
}

/// To the database, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub in_use: u32,
    pub idle: u32,
}

impl Connections {
    /// The two are read one after the other, so idle ones may seem more than there are.
    fn of(all: u32, idle: usize) -> Self {
        let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(all);
        Self { in_use: all - idle, idle }
    }
}

/// A user's list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListQuery {
    pub user_id: String,
    /// Cut to 100.
    pub limit: u32,
    pub offset: u32,
    pub exclude_statuses: Vec<Status>,
    /// Substring of prompt, name, emotion, energy level, status, titles or artists; case-folded.
    pub search: Option<String>,
    pub sort_by: SortBy,
    pub sort_order: SortOrder,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    pub playlists: Vec<PlaylistSummary>,
    /// Of the whole list, not of this page.
    pub total: i64,
}

/// All rows are looked up by owner where a `user` is asked for: another's are [`StoreError::Absent`],
/// like deleted ones. Who may see what `by_session` and `by_id` return is for the caller to check.
///
/// A change that comes too late is [`StoreError::Passed`]; nothing is written then.
#[async_trait]
pub trait Store: Send + Sync {
    /// Makes the row of a run, `pending`.
    async fn begin(&self, run: &NewRun) -> Result<Playlist, StoreError>;
    /// Notes where a run stands; without a step, `current_step` is the status' name. Not for ends.
    async fn advance(&self, session: Uuid, status: Status, step: Option<&str>) -> Result<(), StoreError>;
    /// Keeps the mood of a run on its way.
    async fn analysed(&self, session: Uuid, mood_analysis: &Value) -> Result<(), StoreError>;
    /// Completes a run: list, counts, colours, status in one statement. [`StoreError::Empty`] without
    /// tracks.
    async fn complete(&self, session: Uuid, end: &Finished) -> Result<Playlist, StoreError>;
    /// Ends a run as `failed` or `cancelled`, with the reason; replaces its metadata.
    async fn end(
        &self,
        session: Uuid,
        status: Status,
        reason: &str,
        metadata: &Value,
    ) -> Result<(), StoreError>;
    /// Replaces the list of a completed run, with count and duration; never by an empty one.
    /// [`StoreError::Changed`] if its row is not as it was `seen` any more, by its `updated_at`.
    async fn edit(
        &self,
        user: &str,
        session: Uuid,
        seen: DateTime<Utc>,
        list: &[Recommendation],
    ) -> Result<Playlist, StoreError>;
    async fn by_session(&self, session: Uuid) -> Result<Playlist, StoreError>;
    async fn by_id(&self, id: i64) -> Result<Playlist, StoreError>;
    async fn list(&self, query: &ListQuery) -> Result<ListPage, StoreError>;
    /// Soft: the row stays, unseen. A run under way ends as `cancelled`.
    async fn delete(&self, user: &str, id: i64) -> Result<Uuid, StoreError>;
    async fn user_stats(&self, user: &str) -> Result<UserStats, StoreError>;
    async fn public_stats(&self) -> Result<PublicStats, StoreError>;
    /// The five most frequent, with their counts.
    async fn frequent_emotions(&self, user: &str) -> Result<Vec<(String, i64)>, StoreError>;
    /// Sessions of a user's lists that hold the track with this Spotify id.
    async fn holding_track(&self, user: &str, track_id: &str) -> Result<Vec<Uuid>, StoreError>;
    /// Runs without an end, oldest first.
    async fn unfinished(&self) -> Result<Vec<Playlist>, StoreError>;
    /// The database's time, which the times of rows are to be compared with.
    async fn now(&self) -> Result<DateTime<Utc>, StoreError>;
    /// Makes `owner` the one who runs a run without an end (`owner` in its metadata), if its row is
    /// still as it was `seen`, by its `updated_at`. Of several who try, one succeeds.
    async fn claim(&self, session: Uuid, seen: DateTime<Utc>, owner: &str) -> Result<bool, StoreError>;
    /// Of all users, newest first; `limit` at most 50.
    async fn recent(&self, limit: u32) -> Result<Vec<Playlist>, StoreError>;
    /// The database answers.
    async fn ping(&self) -> Result<(), StoreError>;
    /// `None`: it has none.
    fn connections(&self) -> Option<Connections> {
        None
    }
    /// `sqlite`, `postgres`, or `memory`, which forgets with the process.
    fn engine(&self) -> &'static str;
}
