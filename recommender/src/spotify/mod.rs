//! Top tracks and artists from Spotify, optional.
