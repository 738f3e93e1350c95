//! Reads what the next run of a user will ask for, so that the proxy knows it by then.
//!
//! Nobody waits for it and nothing depends on it: it goes through the lowest lane, call after call, one
//! user's at a time, and an error costs a line in the log. What a caller asks for goes before what was
//! begun by itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::model::{Recommendation, TopArtist, TopTrack, TrackId};
use crate::recobeat::{CallError, Catalogue};

/// Read of one user.
const TRACKS: usize = 20;
const ARTISTS: usize = 15;

/// Users whose reading is under way or waits.
const USERS: usize = 200;

/// Read at once, over all users.
const AT_ONCE: usize = 2;

/// For one user; the lowest lane may wait long.
const LIMIT: Duration = Duration::from_secs(600);

/// Cheap to clone.
#[derive(Clone)]
pub struct Prefetch(Arc<Reader>);

struct Reader {
    /// Asks in the lowest lane.
    catalogue: Arc<dyn Catalogue>,
    users: Mutex<HashMap<String, Begun>>,
    places: Semaphore,
}

/// A reading under way.
struct Begun {
    /// A caller has asked for it.
    asked: bool,
    end: CancellationToken,
}

/// What is to be read.
enum Wanted {
    /// Tracks, their features; artists, and the first page of each one's tracks.
    Taste { tracks: Vec<TopTrack>, artists: Vec<TopArtist> },
    /// Tracks, their features, their artists.
    List(Vec<TrackId>),
}

impl Prefetch {
    /// `catalogue` asks in the lowest lane.
    pub fn new(catalogue: Arc<dyn Catalogue>) -> Self {
        Self(Arc::new(Reader { catalogue, users: Mutex::default(), places: Semaphore::new(AT_ONCE) }))
    }

    /// Begins in the background, in place of one that nobody asked for; false when one of this user is
    /// under way that was asked for, or too many are.
    pub fn begin(&self, user: &str, mut tracks: Vec<TopTrack>, mut artists: Vec<TopArtist>) -> bool {
        tracks.truncate(TRACKS);
        artists.truncate(ARTISTS);
        self.read(user, true, Wanted::Taste { tracks, artists })
    }

    /// For the tracks of a finished list; false when anything of this user is under way.
    pub fn after(&self, user: &str, list: &[Recommendation]) -> bool {
        self.read(user, false, Wanted::List(list.iter().map(|track| track.reccobeat_id.into()).collect()))
    }

    fn read(&self, user: &str, asked: bool, wanted: Wanted) -> bool {
        let Some(entry) = Entry::of(&self.0, user, asked) else { return false };
        tokio::spawn(async move {
            let reader = &entry.reader;
            let reading = async {
                let _place = reader.places.acquire().await.expect("the semaphore is never closed");
                timeout(LIMIT, reader.fetch(wanted)).await
            };
            if let Some(Err(_)) = entry.end.run_until_cancelled(reading).await {
                tracing::info!("a prefetch was given up");
            }
        });
        true
    }
}

/// A user among those whose reading is under way; not any more when it is dropped, unless another one
/// has taken its place.
struct Entry {
    reader: Arc<Reader>,
    user: String,
    end: CancellationToken,
}

impl Entry {
    fn of(reader: &Arc<Reader>, user: &str, asked: bool) -> Option<Self> {
        let mut users = reader.users();
        match users.get(user) {
            Some(begun) if begun.asked || !asked => return None,
            Some(begun) => begun.end.cancel(),
            None if users.len() >= USERS => return None,
            None => {}
        }
        let end = CancellationToken::new();
        users.insert(user.to_owned(), Begun { asked, end: end.clone() });
        Some(Self { reader: reader.clone(), user: user.to_owned(), end })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.end.is_cancelled() {
            self.reader.users().remove(&self.user);
        }
    }
}

impl Reader {
    async fn fetch(&self, wanted: Wanted) {
        match wanted {
            Wanted::Taste { tracks, artists } => {
                let ids: Vec<TrackId> = tracks.into_iter().map(|track| track.id).collect();
                self.tracks(&ids).await;
                for artist in self.artists(artists).await {
                    told(self.catalogue.artist_tracks(artist, 0).await);
                }
            }
            Wanted::List(ids) => {
                let artists = self.tracks(&ids).await;
                if !artists.is_empty() {
                    told(self.catalogue.artists(&artists).await);
                }
            }
        }
    }

    /// Rows and features; the artists of the rows, each once.
    async fn tracks(&self, ids: &[TrackId]) -> Vec<TrackId> {
        if ids.is_empty() {
            return Vec::new();
        }
        let rows = told(self.catalogue.tracks(ids).await).unwrap_or_default();
        told(self.catalogue.features(ids).await);
        let mut seen = HashSet::new();
        let artists = rows.into_iter().flat_map(|row| row.artists).map(|artist| artist.id);
        artists.filter(|id| seen.insert(*id)).map(TrackId::Uuid).collect()
    }

    /// The UUIDs of artists, by id in one call, by name in one search each.
    async fn artists(&self, artists: Vec<TopArtist>) -> Vec<Uuid> {
        let ids: Vec<TrackId> = artists.iter().filter_map(|artist| artist.id.clone()).collect();
        let mut found = Vec::new();
        if !ids.is_empty() {
            let rows = told(self.catalogue.artists(&ids).await).unwrap_or_default();
            found.extend(rows.into_iter().map(|row| row.id));
        }
        for artist in artists.iter().filter(|artist| artist.id.is_none()) {
            let rows = told(self.catalogue.search_artists(&artist.name, 0).await);
            let name = artist.name.to_lowercase();
            let same =
                rows.into_iter().flat_map(|page| page.rows).find(|row| row.name.to_lowercase() == name);
            found.extend(same.map(|row| row.id));
        }
        found
    }

    fn users(&self) -> MutexGuard<'_, HashMap<String, Begun>> {
        self.users.lock().expect("no panic while it is held")
    }
}

fn told<T>(answer: Result<T, CallError>) -> Option<T> {
    answer.inspect_err(|error| tracing::info!(%error, "a prefetch lacks something")).ok()
}
