//! A store of each kind, and rows to put into it.

use crate::harness::postgres::Database;
use recobeat_recommender::model::{
    AudioFeatures, Features, FeaturesSource, Phase, Playlist, Recommendation, Source,
};
use recobeat_recommender::store::{Finished, ListQuery, NewRun, Store, StoreError, open};
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Engine {
    Memory,
    Sqlite,
    Postgres,
}

/// An empty store with all that it needs to stay.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn Store>,
    /// Opens the same again, unless it is in memory.
    pub(crate) url: String,
    _folder: Option<TempDir>,
    _database: Option<Database>,
}

impl Ground {
    pub(crate) async fn new(engine: Engine) -> Self {
        let (mut folder, mut database) = (None, None);
        let url = match engine {
            Engine::Memory => "sqlite::memory:".to_owned(),
            Engine::Sqlite => {
                let made = folder.insert(tempfile::tempdir().expect("a temporary folder"));
                format!("sqlite:{}", made.path().join("not/yet/there.db").display())
            }
            Engine::Postgres => database.insert(Database::migrated().await).url.clone(),
        };
        let store = open(&url).await.expect("the store opens");
        Self { store, url, _folder: folder, _database: database }
    }

    /// A second pool on the same database, as another process has it.
    pub(crate) async fn again(&self) -> Arc<dyn Store> {
        open(&self.url).await.expect("the store opens")
    }

    pub(crate) async fn begun(&self, user: &str, prompt: &str) -> Playlist {
        self.store.begin(&run(user, prompt)).await.expect("a new run")
    }

    /// Edits a list as it is now.
    pub(crate) async fn edit(
        &self,
        user: &str,
        session: Uuid,
        list: &[Recommendation],
    ) -> Result<Playlist, StoreError> {
        let seen = self.store.by_session(session).await.map(|row| row.updated_at).unwrap_or_default();
        self.store.edit(user, session, seen, list).await
    }

    pub(crate) async fn completed(&self, user: &str, prompt: &str, end: &Finished) -> Playlist {
        let begun = self.begun(user, prompt).await;
        self.store.complete(begun.session_id, end).await.expect("a run under way can be completed")
    }

    /// Sessions of a user's list, as it is ordered.
    pub(crate) async fn listed(&self, query: &ListQuery) -> Vec<Uuid> {
        let page = self.store.list(query).await.expect("a list");
        page.playlists.iter().map(|playlist| playlist.session_id).collect()
    }
}

impl Deref for Ground {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

pub(crate) fn run(user: &str, prompt: &str) -> NewRun {
    NewRun {
        session_id: Uuid::new_v4(),
        user_id: user.into(),
        mood_prompt: prompt.into(),
        request: json!({ "mood_prompt": prompt }),
        metadata: json!({ "lane": "interactive" }),
    }
}

/// A list of so many tracks.
pub(crate) fn finished(tracks: usize) -> Finished {
    Finished {
        recommendations: (0..tracks).map(|n| track(n, &format!("Track {n}"), &["Nova Ferry"])).collect(),
        mood_analysis: mood("neutral"),
        playlist_data: json!({}),
        metadata: json!({ "total_duration": 6.2 }),
    }
}

/// A list whose only track is this one.
pub(crate) fn holding(title: &str, artist: &str) -> Finished {
    Finished { recommendations: vec![track(0, title, &[artist])], ..finished(1) }
}

pub(crate) fn mood(emotion: &str) -> Value {
    json!({
        "primary_emotion": emotion,
        "energy_level": "low",
        "color_scheme": { "primary": "#335566", "secondary": "#88AABB", "tertiary": "#DDEEEE" },
    })
}

/// The n-th has its own ids, and lasts 200 s and n ms.
pub(crate) fn track(n: usize, title: &str, artists: &[&str]) -> Recommendation {
    Recommendation {
        track_id: Some(spotify(n).parse().expect("22 digits")),
        reccobeat_id: Uuid::from_u128(n as u128),
        track_name: title.into(),
        artists: artists.iter().map(|&artist| artist.into()).collect(),
        spotify_uri: Some(format!("spotify:track:{}", spotify(n))),
        confidence_score: 0.81,
        cohesion_score: 0.77,
        reasoning: "close to the seed tracks".into(),
        source: Source::Reccobeat,
        duration_ms: 200_000 + n as u64,
        popularity: Some(12),
        isrc: None,
        audio_features: AudioFeatures::from(&Features::default()),
        features_source: FeaturesSource::Default,
        user_mentioned: false,
        protected: false,
        position: n,
        phase: Phase::Build,
    }
}

pub(crate) fn spotify(n: usize) -> String {
    format!("{n:022}")
}

/// A user's list, newest first.
pub(crate) fn list_of(user: &str) -> ListQuery {
    ListQuery { user_id: user.into(), limit: 100, ..ListQuery::default() }
}

pub(crate) fn search(user: &str, text: &str) -> ListQuery {
    ListQuery { search: Some(text.into()), ..list_of(user) }
}
