//! Answers of earlier runs, used again.
//!
//! What is kept are rows, under everything that the question depends on. So an artifact can stand in
//! for an answer without a change of the result, and a part whose question has changed is simply not
//! found. Lists of seeds hang on the user and the mood, lists of artists on names, features and
//! tracks of artists on nothing. Recommendations are not kept: a caller may want a new draw.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::cache::{Cache, Category};
use crate::model::{Artist, Features, PerFeature, Track, TrackId};
use crate::recobeat::{Answer, Ask, CallError, Catalogue, FeatureRow};

/// Feature rows kept per user; past it only those of the last run stay.
const MOST_FEATURES: usize = 2_000;

/// The artifacts of one user, as one run uses them.
pub(super) struct Shelf {
    cache: Option<Arc<Cache>>,
    keys: Keys,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Keys {
    seeds: String,
    artists: String,
    features: String,
}

#[derive(Debug, Default)]
struct Parts {
    seeds: Part<String, KeptAnswer>,
    artists: Part<String, KeptAnswer>,
    features: Part<Uuid, Row>,
}

/// One artifact: what it held, and what this run used of it or added.
#[derive(Debug)]
struct Part<K, V> {
    held: BTreeMap<K, V>,
    used: BTreeMap<K, V>,
    grown: bool,
}

impl<K, V> Default for Part<K, V> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), used: BTreeMap::new(), grown: false }
    }
}

/// What stands in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Artifact<K: Ord, V> {
    rows: BTreeMap<K, V>,
    cached_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum KeptAnswer {
    Tracks { rows: Vec<Track>, total_pages: u32 },
    Artists { rows: Vec<Artist>, total_pages: u32 },
}

/// The bits of the twelve values: decimal text would not bring every number back as it was.
type Row = [Option<u64>; 12];

impl Shelf {
    /// Nothing is used again, nothing is kept.
    pub(super) fn none() -> Self {
        Self { cache: None, keys: Keys::default(), parts: Mutex::default() }
    }

    /// Artifacts of `user`. Seeds are those of runs with an equal `mood` fingerprint, lists of artists
    /// those of runs with equal `names`.
    pub(super) async fn open(cache: Arc<Cache>, user: &str, mood: &str, names: &str) -> Self {
        let keys = Keys {
            seeds: key(&["validated_seeds", user, mood]),
            artists: key(&["artist_lists", user, names]),
            features: key(&["audio_features", user]),
        };
        let parts = Parts {
            seeds: Part::read(&cache, &keys.seeds).await,
            artists: Part::read(&cache, &keys.artists).await,
            features: Part::read(&cache, &keys.features).await,
        };
        Self { cache: Some(cache), keys, parts: Mutex::new(parts) }
    }

    /// Keeps what this run has learned.
    pub(super) async fn close(&self) {
        let Some(cache) = &self.cache else { return };
        let parts = std::mem::take(&mut *self.parts());
        parts.seeds.write(cache, &self.keys.seeds, usize::MAX).await;
        parts.artists.write(cache, &self.keys.artists, usize::MAX).await;
        parts.features.write(cache, &self.keys.features, MOST_FEATURES).await;
    }

    /// The answer, from the shelf as far as it goes.
    pub(super) async fn answer(&self, ask: &Ask, catalogue: &dyn Catalogue) -> Result<Answer, CallError> {
        let Some(cache) = &self.cache else { return ask.send(catalogue).await };
        match ask {
            Ask::Features(ids) => self.features(ids, catalogue).await,
            Ask::SearchTracks { .. } => self.listed(|parts| &mut parts.seeds, ask, catalogue).await,
            Ask::SearchArtists { .. } | Ask::Artists(_) => {
                self.listed(|parts| &mut parts.artists, ask, catalogue).await
            }
            Ask::ArtistTracks { .. } => cached(cache, Category::ArtistEnrichment, ask, catalogue).await,
            Ask::Tracks(_) => cached(cache, Category::ValidatedSeeds, ask, catalogue).await,
            Ask::Recommend(_) => ask.send(catalogue).await,
        }
    }

    /// The answers to all of `asks`, if they were kept together under the same name.
    pub(super) async fn bundle(&self, name: &[&str], asks: &[Ask]) -> Option<Vec<Answer>> {
        let kept: Vec<KeptAnswer> =
            self.cache.as_ref()?.get(Category::AnchorTracks, &bundle_key(name, asks)).await?;
        (kept.len() == asks.len()).then(|| kept.into_iter().map(KeptAnswer::open).collect())
    }

    /// Keeps the answers to all of `asks`; lists of features have a place of their own.
    pub(super) async fn keep_bundle(&self, name: &[&str], asks: &[Ask], answers: &[(Ask, Answer)]) {
        let Some(cache) = &self.cache else { return };
        let kept: Option<Vec<KeptAnswer>> =
            answers.iter().map(|(_, answer)| KeptAnswer::of(answer)).collect();
        if let Some(kept) = kept.filter(|kept| kept.len() == asks.len() && !kept.is_empty()) {
            cache.put(Category::AnchorTracks, &bundle_key(name, asks), &kept).await;
        }
    }

