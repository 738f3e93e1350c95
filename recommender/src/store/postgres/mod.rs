//! PostgreSQL 13 or newer, for several replicas and many playlists.
//!
//! Statements are prepared, one per combination of filters, and planned for the values they are
//! called with: users with three lists and with thousands, rare and frequent words need different
//! plans, and a plan costs less than a millisecond.
//!
//! A server that goes away must not hold anybody for long: five seconds for a connection, ten for an
//! answer. Connections are tried before use, so the store comes back with the server.

mod connect;
mod indexes;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgPool, query, query_as, query_scalar};
use tokio::time::timeout;
use uuid::Uuid;

use super::change::{self, Colours, Completion, Measure};
use super::list::Dialect;
use super::row::{self, Summary, WHOLE, Whole};
use super::{Connections, Finished, ListPage, ListQuery, NewRun, Store, StoreError, fold};
use crate::model::{Playlist, PublicStats, Recommendation, Status, UserStats};

/// For an answer, the wait for a connection included.
const PATIENCE: Duration = Duration::from_secs(10);

const LIST: Dialect = Dialect {
    columns: "id, session_id, mood_prompt, status, track_count, created_at, updated_at, \
              playlist_data->>'name' AS name, playlist_data->>'spotify_url' AS spotify_url, \
              playlist_data->>'spotify_uri' AS spotify_uri, \
              spotify_playlist_id, mood_analysis_data, color_primary, color_secondary, color_tertiary",
    name: "lower(coalesce(playlist_data->>'name', mood_prompt))",
    holds: |n| format!("search_text LIKE lower(${n})"),
    is_none_of: |n| format!("status <> ALL (${n})"),
};

/// Without three letters in a row there is nothing to look up in the index of trigrams, which would
/// be read from end to end: this form cannot use it, and reads the user's rows.
const SHORT: Dialect = Dialect { holds: |n| format!("strpos(search_text, lower(${n})) > 0"), ..LIST };

/// Playlists in PostgreSQL.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
    /// For the job that builds indexes, on connections of its own.
    options: sqlx::postgres::PgConnectOptions,
}

/// No call waits longer than [`PATIENCE`].
async fn bounded<T>(call: impl Future<Output = Result<T, sqlx::Error>> + Send) -> Result<T, StoreError> {
    match timeout(PATIENCE, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Slow(PATIENCE)),
    }
}

impl Postgres {
    /// The row that a change did not find in a state that allows it, told to the caller.
    async fn refused(&self, session: Uuid) -> StoreError {
        let found = query_scalar::<_, String>("SELECT status FROM playlists WHERE session_id = $1")
            .bind(session)
            .fetch_optional(&self.pool);
        match bounded(found).await {
            Ok(Some(name)) => row::status(&name).map_or_else(|error| error, StoreError::Passed),
            Ok(None) => StoreError::Absent,
            Err(error) => error,
        }
    }
}

#[async_trait]
impl Store for Postgres {
    async fn begin(&self, run: &NewRun) -> Result<Playlist, StoreError> {
        let (request, metadata) = (fold::json(&run.request), fold::json(&run.metadata));
        let sql = format!(
            "INSERT INTO playlists (session_id, user_id, mood_prompt, request, metadata, current_step) \
             VALUES ($1, $2, $3, $4, $5, 'pending') RETURNING {WHOLE}"
        );
        let row = query_as::<_, Whole>(AssertSqlSafe(sql))
            .bind(run.session_id)
            .bind(&run.user_id)
            .bind(fold::text(&run.mood_prompt))
            .bind(Json(&*request))
            .bind(Json(&*metadata))
            .fetch_one(&self.pool);
        bounded(row).await?.try_into()
    }

