-- One row per run, from its start on. Small columns first: a row's long JSON is kept on pages of
-- its own, and a list or a search never reads those.

CREATE TABLE playlists (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id              TEXT    NOT NULL,
  session_id           BLOB    NOT NULL UNIQUE CHECK (length(session_id) = 16),
  spotify_playlist_id  TEXT,
  mood_prompt          TEXT    NOT NULL,
  status               TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN (
    'pending', 'analyzing_mood', 'gathering_seeds', 'generating_recommendations', 'evaluating_quality',
    'optimizing_recommendations', 'awaiting_user_input', 'processing_edits', 'creating_playlist',
    'completed', 'failed', 'cancelled')),
  current_step         TEXT,
  error_message        TEXT,
  track_count          INTEGER NOT NULL DEFAULT 0,
  duration_ms          INTEGER NOT NULL DEFAULT 0,
  color_primary        TEXT,
  color_secondary      TEXT,
  color_tertiary       TEXT,
  created_at           TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at           TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  completed_at         TEXT,
  deleted_at           TEXT,
  -- Lower case, by the service: SQLite's lower() knows the letters of ASCII only.
  folded_prompt        TEXT    NOT NULL,
  folded_name          TEXT    NOT NULL,
  folded_mood          TEXT    NOT NULL DEFAULT '',
  folded_tracks        TEXT    NOT NULL DEFAULT '',
  search_text          TEXT GENERATED ALWAYS AS (
    folded_prompt || char(10) || folded_name || char(10) || folded_mood || char(10) || status
    || char(10) || folded_tracks) VIRTUAL,
  mood_analysis_data   TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(mood_analysis_data)),
  playlist_data        TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(playlist_data)),
  metadata             TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  request              TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(request)),
  recommendations_data TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(recommendations_data)),
  CONSTRAINT a_completed_list_has_tracks CHECK (status <> 'completed' OR track_count > 0)
) STRICT;

CREATE INDEX ix_playlists_user_created ON playlists
  (user_id, created_at DESC, id DESC, status, track_count, spotify_playlist_id) WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_user_tracks ON playlists (user_id, track_count DESC, created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_user_name ON playlists (user_id, folded_name, created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_unfinished ON playlists (created_at, id)
  WHERE status NOT IN ('completed', 'failed', 'cancelled') AND deleted_at IS NULL;
CREATE INDEX ix_mood_analysis_primary_emotion ON playlists
  (user_id, mood_analysis_data->>'primary_emotion') WHERE deleted_at IS NULL;
