//! All parts together: from a configuration to a running service, and its end.
//!
//! The port is taken first: a second process on it must fail before it takes up the runs of the
//! first. At the end streams are told to close and nothing waits longer than five seconds; runs that
//! are still under way stay in the store as they are, and the next start takes them up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use recobeat_ops::Watch;
use recobeat_ops::log::LogHandle;
use recobeat_ops::reload::Triggers;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::auth::{AuthError, Gate};
use crate::cache::{Cache, CacheUrlError};
use crate::config::{Config, Loaded, Sources};
use crate::http::{self, App, router};
use crate::jobs::{
    self, HeldLists, Pipelined, PopularMoods, Prefetch, Runner, Runs, Schedule, Statistics, SystemClock,
};
use crate::limits::Limiter;
use crate::llm::Chat;
use crate::mood::{Analyst, Rules, RulesError};
use crate::pipeline::{self, Pipeline};
use crate::profile::Profiler;
use crate::recobeat::{Client, ClientError, Lane, RunTag};
use crate::reload::Reload;
use crate::spotify::{Source, Taste, WebApi};
use crate::store::{self, Store, StoreError, Timed};

/// For everything at the end.
const GRACE: Duration = Duration::from_secs(5);
/// For runs to come to an end by themselves.
const LAST_CALL: Duration = Duration::from_secs(3);
/// For a database that starts together with the service.
const DATABASE_COMES_UP: Duration = Duration::from_secs(30);
/// Entries of the caches in memory.
const CACHE_ENTRIES: usize = 5_000;

/// Why the service does not start, or ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {listen}: {source}; give another --listen")]
    Listen { listen: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("moods.tables: {0}")]
    Rules(#[from] RulesError),
    #[error("redis_url: {0}")]
    Cache(#[from] CacheUrlError),
    #[error("redis_url: {0}")]
    Limits(#[from] redis::RedisError),
    #[error(transparent)]
    Proxy(#[from] ClientError),
    #[error("llm: {0}")]
    Llm(#[from] reqwest::Error),
    #[error("database_url: {0}")]
    Store(#[from] StoreError),
    #[error("the service ended: {0}")]
    Serve(std::io::Error),
}

/// Serves until SIGTERM or SIGINT. `log` is what a reload tells.
pub async fn serve(loaded: Loaded, sources: Sources, log: LogHandle) -> Result<(), ServeError> {
    let triggers = Triggers::new(Watch::of_settings(&loaded));
    let config = loaded.config.clone();
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?;
    let (app, clock) = (assemble(config).await?, Arc::new(SystemClock));
    let (runs, stopping) = (app.runs.clone(), app.stopping.clone());
    let schedule = Schedule::spawn(&app.config.schedule, app.moods.clone(), clock);
    // At once, and again and again: replicas may die later.
    let tending = runs.tend();
    let set_level = move |directives: &str| log.set_level(directives);
    let reload =
        Reload::new(sources, &loaded, Arc::clone(&app.limiter), Arc::clone(&app.profiler), set_level);
    let following = tokio::spawn(reload.follow(triggers));
    tracing::info!(%listen, mode = app.gate.mode(), store = app.store.engine(), "recobeat-recommender serves");

    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => return ended.unwrap_or_else(|panic| Err(panic.into())).map_err(ServeError::Serve),
        () = stopped() => {}
    }
    tracing::info!("stopping");
    stopping.cancel();
    tending.abort();
    following.abort();
    if let Some(schedule) = schedule {
        schedule.abort();
    }
    let end = async { tokio::join!(runs.drain(LAST_CALL), &mut server) };
    if timeout(GRACE, end).await.is_err() {
        tracing::warn!("requests were still under way");
    }
    Ok(())
}

/// The rule tables that hold.
pub(crate) fn rules(config: &Config) -> Result<Rules, RulesError> {
    config.moods.tables.as_deref().map_or_else(|| Ok(Rules::embedded()), Rules::load)
}

/// Makes the parts and gives each what it needs.
async fn assemble(config: Config) -> Result<App, ServeError> {
    let gate = Gate::new(&config.auth, &config.cors)?;
    let rules = Arc::new(rules(&config)?);
    let client = Client::new(&config.proxy)?;
    let chat = Chat::new(&config.llm)?;
    let (cache, limiter) = match &config.redis_url {
        Some(url) => (Cache::redis(url, CACHE_ENTRIES)?, Limiter::in_redis(config.limits.clone(), url)?),
        None => (Cache::memory(CACHE_ENTRIES), Limiter::in_memory(config.limits.clone())),
    };
    let cache = Arc::new(cache);
    let profiler = Profiler::new(Arc::clone(&cache));
    let store = store::open_within(&config.database_url, DATABASE_COMES_UP).await?;
    let store: Arc<dyn Store> = Arc::new(Timed::new(store, Arc::clone(&profiler)));
    let run = &config.run;
    let pipeline = Pipeline::new(pipeline::Parts {
        run: run.clone(),
        moods: config.moods.clone(),
        rules: Arc::clone(&rules),
        analyst: chat.map(|chat| Arc::new(chat) as Arc<dyn Analyst>),
        cache: Arc::clone(&cache),
        profiler: Arc::clone(&profiler),
    });
    let lenders = [rules.popular(), &config.moods.own].concat();
    let lenders = Arc::new(HeldLists::new(lenders, Arc::clone(&cache)));
    let runner = Pipelined::new(client.clone(), pipeline, Arc::clone(&profiler), run.deadline);
    let runner: Arc<dyn Runner> = Arc::new(runner.borrowing(lenders));
    let moods = PopularMoods::new(
        config.moods.clone(),
        rules.popular(),
        run.deadline,
        Arc::clone(&cache),
        Arc::clone(&runner),
        Arc::new(SystemClock),
    );
    let catalogue = |lane| {
        let tag = RunTag { session: Uuid::new_v4(), lane, deadline: None };
        Arc::new(client.for_run(tag).profiled(Arc::clone(&profiler)))
    };
    let prefetch = Prefetch::new(catalogue(Lane::Warm));
    let runs = Runs::new(jobs::Parts {
        store: Arc::clone(&store),
        runner,
        statistics: Statistics::new(Arc::clone(&store), Arc::clone(&cache)),
        profiler: Arc::clone(&profiler),
        moods: moods.clone(),
        prefetch: Some(prefetch.clone()),
        concurrent: config.limits.concurrent_runs,
        deadline: run.deadline,
        keep_events: run.keep_events,
    });
    let spotify = config.spotify.enabled.then(|| WebApi::new(&config.spotify)).transpose()?;
    let taste = Taste::new(spotify.map(|api| Arc::new(api) as Arc<dyn Source>), Arc::clone(&cache));
    Ok(App::new(http::Parts {
        catalogue: catalogue(Lane::Interactive),
        config: Arc::new(config),
        gate,
        limiter: Arc::new(limiter),
        store,
        cache,
        profiler,
        runs,
        moods,
        prefetch,
        taste,
        proxy: Arc::new(client),
        stopping: CancellationToken::new(),
    }))
}

/// Without handlers the system's default ends the process.
async fn stopped() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