    /// The rows of `ask` that need not be asked for.
    pub(super) fn known(&self, ask: &Ask) -> Vec<FeatureRow> {
        match ask {
            Ask::Features(ids) if self.cache.is_some() => self.known_features(ids).0,
            _ => Vec::new(),
        }
    }

    /// Rows, and the ids without any.
    fn known_features(&self, ids: &[TrackId]) -> (Vec<FeatureRow>, Vec<TrackId>) {
        let mut parts = self.parts();
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            let known = if let TrackId::Uuid(id) = id { parts.features.look_up(id) } else { None };
            match (id, known) {
                (TrackId::Uuid(id), Some(row)) => rows.push(feature_row(*id, row)),
                _ => missing.push(id.clone()),
            }
        }
        (rows, missing)
    }

    async fn features(&self, ids: &[TrackId], catalogue: &dyn Catalogue) -> Result<Answer, CallError> {
        let (mut rows, missing) = self.known_features(ids);
        if !missing.is_empty() {
            let learned = catalogue.features(&missing).await?;
            let mut parts = self.parts();
            for row in &learned {
                parts.features.add(row.id, PerFeature::iter(&row.features).map(|(_, v)| v.map(f64::to_bits)));
            }
            rows.extend(learned);
        }
        Ok(Answer::Features(rows))
    }

    async fn listed(
        &self,
        part: impl Fn(&mut Parts) -> &mut Part<String, KeptAnswer>,
        ask: &Ask,
        catalogue: &dyn Catalogue,
    ) -> Result<Answer, CallError> {
        let name = format!("{ask:?}");
        if let Some(kept) = part(&mut self.parts()).look_up(&name) {
            return Ok(kept.open());
        }
        let answer = ask.send(catalogue).await?;
        if let Some(kept) = KeptAnswer::of(&answer) {
            part(&mut self.parts()).insert(name, kept);
        }
        Ok(answer)
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Kept by itself, for all users.
async fn cached(
    cache: &Cache,
    category: Category,
    ask: &Ask,
    catalogue: &dyn Catalogue,
) -> Result<Answer, CallError> {
    let mut sorted = ask.clone();
    if let Ask::Tracks(ids) = &mut sorted {
        ids.sort();
    }
    let key = key(&[&format!("{sorted:?}")]);
    if let Some(kept) = cache.get::<KeptAnswer>(category, &key).await {
        return Ok(kept.open());
    }
    let answer = ask.send(catalogue).await?;
    if let Some(kept) = KeptAnswer::of(&answer) {
        cache.put(category, &key, &kept).await;
    }
    Ok(answer)
}

impl<K: Ord + Clone, V: Clone> Part<K, V> {
    fn look_up(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.used.get(key) {
            return Some(value.clone());
        }
        let value = self.held.get(key)?.clone();
        self.used.insert(key.clone(), value.clone());
        Some(value)
    }

    fn insert(&mut self, key: K, value: V) {
        self.used.insert(key, value);
        self.grown = true;
    }
}

impl Part<Uuid, Row> {
    fn add(&mut self, id: Uuid, bits: impl Iterator<Item = Option<u64>>) {
        let mut row: Row = [None; 12];
        row.iter_mut().zip(bits).for_each(|(place, bits)| *place = bits);
        self.insert(id, row);
    }
}

impl<K, V> Part<K, V>
where
    K: Ord + Clone + Serialize + for<'de> Deserialize<'de> + Sync,
    V: Clone + Serialize + for<'de> Deserialize<'de> + Sync,
{
    async fn read(cache: &Cache, key: &str) -> Self {
        let artifact: Option<Artifact<K, V>> = cache.get(Category::WorkflowArtifacts, key).await;
        Self { held: artifact.map(|kept| kept.rows).unwrap_or_default(), ..Self::default() }
    }

    async fn write(self, cache: &Cache, key: &str, most: usize) {
        if !self.grown {
            return;
        }
        let mut rows = self.held;
        if rows.len() + self.used.len() > most {
            rows.clear();
        }
        rows.extend(self.used);
        cache.put(Category::WorkflowArtifacts, key, &Artifact { rows, cached_at: Utc::now() }).await;
    }
}

impl KeptAnswer {
    fn of(answer: &Answer) -> Option<Self> {
        match answer.clone() {
            Answer::Tracks { rows, total_pages } => Some(Self::Tracks { rows, total_pages }),
            Answer::Artists { rows, total_pages } => Some(Self::Artists { rows, total_pages }),
            Answer::Features(_) => None,
        }
    }

    fn open(self) -> Answer {
        match self {
            Self::Tracks { rows, total_pages } => Answer::Tracks { rows, total_pages },
            Self::Artists { rows, total_pages } => Answer::Artists { rows, total_pages },
        }
    }
}

fn feature_row(id: Uuid, row: Row) -> FeatureRow {
    let mut values = row.into_iter();
    let features = Features::from_fn(|_| values.next().flatten().map(f64::from_bits));
    FeatureRow { id, spotify: None, features }
}

/// Parts of any length and content, never confused with each other.
pub(super) fn key(parts: &[&str]) -> String {
    format!("{:032x}", xxh3_128(format!("{parts:?}").as_bytes()))
}

fn bundle_key(name: &[&str], asks: &[Ask]) -> String {
    key(&[&format!("{name:?}"), &format!("{asks:?}")])
}
