-- Built one by one, CONCURRENTLY, after the migrations; undone by DROP INDEX CONCURRENTLY.

-- A user's list by date, tracks or name: filtered and sorted from one index; statistics by an
-- index-only scan. The id at the end makes pages stable.
CREATE INDEX ix_playlists_user_created ON playlists (user_id, created_at DESC, id DESC)
  INCLUDE (status, track_count, spotify_playlist_id) WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_user_status ON playlists (user_id, status, created_at DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_user_tracks ON playlists (user_id, track_count DESC, created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX ix_playlists_user_name ON playlists
  (user_id, lower(coalesce(playlist_data->>'name', mood_prompt)), created_at DESC, id DESC)
  WHERE deleted_at IS NULL;

-- Runs to take up again after a restart.
CREATE INDEX ix_playlists_unfinished ON playlists (created_at, id)
  WHERE status NOT IN ('completed', 'failed', 'cancelled') AND deleted_at IS NULL;

-- Containment (@>).
CREATE INDEX ix_playlist_data_gin ON playlists USING gin (playlist_data jsonb_path_ops);
CREATE INDEX ix_mood_analysis_data_gin ON playlists USING gin (mood_analysis_data jsonb_path_ops);
CREATE INDEX ix_recommendations_data_gin ON playlists USING gin (recommendations_data jsonb_path_ops);

-- Equality on one field.
CREATE INDEX ix_playlist_data_name ON playlists ((playlist_data->>'name'));
CREATE INDEX ix_mood_analysis_primary_emotion ON playlists
  (user_id, (mood_analysis_data->>'primary_emotion'), created_at DESC) WHERE deleted_at IS NULL;
CREATE INDEX ix_mood_analysis_energy_level ON playlists
  (user_id, (mood_analysis_data->>'energy_level'), created_at DESC) WHERE deleted_at IS NULL;

-- Substrings, of one user's rows.
CREATE INDEX ix_playlists_search_trgm ON playlists USING gin (user_id, search_text gin_trgm_ops)
  WHERE deleted_at IS NULL;
