//! The router with a store in memory and a runner that does as its prompt says.

mod document;
mod identity;
mod playlists;
mod runs;
mod system;
mod validation;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use super::{App, Parts, ProxyDesk, router};
use crate::auth::Gate;
use crate::cache::Cache;
use crate::config::Config;
use crate::jobs::{self, Job, PopularMoods, Prefetch, Runner, Runs, Statistics, SystemClock};
use crate::limits::Limiter;
use crate::model::{
    AudioFeatures, Features, FeaturesSource, Phase, Recommendation, Source, SpotifyId, Status,
};
use crate::mood::Rules;
use crate::pipeline::{Failure, Finished, Progress};
use crate::profile::Profiler;
use crate::recobeat::testing::Fake;
use crate::recobeat::{ProxyHealth, RegistryStats};
use crate::spotify::Taste;
use crate::store;

pub(super) const START: &str = "/api/agents/recommendations/start";
const TRACKS: usize = 16;

/// Prompts that begin with `hang` never end, those with `fail` bring nothing, all others 16 tracks.
struct Script;

#[async_trait]
impl Runner for Script {
    async fn run(&self, job: Job, progress: Arc<dyn Progress>) -> Result<Finished, Failure> {
        let prompt = job.request.mood_prompt;
        progress.at(Status::AnalyzingMood, "analyzing_mood").await;
        progress.at(Status::GatheringSeeds, "gathering_seeds").await;
        if prompt.starts_with("hang") {
            std::future::pending::<()>().await;
        }
        if prompt.starts_with("fail") {
            return Err(Failure { reason: "no strategy has found a track".into(), metadata: json!({}) });
        }
        let recommendations = (0..TRACKS).map(|position| track(position, &prompt)).collect();
        Ok(Finished {
            recommendations,
            mood_analysis: json!({ "primary_emotion": "neutral" }),
            metadata: json!({ "iteration": 1 }),
        })
    }
}

fn track(position: usize, title: &str) -> Recommendation {
    let spotify: SpotifyId = format!("{position:022}").parse().expect("an id");
    Recommendation {
        spotify_uri: Some(format!("spotify:track:{spotify}")),
        track_id: Some(spotify),
        reccobeat_id: Uuid::from_u128(position as u128 + 1),
        track_name: format!("{title} {position}"),
        artists: vec!["Nova Ferry".into()],
        confidence_score: 0.5,
        cohesion_score: 0.5,
        reasoning: String::new(),
        source: Source::Reccobeat,
        duration_ms: 1000,
        popularity: None,
        isrc: None,
        audio_features: AudioFeatures::from(&Features::default()),
        features_source: FeaturesSource::Default,
        user_mentioned: false,
        protected: false,
        position,
        phase: Phase::Mid,
    }
}

/// A proxy that tells, or does not.
struct Desk {
    up: bool,
}

impl Desk {
    fn told<T>(&self, told: T) -> Result<T, String> {
        if self.up { Ok(told) } else { Err("cannot be reached".into()) }
    }
}

#[async_trait]
impl ProxyDesk for Desk {
    async fn stats(&self) -> Result<Value, String> {
        self.told(json!({ "budget": { "rate_per_minute": 80 } }))
    }

    async fn registry(&self) -> Result<RegistryStats, String> {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        self.told(RegistryStats {
            lookups: 7,
            missing_ttl: days(14),
            validated_ttl: days(180),
            ..RegistryStats::default()
        })
    }

    async fn ready(&self) -> Result<ProxyHealth, String> {
        let told = json!({ "status": "ready", "upstream": { "reachable": false, "reason": "down", "suspended": false, "hold_seconds": null } });
        self.told(serde_json::from_value(told).expect("its form"))
    }

    async fn purge(&self, category: Option<&str>) -> Result<Value, String> {
        self.told(json!({ "purged": [category.unwrap_or("all")] }))
    }
}

/// The service, and somebody on this machine who asks it.
pub(super) struct Service {
    pub(super) app: App,
    router: Router,
}

