//! A PostgreSQL table of playlists as a busy service has it, made by the server itself.
//!
//! 2,000 users, of whom the first have thousands of lists and most have a few; words from
//! common to unique. No draw: the n-th row is always the same.

use super::postgres::Database;
use recobeat_recommender::store::Postgres;
use serde_json::Value;
use sqlx::query_scalar;

pub(crate) const USERS: usize = 2_000;

/// In every second list.
pub(crate) const FREQUENT: &str = "love";
/// In one list of some thousands.
pub(crate) const RARE: &str = "quixotic";

/// Fills a table without its indexes, as an import does, and builds them afterwards.
pub(crate) async fn filled(database: &Database, rows: usize, tracks: usize) -> Postgres {
    let store = Postgres::open(&database.url).await.expect("the store opens");
    drop_indexes(database).await;
    fill(database, rows, tracks).await;
    store.build_indexes().await.expect("the indexes are built");
    // The lists of entries that a build leaves pending are put into place, and counts are taken.
    database.execute("VACUUM ANALYZE playlists").await;
    store
}

pub(crate) async fn drop_indexes(database: &Database) {
    let names = "SELECT indexrelid::regclass::text FROM pg_index \
                 WHERE indrelid = 'playlists'::regclass AND indexrelid::regclass::text LIKE 'ix\\_%'";
    let names: Vec<String> =
        query_scalar(names).fetch_all(&mut database.connection().await).await.expect("names of indexes");
    for name in names {
        database.execute(format!("DROP INDEX CONCURRENTLY {name}")).await;
    }
}

/// So many lists of so many tracks.
pub(crate) async fn fill(database: &Database, rows: usize, tracks: usize) {
    let sql = FILL.replace("$ROWS", &rows.to_string()).replace("$TRACKS", &tracks.to_string());
    database.execute(sql).await;
}

/// The user with so many users before them: the smaller, the more lists.
pub(crate) fn user(n: usize) -> String {
    format!("user-{n}")
}

/// The functions are the session's own, and go with it.
const FILL: &str = r"
CREATE FUNCTION pg_temp.part(n bigint, salt int, most int) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT (abs(hashint8extended(n, salt)) % most)::int $$;
CREATE FUNCTION pg_temp.word(n bigint, salt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT (ARRAY['love', 'night', 'paper', 'glass', 'harbour', 'silver', 'winter', 'garden', 'static',
    'lantern', 'velvet', 'copper', 'signal', 'meadow', 'thunder', 'mirror', 'ocean', 'ember', 'willow',
    'marble', 'neon', 'hollow', 'summer', 'cedar', 'orbit', 'crystal', 'shadow', 'river', 'canyon',
    'feather', 'granite', 'honey'])[1 + pg_temp.part(n, salt, 32)]
    || ' ' || substr(md5(pg_temp.part(n, salt + 1, 5000)::text), 1, 6) $$;
INSERT INTO playlists (user_id, session_id, mood_prompt, status, playlist_data, recommendations_data,
  mood_analysis_data, track_count, duration_ms, spotify_playlist_id, created_at, updated_at, deleted_at)
SELECT
  'user-' || floor(2000 * power(pg_temp.part(n, 1, 1000000) / 1000000.0, 2)),
  gen_random_uuid(),
  'a ' || pg_temp.word(n, 2) || ' evening' || CASE WHEN pg_temp.part(n, 4, 4000) = 0 THEN ' quixotic' ELSE '' END,
  (ARRAY['completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
         'failed', 'cancelled', 'completed'])[1 + pg_temp.part(n, 5, 10)],
  CASE WHEN pg_temp.part(n, 6, 3) = 0
    THEN jsonb_build_object('name', initcap(pg_temp.word(n, 7)), 'spotify_playlist_id', md5(n::text))
    ELSE jsonb_build_object('name', initcap(pg_temp.word(n, 7))) END,
  (SELECT jsonb_agg(jsonb_build_object(
      'track_id', lpad(pg_temp.part(n * 20 + k, 8, 20000)::text, 22, '0'),
      'track_name', initcap(pg_temp.word(pg_temp.part(n * 20 + k, 8, 20000), 9)),
      'artists', jsonb_build_array(initcap(pg_temp.word(pg_temp.part(n * 20 + k, 8, 20000) % 2000, 11))),
      'confidence_score', pg_temp.part(n * 20 + k, 13, 1000) / 1000.0,
      'audio_features', jsonb_build_object('energy', pg_temp.part(n * 20 + k, 14, 1000) / 1000.0)))
    FROM generate_series(1, $TRACKS) AS k),
  jsonb_build_object(
    'primary_emotion', (ARRAY['positive', 'neutral', 'negative', 'serene', 'longing'])[1 + pg_temp.part(n, 15, 5)],
    'energy_level', (ARRAY['low', 'medium', 'high'])[1 + pg_temp.part(n, 16, 3)]),
  1 + pg_temp.part(n, 17, 30), 4000000 + pg_temp.part(n, 18, 500000),
  CASE WHEN pg_temp.part(n, 6, 3) = 0 THEN md5(n::text) END,
  timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute',
  CASE WHEN pg_temp.part(n, 19, 20) = 0 THEN now() END
FROM generate_series(1, $ROWS) AS n
";

/// The indexes that a plan reads, and what it does where none helps (`Seq Scan`).
pub(crate) fn reads(plan: &Value) -> Vec<String> {
    let mut reads = Vec::new();
    walk(plan, &mut reads);
    reads
}

fn walk(value: &Value, reads: &mut Vec<String>) {
    match value {
        Value::Object(node) => {
            if let Some(name) = node.get("Index Name").and_then(Value::as_str) {
                reads.push(name.to_owned());
            }
            if node.get("Node Type").and_then(Value::as_str) == Some("Seq Scan") {
                reads.push("Seq Scan".to_owned());
            }
            node.values().for_each(|part| walk(part, reads));
        }
        Value::Array(list) => list.iter().for_each(|part| walk(part, reads)),
        _ => {}
    }
}
