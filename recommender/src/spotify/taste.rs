//! Fills what a request leaves open about its user: top tracks and top artists, half an hour old at
//! most. What the request carries itself is never touched, and a failure is only noted.

use std::sync::Arc;

use super::{ARTISTS, RANGE, Source, SpotifyError, TRACKS, Token};
use crate::cache::{Cache, Category};
use crate::model::{ArtistBody, StartBody, TopArtist, TopTrack, TrackBody};

/// Reads a user's taste; without a source it fills nothing.
#[derive(Clone)]
pub struct Taste {
    source: Option<Arc<dyn Source>>,
    cache: Arc<Cache>,
}

impl Taste {
    pub fn new(source: Option<Arc<dyn Source>>, cache: Arc<Cache>) -> Self {
        Self { source, cache }
    }

    /// `body` with the top tracks and artists of `user` where it names none.
    pub async fn complete(&self, user: &str, token: Option<&Token>, mut body: StartBody) -> StartBody {
        let (Some(source), Some(token)) = (&self.source, token) else { return body };
        let (tracks, artists) = tokio::join!(
            async {
                if body.top_tracks.is_empty() {
                    self.tracks(source.as_ref(), user, token).await
                } else {
                    vec![]
                }
            },
            async {
                if body.top_artists.is_empty() {
                    self.artists(source.as_ref(), user, token).await
                } else {
                    vec![]
                }
            },
        );
        body.top_tracks.extend(tracks.into_iter().map(|track| TrackBody::from(track).fitting()));
        body.top_artists.extend(artists.into_iter().map(|artist| ArtistBody::from(artist).fitting()));
        body
    }

    async fn tracks(&self, source: &dyn Source, user: &str, token: &Token) -> Vec<TopTrack> {
        let key = key(user, TRACKS, token);
        if let Some(kept) = self.cache.get(Category::TopTracks, &key).await {
            return kept;
        }
        let tracks = noted(source.top_tracks(token).await);
        if !tracks.is_empty() {
            self.cache.put(Category::TopTracks, &key, &tracks).await;
        }
        tracks
    }

    async fn artists(&self, source: &dyn Source, user: &str, token: &Token) -> Vec<TopArtist> {
        let key = key(user, ARTISTS, token);
        if let Some(kept) = self.cache.get(Category::TopArtists, &key).await {
            return kept;
        }
        let artists = noted(source.top_artists(token).await);
        if !artists.is_empty() {
            self.cache.put(Category::TopArtists, &key, &artists).await;
        }
        artists
    }
}

fn noted<T>(result: Result<Vec<T>, SpotifyError>) -> Vec<T> {
    result.unwrap_or_else(|error| {
        tracing::warn!(%error, "the run goes on without the user's taste");
        Vec::new()
    })
}

/// What is kept is one user's, read with one token: another token may be another listener's.
fn key(user: &str, limit: usize, token: &Token) -> String {
    format!("{RANGE} {limit} {:032x} {user}", token.mark())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::model::SpotifyId;

    /// Counts what it is asked; knows one track with an overlong title, and no artists.
    struct Listener(AtomicUsize);

    #[async_trait]
    impl Source for Listener {
        async fn top_tracks(&self, _: &Token) -> Result<Vec<TopTrack>, SpotifyError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let id: SpotifyId = "2ZyXwVuTsRqPoNmLkJiHgF".parse().expect("an id");
            Ok(vec![TopTrack { name: format!("a\u{7}{}", "b".repeat(900)), ..TopTrack::from(id) }])
        }

        async fn top_artists(&self, _: &Token) -> Result<Vec<TopArtist>, SpotifyError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(SpotifyError::Expired)
        }

        async fn playlist_tracks(&self, _: &Token, _: &SpotifyId) -> Result<Vec<TopTrack>, SpotifyError> {
            Err(SpotifyError::Unknown)
        }
    }

    fn taste() -> (Arc<Listener>, Taste) {
        let listener = Arc::new(Listener(AtomicUsize::new(0)));
        (listener.clone(), Taste::new(Some(listener), Arc::new(Cache::memory(10))))
    }

    fn calm() -> StartBody {
        StartBody { mood_prompt: Some("calm".into()), ..StartBody::default() }
    }

    #[tokio::test]
    async fn what_is_open_is_filled_within_the_limits_of_a_request_and_failures_leave_it_open() {
        let (_, taste) = taste();
        let token = Token::parse("secret");
        let body = taste.complete("ann", token.as_ref(), calm()).await;
        assert_eq!((body.top_tracks.len(), body.top_artists.len()), (1, 0));
        assert_eq!(body.top_tracks[0].name.len(), 200);
        assert!(body.check().is_ok());
    }

    #[tokio::test]
    async fn a_second_request_of_the_user_asks_again_only_for_what_failed() {
        let (listener, taste) = taste();
        let token = Token::parse("secret");
        for asked in [2, 3] {
            taste.complete("ann", token.as_ref(), calm()).await;
            assert_eq!(listener.0.load(Ordering::Relaxed), asked);
        }
        taste.complete("bob", token.as_ref(), calm()).await;
        assert_eq!(listener.0.load(Ordering::Relaxed), 5);
        taste.complete("ann", Token::parse("another").as_ref(), calm()).await;
        assert_eq!(listener.0.load(Ordering::Relaxed), 7);
    }

    #[tokio::test]
    async fn nobody_is_asked_without_a_token_or_about_what_the_request_says() {
        let (listener, taste) = taste();
        assert_eq!(taste.complete("ann", None, calm()).await, calm());
        let said = StartBody {
            top_tracks: vec![TrackBody { id: "2ZyXwVuTsRqPoNmLkJiHgF".into(), ..TrackBody::default() }],
            top_artists: vec![ArtistBody { name: "Nova Ferry".into(), ..ArtistBody::default() }],
            ..calm()
        };
        assert_eq!(taste.complete("ann", Token::parse("secret").as_ref(), said.clone()).await, said);
        assert_eq!(listener.0.load(Ordering::Relaxed), 0);
    }
}
