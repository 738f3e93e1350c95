use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use uuid::Uuid;

use super::super::{CallError, Catalogue, Draw, FeatureRow, Page};
use super::script::{Call, Method, Script};
use super::world::World;
use crate::model::{Artist, Feature, Features, Track, TrackId};

const PAGE: usize = 50;

/// See the module. All methods take `&self`: keep it in an `Arc`, hand a clone to the code under
/// test, and look at [`Fake::calls`] afterwards.
#[derive(Debug)]
pub(crate) struct Fake {
    world: World,
    script: Mutex<Script>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), script: Mutex::default() }
    }

    /// No track has features.
    pub(crate) fn without_features() -> Self {
        let mut fake = Self::new();
        fake.world.features.fill(None);
        fake
    }

    /// No track, no artist: nothing is ever found.
    pub(crate) fn empty() -> Self {
        let world = World { artists: Vec::new(), tracks: Vec::new(), features: Vec::new() };
        Self { world, script: Mutex::default() }
    }

    /// All tracks; `n` is by artist `n / TRACKS_EACH`.
    pub(crate) fn all_tracks(&self) -> &[Track] {
        &self.world.tracks
    }

    pub(crate) fn all_artists(&self) -> &[Artist] {
        &self.world.artists
    }

    /// What is really known of a track, without popularity.
    pub(crate) fn features_of(&self, id: Uuid) -> Option<Features> {
        self.world.features.iter().flatten().find(|row| row.id == id).map(|row| row.features)
    }

    /// Every call until now, in the order they began.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script().calls.clone()
    }

    pub(crate) fn count(&self, method: Method) -> usize {
        self.script().calls.iter().filter(|call| call.method() == method).count()
    }

    /// What the real client would have sent: lists in batches of 40.
    pub(crate) fn requests(&self) -> usize {
        self.script().calls.iter().map(Call::requests).sum()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.script().most_at_once
    }

    pub(crate) fn forget_calls(&self) {
        self.script().calls.clear();
    }

    /// From now on every call of `method` fails.
    pub(crate) fn fail(&self, method: Method, error: CallError) {
        self.script().fail(method, error);
    }

    pub(crate) fn fail_all(&self, error: &CallError) {
        Method::ALL.into_iter().for_each(|method| self.fail(method, error.clone()));
    }

    /// The next call of `method` that has no outcome yet: `None` succeeds. May be said repeatedly.
    pub(crate) fn next(&self, method: Method, outcome: Option<CallError>) {
        self.script().next(method, outcome);
    }

    /// From now on every call of `method` takes so long, in tokio's time.
    pub(crate) fn delay(&self, method: Method, by: Duration) {
        self.script().delay(method, by);
    }

    pub(crate) fn delay_all(&self, by: Duration) {
        Method::ALL.into_iter().for_each(|method| self.delay(method, by));
    }

    /// No more failures and delays.
    pub(crate) fn heal(&self) {
        self.script().heal();
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn begin(&self, call: Call) -> Result<(), CallError> {
        /// Also when the call is dropped in the middle.
        struct Under<'f>(&'f Fake);
        impl Drop for Under<'_> {
            fn drop(&mut self) {
                self.0.script().at_once -= 1;
            }
        }
        let (delay, outcome) = self.script().begin(call);
        let _under = Under(self);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        outcome
    }

    fn number(&self, id: &TrackId) -> Option<usize> {
        self.world.tracks.iter().position(|track| names(id, track.id, track.spotify.as_ref()))
    }

    /// Mean features of the known seeds; `None` when none of them is known.
    fn taste(&self, seeds: &[TrackId]) -> Option<Features> {
        let known: Vec<usize> = seeds.iter().filter_map(|id| self.number(id)).collect();
        if known.is_empty() {
            return None;
        }
        let rows: Vec<_> = known.iter().filter_map(|n| self.world.features[*n].as_ref()).collect();
        let mean = |feature| {
            let values: Vec<f64> = rows.iter().filter_map(|row| row.features[feature]).collect();
            let count = f64::from(u32::try_from(values.len()).expect("at most 5"));
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
        };
        Some(Features::from_fn(mean))
    }

    fn distance(&self, n: usize, taste: &Features, draw: &Draw) -> f64 {
        let own = self.world.features[n].as_ref().map_or_else(Features::default, |row| row.features);
        let popularity = self.world.tracks[n].popularity.map(f64::from);
        let value = |feature| if feature == Feature::Popularity { popularity } else { own[feature] };
        let gap = |(feature, wanted): (Feature, f64)| {
            let span = feature.limits().span();
            value(feature).map_or(0.5, |value| (value - wanted).abs() / span)
        };
        taste.known().chain(draw.targets.known()).map(gap).sum()
    }
}

#[async_trait]
impl Catalogue for Fake {
    async fn tracks(&self, ids: &[TrackId]) -> Result<Vec<Track>, CallError> {
        self.begin(Call::Tracks(ids.to_vec())).await?;
        Ok(chosen(&self.world.tracks, ids, |track| (track.id, track.spotify.as_ref())))
    }

