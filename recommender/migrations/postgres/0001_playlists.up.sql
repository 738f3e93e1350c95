-- One row per run, from its start on. The indexes are in indexes.sql: they are built outside of
-- migrations, so that a filled table stays writable meanwhile.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Titles and artists as people read them, a line each. The text of the JSON would not do: a quote
-- in a title is escaped there, and brackets and commas would be found in every list.
CREATE FUNCTION playlist_words(list jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT coalesce(string_agg(words.word #>> '{}', E'\n'), '')
  FROM (
    SELECT jsonb_path_query(list, '$[*].track_name')
    UNION ALL
    SELECT jsonb_path_query(list, '$[*].artists[*]')
  ) AS words (word)
$$;

CREATE TABLE playlists (
  id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id              text        NOT NULL,
  session_id           uuid        NOT NULL UNIQUE,
  spotify_playlist_id  text,
  mood_prompt          text        NOT NULL,
  status               text        NOT NULL DEFAULT 'pending' CHECK (status IN (
    'pending', 'analyzing_mood', 'gathering_seeds', 'generating_recommendations', 'evaluating_quality',
    'optimizing_recommendations', 'awaiting_user_input', 'processing_edits', 'creating_playlist',
    'completed', 'failed', 'cancelled')),
  current_step         text,
  error_message        text,
  request              jsonb       NOT NULL DEFAULT '{}',
  playlist_data        jsonb       NOT NULL DEFAULT '{}',
  recommendations_data jsonb       NOT NULL DEFAULT '[]',
  mood_analysis_data   jsonb       NOT NULL DEFAULT '{}',
  metadata             jsonb       NOT NULL DEFAULT '{}',
  track_count          integer     NOT NULL DEFAULT 0,
  duration_ms          bigint      NOT NULL DEFAULT 0,
  color_primary        text,
  color_secondary      text,
  color_tertiary       text,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  completed_at         timestamptz,
  deleted_at           timestamptz,
  search_text          text GENERATED ALWAYS AS (lower(
    mood_prompt
    || E'\n' || coalesce(playlist_data->>'name', '')
    || E'\n' || coalesce(mood_analysis_data->>'primary_emotion', '')
    || E'\n' || coalesce(mood_analysis_data->>'energy_level', '')
    || E'\n' || status
    || E'\n' || playlist_words(recommendations_data))) STORED,
  CONSTRAINT a_completed_list_has_tracks CHECK (status <> 'completed' OR track_count > 0)
);