    async fn advance(&self, session: Uuid, status: Status, step: Option<&str>) -> Result<(), StoreError> {
        change::must_be_a_step(status)?;
        let sql = format!(
            "UPDATE playlists SET status = $2, current_step = coalesce($3, $2), updated_at = now() \
             WHERE session_id = $1 AND status IN {}",
            change::before(status)
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(status.name())
            .bind(step.map(fold::text))
            .execute(&self.pool);
        if bounded(done).await?.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
    }

    async fn analysed(&self, session: Uuid, mood_analysis: &Value) -> Result<(), StoreError> {
        let mood = fold::json(mood_analysis);
        let colours = Colours::of(&mood);
        let sql = format!(
            "UPDATE playlists SET mood_analysis_data = $2, color_primary = $3, color_secondary = $4, \
                    color_tertiary = $5, updated_at = now() \
             WHERE session_id = $1 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(Json(&*mood))
            .bind(colours.primary)
            .bind(colours.secondary)
            .bind(colours.tertiary)
            .execute(&self.pool);
        if bounded(done).await?.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
    }

    async fn complete(&self, session: Uuid, end: &Finished) -> Result<Playlist, StoreError> {
        let completion = Completion::of(end)?;
        let colours = completion.colours();
        let sql = format!(
            "UPDATE playlists SET status = 'completed', current_step = 'completed', error_message = NULL, \
                    recommendations_data = $2, mood_analysis_data = $3, playlist_data = $4, metadata = $5, \
                    track_count = $6, duration_ms = $7, color_primary = $8, color_secondary = $9, \
                    color_tertiary = $10, spotify_playlist_id = $11, updated_at = now(), completed_at = now() \
             WHERE session_id = $1 AND status IN {} RETURNING {WHOLE}",
            change::under_way()
        );
        let row = query_as::<_, Whole>(AssertSqlSafe(sql))
            .bind(session)
            .bind(Json(&*completion.list))
            .bind(Json(&*completion.mood))
            .bind(Json(&*completion.playlist))
            .bind(Json(&*completion.metadata))
            .bind(completion.measure.tracks)
            .bind(completion.measure.duration_ms)
            .bind(colours.primary)
            .bind(colours.secondary)
            .bind(colours.tertiary)
            .bind(completion.spotify_playlist_id())
            .fetch_optional(&self.pool);
        match bounded(row).await? {
            Some(row) => row.try_into(),
            None => Err(self.refused(session).await),
        }
    }

    async fn end(
        &self,
        session: Uuid,
        status: Status,
        reason: &str,
        metadata: &Value,
    ) -> Result<(), StoreError> {
        change::must_be_an_end(status)?;
        let metadata = fold::json(metadata);
        let sql = format!(
            "UPDATE playlists SET status = $2, current_step = $2, error_message = $3, metadata = $4, \
                    updated_at = now(), completed_at = now() \
             WHERE session_id = $1 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(status.name())
            .bind(fold::text(reason))
            .bind(Json(&*metadata))
            .execute(&self.pool);
        if bounded(done).await?.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
    }

    async fn edit(
        &self,
        user: &str,
        session: Uuid,
        seen: DateTime<Utc>,
        list: &[Recommendation],
    ) -> Result<Playlist, StoreError> {
        let measure = Measure::of(list)?;
        let sql = format!(
            "UPDATE playlists SET recommendations_data = $3, track_count = $4, duration_ms = $5, \
                    updated_at = now() \
             WHERE session_id = $1 AND user_id = $2 AND updated_at = $6 \
                AND status = 'completed' AND deleted_at IS NULL \
             RETURNING {WHOLE}"
        );
        let row = query_as::<_, Whole>(AssertSqlSafe(sql))
            .bind(session)
            .bind(user)
            .bind(Json(change::as_json(list)?))
            .bind(measure.tracks)
            .bind(measure.duration_ms)
            .bind(seen)
            .fetch_optional(&self.pool);
        if let Some(row) = bounded(row).await? {
            return row.try_into();
        }
        let held = self.by_session(session).await?;
        Err(change::not_edited(&held, user))
    }

    async fn by_session(&self, session: Uuid) -> Result<Playlist, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE session_id = $1 AND deleted_at IS NULL");
        let found = query_as::<_, Whole>(AssertSqlSafe(sql)).bind(session).fetch_optional(&self.pool);
        bounded(found).await?.ok_or(StoreError::Absent)?.try_into()
    }

    async fn by_id(&self, id: i64) -> Result<Playlist, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE id = $1 AND deleted_at IS NULL");
        let found = query_as::<_, Whole>(AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool);
        bounded(found).await?.ok_or(StoreError::Absent)?.try_into()
    }

    async fn list(&self, list: &ListQuery) -> Result<ListPage, StoreError> {
        let (dialect, text) = match list.text() {
            Some(text) if fold::has_trigram(text) => (LIST, Some(fold::pattern(&fold::text(text)))),
            Some(text) => (SHORT, Some(fold::text(text).into_owned())),
            None => (LIST, None),
        };
        let statements = dialect.statements(list);
        let mut page = query_as::<_, Summary>(AssertSqlSafe(statements.page)).bind(&list.user_id);
        let mut count = query_scalar::<_, i64>(AssertSqlSafe(statements.count)).bind(&list.user_id);
        if let Some(text) = text {
            page = page.bind(text.clone());
            count = count.bind(text);
        }
        if !list.exclude_statuses.is_empty() {
            page = page.bind(list.excluded());
            count = count.bind(list.excluded());
        }
        let total = bounded(count.fetch_one(&self.pool)).await?;
        let rows = page.bind(list.rows()).bind(i64::from(list.offset)).fetch_all(&self.pool);
        Ok(ListPage { playlists: row::all(bounded(rows).await?)?, total })
    }

    async fn delete(&self, user: &str, id: i64) -> Result<Uuid, StoreError> {
        let under_way = change::under_way();
        let sql = format!(
            "UPDATE playlists SET deleted_at = now(), updated_at = now(), \
                    completed_at = coalesce(completed_at, now()), \
                    current_step = CASE WHEN status IN {under_way} THEN 'cancelled' ELSE current_step END, \
                    status = CASE WHEN status IN {under_way} THEN 'cancelled' ELSE status END \
             WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING session_id"
        );
        let session = query_scalar(AssertSqlSafe(sql)).bind(id).bind(user).fetch_optional(&self.pool);
        bounded(session).await?.ok_or(StoreError::Absent)
    }

    async fn user_stats(&self, user: &str) -> Result<UserStats, StoreError> {
        let figures = query_as(
            "SELECT count(*), count(spotify_playlist_id), count(*) FILTER (WHERE status = 'completed'), \
                    coalesce(sum(track_count), 0) \
             FROM playlists WHERE user_id = $1 AND deleted_at IS NULL",
        )
        .bind(user)
        .fetch_one(&self.pool);
        let (total_playlists, saved_playlists, completed_playlists, total_tracks) = bounded(figures).await?;
        Ok(UserStats { total_playlists, saved_playlists, completed_playlists, total_tracks })
    }

    async fn public_stats(&self) -> Result<PublicStats, StoreError> {
        let figures = query_as(
            "SELECT count(DISTINCT user_id), count(*), count(*) FILTER (WHERE status = 'completed') \
             FROM playlists WHERE deleted_at IS NULL",
        )
        .fetch_one(&self.pool);
        let (total_users, total_playlists, completed_playlists) = bounded(figures).await?;
        Ok(PublicStats { total_users, total_playlists, completed_playlists })
    }

    async fn frequent_emotions(&self, user: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let emotions = query_as(
            "SELECT mood_analysis_data->>'primary_emotion' AS emotion, count(*) AS n \
             FROM playlists WHERE user_id = $1 AND deleted_at IS NULL \
                AND mood_analysis_data->>'primary_emotion' IS NOT NULL \
             GROUP BY 1 ORDER BY n DESC, emotion LIMIT 5",
        )
        .bind(user)
        .fetch_all(&self.pool);
        bounded(emotions).await
    }

    async fn holding_track(&self, user: &str, track_id: &str) -> Result<Vec<Uuid>, StoreError> {
        let sessions = query_scalar(
            "SELECT session_id FROM playlists \
             WHERE user_id = $1 AND deleted_at IS NULL AND recommendations_data @> $2 \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(user)
        .bind(json!([{ "track_id": fold::text(track_id) }]))
        .fetch_all(&self.pool);
        bounded(sessions).await
    }

    async fn unfinished(&self) -> Result<Vec<Playlist>, StoreError> {
        let sql = format!(
            "SELECT {WHOLE} FROM playlists \
             WHERE status NOT IN ('completed', 'failed', 'cancelled') AND deleted_at IS NULL \
             ORDER BY created_at, id"
        );
        row::all(bounded(query_as::<_, Whole>(AssertSqlSafe(sql)).fetch_all(&self.pool)).await?)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        bounded(query_scalar("SELECT now()").fetch_one(&self.pool)).await
    }

    async fn claim(&self, session: Uuid, seen: DateTime<Utc>, owner: &str) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE playlists SET metadata = metadata || jsonb_build_object('owner', $3::text), updated_at = now() \
             WHERE session_id = $1 AND updated_at = $2 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql)).bind(session).bind(seen).bind(owner).execute(&self.pool);
        Ok(bounded(done).await?.rows_affected() == 1)
    }

    async fn recent(&self, limit: u32) -> Result<Vec<Playlist>, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE deleted_at IS NULL ORDER BY id DESC LIMIT $1");
        let rows =
            query_as::<_, Whole>(AssertSqlSafe(sql)).bind(i64::from(limit.min(50))).fetch_all(&self.pool);
        row::all(bounded(rows).await?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        bounded(query("SELECT 1").execute(&self.pool)).await?;
        Ok(())
    }

    fn connections(&self) -> Option<Connections> {
        Some(Connections::of(self.pool.size(), self.pool.num_idle()))
    }

    fn engine(&self) -> &'static str {
        "postgres"
    }
}
