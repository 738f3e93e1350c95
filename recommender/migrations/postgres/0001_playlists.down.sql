-- The extensions stay: others may use them.
DROP TABLE IF EXISTS playlists;
DROP FUNCTION IF EXISTS playlist_words(jsonb);
