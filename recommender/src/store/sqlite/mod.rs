//! The embedded default: one file, or memory.
//!
//! SQLite lets one connection write at a time, so one is kept for that and in-process writers queue
//! for it in order; readers have connections of their own and never wait for it. Other processes on
//! the same file are waited for by the busy timeout.
//!
//! A search is `instr` over one user's rows, of which a file like this has hundreds: an index of
//! trigrams would be larger than the texts, and one user's rows are read in a millisecond or two.

mod connect;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, SqlitePool, query, query_as, query_scalar};
use uuid::Uuid;

use super::change::{self, Colours, Completion, Measure};
use super::list::Dialect;
use super::row::{self, Summary, WHOLE, Whole};
use super::{Connections, Finished, ListPage, ListQuery, NewRun, Store, StoreError, fold};
use crate::model::{Playlist, PublicStats, Recommendation, Status, UserStats};

/// Milliseconds are the precision of SQLite's clock.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

const LIST: Dialect = Dialect {
    columns: "id, session_id, mood_prompt, status, track_count, created_at, updated_at, \
              CAST(playlist_data->>'name' AS TEXT) AS name, \
              CAST(playlist_data->>'spotify_url' AS TEXT) AS spotify_url, \
              CAST(playlist_data->>'spotify_uri' AS TEXT) AS spotify_uri, \
              spotify_playlist_id, mood_analysis_data, color_primary, color_secondary, color_tertiary",
    name: "folded_name",
    holds: |n| format!("instr(search_text, ${n}) > 0"),
    is_none_of: |n| format!("status NOT IN (SELECT value FROM json_each(${n}))"),
};

/// Playlists in SQLite.
#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// In memory rows are kept for a day; in a file for good.
    memory: bool,
}

impl Sqlite {
    /// The row that a change did not find in a state that allows it, told to the caller.
    async fn refused(&self, session: Uuid) -> StoreError {
        let found = query_scalar::<_, String>("SELECT status FROM playlists WHERE session_id = $1")
            .bind(session)
            .fetch_optional(&self.readers)
            .await;
        match found {
            Ok(Some(name)) => row::status(&name).map_or_else(|error| error, StoreError::Passed),
            Ok(None) => StoreError::Absent,
            Err(error) => error.into(),
        }
    }