    async fn features(&self, ids: &[TrackId]) -> Result<Vec<FeatureRow>, CallError> {
        self.begin(Call::Features(ids.to_vec())).await?;
        let rows: Vec<FeatureRow> = self.world.features.iter().flatten().cloned().collect();
        Ok(chosen(&rows, ids, |row| (row.id, row.spotify.as_ref())))
    }

    async fn artists(&self, ids: &[TrackId]) -> Result<Vec<Artist>, CallError> {
        self.begin(Call::Artists(ids.to_vec())).await?;
        Ok(chosen(&self.world.artists, ids, |artist| (artist.id, artist.spotify.as_ref())))
    }

    async fn search_tracks(&self, text: &str, page: u32) -> Result<Page<Track>, CallError> {
        self.begin(Call::SearchTracks { text: text.to_owned(), page }).await?;
        if text.chars().count() < 3 {
            return Err(refused("size must be between 3 and 1000"));
        }
        Ok(paged(containing(&self.world.tracks, text, |track| &track.title), page))
    }

    async fn search_artists(&self, text: &str, page: u32) -> Result<Page<Artist>, CallError> {
        self.begin(Call::SearchArtists { text: text.to_owned(), page }).await?;
        Ok(paged(containing(&self.world.artists, text, |artist| &artist.name), page))
    }

    async fn artist_tracks(&self, artist: Uuid, page: u32) -> Result<Page<Track>, CallError> {
        self.begin(Call::ArtistTracks { artist, page }).await?;
        if !self.world.artists.iter().any(|known| known.id == artist) {
            return Err(CallError::Refused { status: 404, message: "unknown artist".into() });
        }
        let by = |track: &&Track| track.artists.iter().any(|name| name.id == artist);
        let mut rows: Vec<Track> = self.world.tracks.iter().filter(by).cloned().collect();
        rows.sort_by_key(|track| track.spotify.as_ref().map(|id| id.as_str().to_lowercase()));
        Ok(paged(rows, page))
    }

    async fn recommend(&self, draw: &Draw) -> Result<Vec<Track>, CallError> {
        self.begin(Call::Recommend(Box::new(draw.clone()))).await?;
        if draw.seeds.is_empty() || draw.seeds.len() > 5 {
            return Err(refused("seeds: size must be between 1 and 5"));
        }
        if draw.negatives.len() >= draw.seeds.len() {
            return Err(refused("negativeSeeds must be fewer than seeds"));
        }
        if draw.negatives.iter().any(|id| draw.seeds.contains(id)) {
            return Err(refused("negativeSeeds must not contain seeds"));
        }
        if !(1..=100).contains(&draw.size) {
            return Err(refused("size must be between 1 and 100"));
        }
        let taste = self.taste(&draw.seeds);
        let taste = taste.ok_or_else(|| refused("Cannot find any track for given seed ids"))?;
        let given: HashSet<usize> =
            draw.seeds.iter().chain(&draw.negatives).filter_map(|id| self.number(id)).collect();
        let far: HashMap<usize, f64> = (0..self.world.tracks.len())
            .filter(|n| !given.contains(n))
            .map(|n| (n, self.distance(n, &taste, draw)))
            .collect();
        let mut order: Vec<usize> = far.keys().copied().collect();
        order.sort_by(|one, other| far[one].total_cmp(&far[other]).then(one.cmp(other)));
        let skip = if draw.fresh {
            let mut script = self.script();
            script.fresh_draws += 1;
            script.fresh_draws * usize::from(draw.size)
        } else {
            0
        };
        let rows = order.into_iter().skip(skip).take(draw.size.into());
        Ok(rows.map(|n| self.world.tracks[n].clone()).collect())
    }
}

fn refused(message: &str) -> CallError {
    CallError::Refused { status: 400, message: message.into() }
}

fn names(id: &TrackId, uuid: Uuid, spotify: Option<&crate::model::SpotifyId>) -> bool {
    match id {
        TrackId::Uuid(id) => *id == uuid,
        TrackId::Spotify(id) => Some(id) == spotify,
    }
}

/// In the order of the catalogue, not of the ids: nobody may rely on that.
fn chosen<T: Clone>(
    rows: &[T],
    ids: &[TrackId],
    of: impl Fn(&T) -> (Uuid, Option<&crate::model::SpotifyId>),
) -> Vec<T> {
    let asked = |row: &&T| {
        let (uuid, spotify) = of(row);
        ids.iter().any(|id| names(id, uuid, spotify))
    };
    rows.iter().filter(asked).cloned().collect()
}

fn containing<T: Clone>(rows: &[T], text: &str, of: impl Fn(&T) -> &str) -> Vec<T> {
    let text = text.to_lowercase();
    rows.iter().filter(|row| of(row).to_lowercase().contains(&text)).cloned().collect()
}

fn paged<T: Clone>(rows: Vec<T>, page: u32) -> Page<T> {
    let total_pages = u32::try_from(rows.len().div_ceil(PAGE)).expect("few pages");
    let skip = PAGE * usize::try_from(page).expect("small");
    Page { rows: rows.into_iter().skip(skip).take(PAGE).collect(), page, total_pages }
}