impl Service {
    pub(super) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(true, change).await
    }

    pub(super) async fn behind(up: bool, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let store = store::open("sqlite::memory:").await.expect("a store");
        let cache = Arc::new(Cache::memory(1000));
        let profiler = Profiler::new(Arc::clone(&cache));
        let runner: Arc<dyn Runner> = Arc::new(Script);
        let (rules, deadline) = (Rules::embedded(), config.run.deadline);
        let clock = Arc::new(SystemClock);
        let moods = PopularMoods::new(
            config.moods.clone(),
            rules.popular(),
            deadline,
            Arc::clone(&cache),
            Arc::clone(&runner),
            clock,
        );
        let catalogue = Arc::new(Fake::new());
        let runs = Runs::new(jobs::Parts {
            store: Arc::clone(&store),
            runner,
            statistics: Statistics::new(Arc::clone(&store), Arc::clone(&cache)),
            profiler: Arc::clone(&profiler),
            moods: moods.clone(),
            prefetch: None,
            concurrent: 8,
            deadline,
            keep_events: config.run.keep_events,
        });
        let app = App::new(Parts {
            gate: Gate::new(&config.auth, &config.cors).expect("a good configuration"),
            limiter: Arc::new(Limiter::in_memory(config.limits.clone())),
            config: Arc::new(config),
            store,
            taste: Taste::new(None, cache.clone()),
            cache,
            profiler,
            runs,
            moods,
            prefetch: Prefetch::new(catalogue.clone()),
            catalogue,
            proxy: Arc::new(Desk { up }),
            stopping: CancellationToken::new(),
        });
        Self { router: router(app.clone()), app }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.begin(request).await.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.expect("a whole body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// The answer before its body has ended.
    pub(super) async fn begin(&self, mut request: Request<Body>) -> axum::response::Response {
        let peer: SocketAddr = "127.0.0.1:4000".parse().expect("an address");
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        self.router.clone().oneshot(request).await.expect("infallible")
    }

    pub(super) async fn get(&self, user: &str, path: &str) -> Reply {
        self.send(ask(Method::GET, user, path)).await
    }

    pub(super) async fn delete(&self, user: &str, path: &str) -> Reply {
        self.send(ask(Method::DELETE, user, path)).await
    }

    pub(super) async fn post(&self, user: &str, path: &str, body: &Value) -> Reply {
        self.send(with_body(ask(Method::POST, user, path), body.to_string())).await
    }

    /// A run from its start to its end; its session.
    pub(super) async fn ended(&self, user: &str, prompt: &str) -> Uuid {
        let reply = self.post(user, &format!("{START}?wait=30"), &json!({ "mood_prompt": prompt })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.session()
    }

    /// A run that does not end by itself.
    pub(super) async fn hanging(&self, user: &str) -> Uuid {
        let reply = self.post(user, START, &json!({ "mood_prompt": "hang on" })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.session()
    }

    pub(super) async fn stored(&self) -> usize {
        self.app.store.recent(50).await.expect("rows").len()
    }
}

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn session(&self) -> Uuid {
        self.json()["session_id"].as_str().expect("a session").parse().expect("an id")
    }

    /// Of a refusal about fields.
    pub(super) fn fields(&self) -> Vec<String> {
        let body = self.json();
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", self.text);
        assert!(body["detail"].is_string());
        let errors = body["errors"].as_array().expect("a list").iter();
        errors.map(|error| error["field"].as_str().expect("a name").to_owned()).collect()
    }
}

pub(super) fn ask(method: Method, user: &str, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("x-user-id", user);
    request.body(Body::empty()).expect("a request")
}

pub(super) fn with_body(request: Request<Body>, body: String) -> Request<Body> {
    let (mut parts, _) = request.into_parts();
    parts.headers.insert(CONTENT_TYPE, "application/json".parse().expect("a value"));
    Request::from_parts(parts, Body::from(body))
}