    /// A process without a file must not grow for ever.
    async fn forget_yesterday(&self) -> Result<(), StoreError> {
        query("DELETE FROM playlists WHERE created_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')")
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// A time as it stands in a row.
fn as_kept(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The only row of a change. All rows are awaited: a change is seen by others when its statement
/// has ended, not when its row has come.
fn only(rows: Vec<Whole>) -> Result<Option<Playlist>, StoreError> {
    rows.into_iter().next().map(Playlist::try_from).transpose()
}

#[async_trait]
impl Store for Sqlite {
    async fn begin(&self, run: &NewRun) -> Result<Playlist, StoreError> {
        if self.memory {
            self.forget_yesterday().await?;
        }
        let prompt = fold::text(&run.mood_prompt);
        let folded = fold::fold(&prompt);
        let sql = format!(
            "INSERT INTO playlists (session_id, user_id, mood_prompt, request, metadata, current_step, \
                                    folded_prompt, folded_name) \
             VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6) RETURNING {WHOLE}"
        );
        let rows = query_as::<_, Whole>(AssertSqlSafe(sql))
            .bind(run.session_id)
            .bind(&run.user_id)
            .bind(&*prompt)
            .bind(Json(&*fold::json(&run.request)))
            .bind(Json(&*fold::json(&run.metadata)))
            .bind(folded)
            .fetch_all(&self.writer)
            .await?;
        only(rows)?.ok_or(StoreError::Absent)
    }

    async fn advance(&self, session: Uuid, status: Status, step: Option<&str>) -> Result<(), StoreError> {
        change::must_be_a_step(status)?;
        let sql = format!(
            "UPDATE playlists SET status = $2, current_step = coalesce($3, $2), updated_at = {NOW} \
             WHERE session_id = $1 AND status IN {}",
            change::before(status)
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(status.name())
            .bind(step.map(fold::text))
            .execute(&self.writer)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
    }

    async fn analysed(&self, session: Uuid, mood_analysis: &Value) -> Result<(), StoreError> {
        let mood = fold::json(mood_analysis);
        let colours = Colours::of(&mood);
        let sql = format!(
            "UPDATE playlists SET mood_analysis_data = $2, folded_mood = $3, color_primary = $4, \
                    color_secondary = $5, color_tertiary = $6, updated_at = {NOW} \
             WHERE session_id = $1 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(Json(&*mood))
            .bind(fold::fold_mood(&mood))
            .bind(colours.primary)
            .bind(colours.secondary)
            .bind(colours.tertiary)
            .execute(&self.writer)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
    }

    async fn complete(&self, session: Uuid, end: &Finished) -> Result<Playlist, StoreError> {
        let completion = Completion::of(end)?;
        let colours = completion.colours();
        let sql = format!(
            "UPDATE playlists SET status = 'completed', current_step = 'completed', error_message = NULL, \
                    recommendations_data = $2, mood_analysis_data = $3, playlist_data = $4, metadata = $5, \
                    track_count = $6, duration_ms = $7, color_primary = $8, color_secondary = $9, \
                    color_tertiary = $10, spotify_playlist_id = $11, \
                    folded_name = coalesce($12, folded_prompt), folded_mood = $13, folded_tracks = $14, \
                    updated_at = {NOW}, completed_at = {NOW} \
             WHERE session_id = $1 AND status IN {} RETURNING {WHOLE}",
            change::under_way()
        );
        let rows = query_as::<_, Whole>(AssertSqlSafe(sql))
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
            .bind(completion.name().map(fold::fold))
            .bind(fold::fold_mood(&completion.mood))
            .bind(fold::fold_tracks(&end.recommendations))
            .fetch_all(&self.writer)
            .await?;
        match only(rows)? {
            Some(playlist) => Ok(playlist),
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
        let sql = format!(
            "UPDATE playlists SET status = $2, current_step = $2, error_message = $3, metadata = $4, \
                    updated_at = {NOW}, completed_at = {NOW} \
             WHERE session_id = $1 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(status.name())
            .bind(fold::text(reason))
            .bind(Json(&*fold::json(metadata)))
            .execute(&self.writer)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(self.refused(session).await) }
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
                    folded_tracks = $6, updated_at = {NOW} \
             WHERE session_id = $1 AND user_id = $2 AND updated_at = $7 \
                AND status = 'completed' AND deleted_at IS NULL \
             RETURNING {WHOLE}"
        );
        let rows = query_as::<_, Whole>(AssertSqlSafe(sql))
            .bind(session)
            .bind(user)
            .bind(Json(change::as_json(list)?))
            .bind(measure.tracks)
            .bind(measure.duration_ms)
            .bind(fold::fold_tracks(list))
            .bind(as_kept(seen))
            .fetch_all(&self.writer)
            .await?;
        if let Some(playlist) = only(rows)? {
            return Ok(playlist);
        }
        let held = self.by_session(session).await?;
        Err(change::not_edited(&held, user))
    }

    async fn by_session(&self, session: Uuid) -> Result<Playlist, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE session_id = $1 AND deleted_at IS NULL");
        let found = query_as::<_, Whole>(AssertSqlSafe(sql)).bind(session).fetch_optional(&self.readers);
        found.await?.ok_or(StoreError::Absent)?.try_into()
    }

    async fn by_id(&self, id: i64) -> Result<Playlist, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE id = $1 AND deleted_at IS NULL");
        let found = query_as::<_, Whole>(AssertSqlSafe(sql)).bind(id).fetch_optional(&self.readers);
        found.await?.ok_or(StoreError::Absent)?.try_into()
    }

    async fn list(&self, list: &ListQuery) -> Result<ListPage, StoreError> {
        let statements = LIST.statements(list);
        let mut page = query_as::<_, Summary>(AssertSqlSafe(statements.page)).bind(&list.user_id);
        let mut count = query_scalar::<_, i64>(AssertSqlSafe(statements.count)).bind(&list.user_id);
        if let Some(text) = list.text() {
            let folded = fold::fold(&fold::text(text));
            page = page.bind(folded.clone());
            count = count.bind(folded);
        }
        if !list.exclude_statuses.is_empty() {
            page = page.bind(Json(list.excluded()));
            count = count.bind(Json(list.excluded()));
        }
        let total = count.fetch_one(&self.readers).await?;
        let rows = page.bind(list.rows()).bind(i64::from(list.offset)).fetch_all(&self.readers).await?;
        Ok(ListPage { playlists: row::all(rows)?, total })
    }

    async fn delete(&self, user: &str, id: i64) -> Result<Uuid, StoreError> {
        let under_way = change::under_way();
        let sql = format!(
            "UPDATE playlists SET deleted_at = {NOW}, updated_at = {NOW}, \
                    completed_at = coalesce(completed_at, {NOW}), \
                    current_step = iif(status IN {under_way}, 'cancelled', current_step), \
                    status = iif(status IN {under_way}, 'cancelled', status) \
             WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL RETURNING session_id"
        );
        let sessions = query_scalar(AssertSqlSafe(sql)).bind(id).bind(user).fetch_all(&self.writer).await?;
        sessions.into_iter().next().ok_or(StoreError::Absent)
    }

    async fn user_stats(&self, user: &str) -> Result<UserStats, StoreError> {
        let (total_playlists, saved_playlists, completed_playlists, total_tracks) = query_as(
            "SELECT count(*), count(spotify_playlist_id), count(*) FILTER (WHERE status = 'completed'), \
                    coalesce(sum(track_count), 0) \
             FROM playlists WHERE user_id = $1 AND deleted_at IS NULL",
        )
        .bind(user)
        .fetch_one(&self.readers)
        .await?;
        Ok(UserStats { total_playlists, saved_playlists, completed_playlists, total_tracks })
    }

    async fn public_stats(&self) -> Result<PublicStats, StoreError> {
        let (total_users, total_playlists, completed_playlists) = query_as(
            "SELECT count(DISTINCT user_id), count(*), count(*) FILTER (WHERE status = 'completed') \
             FROM playlists WHERE deleted_at IS NULL",
        )
        .fetch_one(&self.readers)
        .await?;
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
        .fetch_all(&self.readers)
        .await?;
        Ok(emotions)
    }

    async fn holding_track(&self, user: &str, track_id: &str) -> Result<Vec<Uuid>, StoreError> {
        let sessions = query_scalar(
            "SELECT session_id FROM playlists WHERE user_id = $1 AND deleted_at IS NULL AND EXISTS ( \
                SELECT 1 FROM json_each(recommendations_data) AS track \
                WHERE track.value->>'track_id' = $2) \
             ORDER BY created_at DESC, id DESC",
        )
        .bind(user)
        .bind(track_id)
        .fetch_all(&self.readers)
        .await?;
        Ok(sessions)
    }

    async fn unfinished(&self) -> Result<Vec<Playlist>, StoreError> {
        let sql = format!(
            "SELECT {WHOLE} FROM playlists \
             WHERE status NOT IN ('completed', 'failed', 'cancelled') AND deleted_at IS NULL \
             ORDER BY created_at, id"
        );
        row::all(query_as::<_, Whole>(AssertSqlSafe(sql)).fetch_all(&self.readers).await?)
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(query_scalar(AssertSqlSafe(format!("SELECT {NOW}"))).fetch_one(&self.readers).await?)
    }

    async fn claim(&self, session: Uuid, seen: DateTime<Utc>, owner: &str) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE playlists SET metadata = json_set(metadata, '$.owner', $3), updated_at = {NOW} \
             WHERE session_id = $1 AND updated_at = $2 AND status IN {}",
            change::under_way()
        );
        let done = query(AssertSqlSafe(sql))
            .bind(session)
            .bind(as_kept(seen))
            .bind(owner)
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn recent(&self, limit: u32) -> Result<Vec<Playlist>, StoreError> {
        let sql = format!("SELECT {WHOLE} FROM playlists WHERE deleted_at IS NULL ORDER BY id DESC LIMIT $1");
        let rows = query_as::<_, Whole>(AssertSqlSafe(sql)).bind(limit.min(50)).fetch_all(&self.readers);
        row::all(rows.await?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    fn connections(&self) -> Option<Connections> {
        let [writer, readers] =
            [&self.writer, &self.readers].map(|pool| Connections::of(pool.size(), pool.num_idle()));
        Some(Connections { in_use: writer.in_use + readers.in_use, idle: writer.idle + readers.idle })
    }

    fn engine(&self) -> &'static str {
        if self.memory { "memory" } else { "sqlite" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::within_a_day("-23 hours", true)]
    #[case::a_day_later("-25 hours", false)]
    #[tokio::test]
    async fn memory_holds_a_run_for_a_day(#[case] age: &str, #[case] held: bool) {
        let store = Sqlite::memory().await.unwrap();
        let run = |user: &str| NewRun {
            session_id: Uuid::new_v4(),
            user_id: user.into(),
            mood_prompt: "calm".into(),
            request: Value::Null,
            metadata: Value::Null,
        };
        let old = store.begin(&run("ann")).await.unwrap();
        query("UPDATE playlists SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $1)")
            .bind(age)
            .execute(&store.writer)
            .await
            .unwrap();

        store.begin(&run("bob")).await.unwrap();

        assert_eq!(store.by_id(old.id).await.is_ok(), held);
    }
}
