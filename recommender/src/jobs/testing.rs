//! Stand-ins for tests: a store in memory that fails on cue, a runner that does as told, a clock that
//! follows paused time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Clock, Job, Parts, PopularMoods, Prefetch, Runner, Runs, Start, Statistics};
use crate::cache::Cache;
use crate::config;
use crate::model::{
    AudioFeatures, Features, FeaturesSource, MoodRequest, Phase, Playlist, PublicStats, Recommendation,
    Source, Status, UserStats,
};
use crate::pipeline::{self, Failure, Progress};
use crate::profile::Profiler;
use crate::store::{Finished, ListPage, ListQuery, NewRun, Store, StoreError};

pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
pub(crate) const KEEP: Duration = Duration::from_secs(24 * 3600);

/// Tracks 1, 2, 3, …
pub(crate) fn tracks(count: usize) -> Vec<Recommendation> {
    let track = |position: usize| Recommendation {
        track_id: format!("{:022}", position + 1).parse().ok(),
        reccobeat_id: Uuid::from_u128(position as u128 + 1),
        track_name: format!("Track {position}"),
        artists: vec!["Nova Ferry".into()],
        spotify_uri: None,
        confidence_score: 0.5,
        cohesion_score: 0.5,
        reasoning: String::new(),
        source: Source::Reccobeat,
        duration_ms: 1_000,
        popularity: None,
        isrc: None,
        audio_features: AudioFeatures::from(&Features::default()),
        features_source: FeaturesSource::Default,
        user_mentioned: false,
        protected: false,
        position,
        phase: Phase::Mid,
    };
    (0..count).map(track).collect()
}

pub(crate) fn list(count: usize) -> pipeline::Finished {
    let mood_analysis = json!({"primary_emotion": "neutral", "target_features": {"energy": [0.0, 0.4]}});
    pipeline::Finished { recommendations: tracks(count), mood_analysis, metadata: json!({"iteration": 1}) }
}

pub(crate) fn start(user: &str, prompt: &str) -> Start {
    let request = MoodRequest { allow_obscure_artists: true, ..MoodRequest::of(prompt) };
    let body = json!({"mood_prompt": prompt, "allow_obscure_artists": true});
    Start { user: user.into(), body, request }
}

/// A start that a popular mood can answer.
pub(crate) fn bare(user: &str, prompt: &str) -> Start {
    Start { user: user.into(), body: json!({"mood_prompt": prompt}), request: MoodRequest::of(prompt) }
}

/// Wall time that goes with paused time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PausedClock {
    zero: DateTime<Utc>,
    began: Instant,
}

impl PausedClock {
    pub(crate) fn at(text: &str) -> Self {
        let zero = DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        Self { zero, began: Instant::now() }
    }
}

impl Clock for PausedClock {
    fn now(&self) -> DateTime<Utc> {
        self.zero + self.began.elapsed()
    }
}

/// What a run does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// So long, then a list of so many tracks.
    Makes(Duration, usize),
    Fails(Duration),
    Panics,
    Hangs,
}

/// Does the acts in order, then the last one again and again.
pub(crate) struct Script {
    acts: Mutex<VecDeque<Act>>,
    /// Prompts in the order of their real start.
    pub(crate) begun: Mutex<Vec<String>>,
    /// Under way, and how many ever were at once.
    pub(crate) running: Arc<AtomicUsize>,
    pub(crate) most: AtomicUsize,
}

impl Script {
    pub(crate) fn of(acts: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Arc::new(Self {
            acts: Mutex::new(acts.into_iter().collect()),
            begun: Mutex::default(),
            running: Arc::default(),
            most: AtomicUsize::new(0),
        })
    }

    pub(crate) fn prompts(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    fn act(&self) -> Act {
        let mut acts = self.acts.lock().unwrap();
        if acts.len() > 1 { acts.pop_front().unwrap() } else { acts[0].clone() }
    }
}

/// Counts a runner's future as long as it lives.
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[async_trait]
impl Runner for Script {
    async fn run(&self, job: Job, progress: Arc<dyn Progress>) -> Result<pipeline::Finished, Failure> {
        self.begun.lock().unwrap().push(job.request.mood_prompt);
        let now = self.running.fetch_add(1, SeqCst) + 1;
        let _alive = Alive(self.running.clone());
        self.most.fetch_max(now, SeqCst);
        progress.at(Status::AnalyzingMood, "analyzing_mood").await;
        progress.mood(&json!({"primary_emotion": "neutral"})).await;
        progress.at(Status::GatheringSeeds, "gathering_seeds").await;
        match self.act() {
            Act::Makes(after, count) => {
                sleep(after).await;
                progress.at(Status::OptimizingRecommendations, "ordering").await;
                Ok(list(count))
            }
            Act::Fails(after) => {
                sleep(after).await;
                Err(Failure { reason: "no strategy has found a track".into(), metadata: json!({"calls": 3}) })
            }
            Act::Panics => panic!("a runner that panics, on purpose"),
            Act::Hangs => std::future::pending().await,
        }
    }
}

/// Rows in memory, guarded as the real stores guard them.
#[derive(Default)]
pub(crate) struct Rows {
    rows: Mutex<Vec<(Playlist, bool)>>,
    /// So many of the next writes fail; after those, all is well.
    pub(crate) failing: AtomicUsize,
    /// So many of the next completions are done, but their answer is lost.
    pub(crate) mute: AtomicUsize,
    /// Before each call.
    pub(crate) delay: Mutex<Duration>,
    /// Statements that ended a run.
    pub(crate) ends: AtomicUsize,
    /// Counts of everybody's rows.
    pub(crate) counted: AtomicUsize,
    born: Born,
}

/// A moment, on both clocks.
struct Born(DateTime<Utc>, Instant);

impl Default for Born {
    fn default() -> Self {
        Self(Utc::now(), Instant::now())
    }
}

impl Rows {
    /// Goes with paused time.
    fn time(&self) -> DateTime<Utc> {
        self.born.0 + self.born.1.elapsed()
    }

    fn table(&self) -> MutexGuard<'_, Vec<(Playlist, bool)>> {
        self.rows.lock().unwrap()
    }

    pub(crate) fn get(&self, session: Uuid) -> Playlist {
        self.table().iter().find(|(row, _)| row.session_id == session).unwrap().0.clone()
    }

    /// Changes a row behind everybody's back.
    pub(crate) fn change(&self, session: Uuid, change: impl FnOnce(&mut Playlist)) {
        change(&mut self.table().iter_mut().find(|(row, _)| row.session_id == session).unwrap().0);
    }

    /// Another replica ends a run, if it is still under way.
    pub(crate) fn steal(&self, session: Uuid, status: Status) {
        let _ = self.step(session, status, |_| {});
    }

    async fn answer(&self) -> Result<(), StoreError> {
        let delay = *self.delay.lock().unwrap();
        sleep(delay).await;
        let fails = self.failing.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails { Err(away()) } else { Ok(()) }
    }

    fn step(
        &self,
        session: Uuid,
        to: Status,
        change: impl FnOnce(&mut Playlist),
    ) -> Result<Playlist, StoreError> {
        let mut table = self.table();
        let found = table.iter_mut().find(|(row, _)| row.session_id == session);
        let (row, _) = found.ok_or(StoreError::Absent)?;
        row.status = row.status.then(to).map_err(|refused| StoreError::Passed(refused.from))?;
        row.updated_at = self.time();
        if to.is_end() {
            self.ends.fetch_add(1, SeqCst);
            row.completed_at = Some(self.time());
        }
        change(row);
        Ok(row.clone())
    }
}

fn away() -> StoreError {
    StoreError::Slow(Duration::from_secs(10))
}

#[async_trait]
impl Store for Rows {
    async fn begin(&self, run: &NewRun) -> Result<Playlist, StoreError> {
        self.answer().await?;
        let mut table = self.table();
        let row = Playlist {
            id: i64::try_from(table.len()).unwrap() + 1,
            user_id: run.user_id.clone(),
            session_id: run.session_id,
            mood_prompt: run.mood_prompt.clone(),
            status: Status::Pending,
            current_step: None,
            error_message: None,
            playlist_data: json!({}),
            recommendations_data: Vec::new(),
            mood_analysis_data: json!({}),
            metadata: run.metadata.clone(),
            request: run.request.clone(),
            track_count: 0,
            duration_ms: 0,
            spotify_playlist_id: None,
            color_primary: None,
            color_secondary: None,
            color_tertiary: None,
            created_at: self.time(),
            updated_at: self.time(),
            completed_at: None,
        };
        table.push((row.clone(), false));
        Ok(row)
    }

    async fn advance(&self, session: Uuid, status: Status, step: Option<&str>) -> Result<(), StoreError> {
        self.answer().await?;
        self.step(session, status, |row| row.current_step = step.map(str::to_owned)).map(drop)
    }

    async fn analysed(&self, session: Uuid, mood: &Value) -> Result<(), StoreError> {
        self.answer().await?;
        let status = self.get(session).status;
        self.step(session, status, |row| row.mood_analysis_data = mood.clone()).map(drop)
    }

    async fn complete(&self, session: Uuid, end: &Finished) -> Result<Playlist, StoreError> {
        self.answer().await?;
        let row = self.step(session, Status::Completed, |row| {
            row.recommendations_data.clone_from(&end.recommendations);
            row.track_count = i32::try_from(end.recommendations.len()).unwrap();
            row.playlist_data = end.playlist_data.clone();
            row.metadata = end.metadata.clone();
        })?;
        let mute = self.mute.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        if mute { Err(away()) } else { Ok(row) }
    }

    async fn end(
        &self,
        session: Uuid,
        status: Status,
        reason: &str,
        metadata: &Value,
    ) -> Result<(), StoreError> {
        self.answer().await?;
        let written = self.step(session, status, |row| {
            row.error_message = Some(reason.to_owned());
            row.metadata = metadata.clone();
        });
        written.map(drop)
    }

    async fn edit(
        &self,
        _: &str,
        session: Uuid,
        seen: DateTime<Utc>,
        list: &[Recommendation],
    ) -> Result<Playlist, StoreError> {
        self.answer().await?;
        if self.get(session).updated_at != seen {
            return Err(StoreError::Changed);
        }
        // Two changes in one moment of paused time are two.
        let after = self.time().max(seen + Duration::from_millis(1));
        self.change(session, |row| {
            row.recommendations_data = list.to_vec();
            row.updated_at = after;
        });
        Ok(self.get(session))
    }

    async fn by_session(&self, session: Uuid) -> Result<Playlist, StoreError> {
        self.answer().await?;
        let table = self.table();
        let found = table.iter().find(|(row, deleted)| row.session_id == session && !deleted);
        found.map(|(row, _)| row.clone()).ok_or(StoreError::Absent)
    }

    async fn by_id(&self, id: i64) -> Result<Playlist, StoreError> {
        self.answer().await?;
        let table = self.table();
        let found = table.iter().find(|(row, deleted)| row.id == id && !deleted);
        found.map(|(row, _)| row.clone()).ok_or(StoreError::Absent)
    }

    async fn list(&self, _: &ListQuery) -> Result<ListPage, StoreError> {
        Ok(ListPage { playlists: Vec::new(), total: 0 })
    }

    async fn delete(&self, user: &str, id: i64) -> Result<Uuid, StoreError> {
        self.answer().await?;
        let mut table = self.table();
        let found = table.iter_mut().find(|(row, deleted)| row.id == id && row.user_id == user && !deleted);
        let (row, deleted) = found.ok_or(StoreError::Absent)?;
        *deleted = true;
        if !row.status.is_end() {
            row.status = Status::Cancelled;
            self.ends.fetch_add(1, SeqCst);
        }
        Ok(row.session_id)
    }

    async fn user_stats(&self, user: &str) -> Result<UserStats, StoreError> {
        let table = self.table();
        let own: Vec<&Playlist> =
            table.iter().filter(|(row, gone)| row.user_id == user && !gone).map(|(row, _)| row).collect();
        let completed = own.iter().filter(|row| row.status == Status::Completed).count();
        Ok(UserStats {
            total_playlists: i64::try_from(own.len()).unwrap(),
            saved_playlists: 0,
            completed_playlists: i64::try_from(completed).unwrap(),
            total_tracks: own.iter().map(|row| i64::from(row.track_count)).sum(),
        })
    }

    async fn public_stats(&self) -> Result<PublicStats, StoreError> {
        self.answer().await?;
        self.counted.fetch_add(1, SeqCst);
        let total = i64::try_from(self.table().len()).unwrap();
        Ok(PublicStats { total_users: 1, total_playlists: total, completed_playlists: 0 })
    }

    async fn frequent_emotions(&self, _: &str) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn holding_track(&self, _: &str, _: &str) -> Result<Vec<Uuid>, StoreError> {
        Ok(Vec::new())
    }

    async fn unfinished(&self) -> Result<Vec<Playlist>, StoreError> {
        self.answer().await?;
        let table = self.table();
        let left = table.iter().filter(|(row, deleted)| !row.status.is_end() && !deleted);
        Ok(left.map(|(row, _)| row.clone()).collect())
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(self.time())
    }

    async fn claim(&self, session: Uuid, seen: DateTime<Utc>, owner: &str) -> Result<bool, StoreError> {
        self.answer().await?;
        let free = self.get(session).updated_at == seen && !self.get(session).status.is_end();
        if free {
            let now = self.time().max(seen + Duration::from_millis(1));
            self.change(session, |row| {
                row.updated_at = now;
                row.metadata["owner"] = json!(owner);
            });
        }
        Ok(free)
    }

    async fn recent(&self, _: u32) -> Result<Vec<Playlist>, StoreError> {
        Ok(Vec::new())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.answer().await
    }

    fn engine(&self) -> &'static str {
        "rows"
    }
}

/// Everything runs need, over stand-ins.
pub(crate) struct House {
    pub(crate) store: Arc<Rows>,
    pub(crate) script: Arc<Script>,
    pub(crate) moods: PopularMoods,
    pub(crate) runs: Runs,
}

impl House {
    pub(crate) fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::with(Arc::default(), 4, acts)
    }

    pub(crate) fn with(store: Arc<Rows>, concurrent: usize, acts: impl IntoIterator<Item = Act>) -> Self {
        let script = Script::of(acts);
        let cache = Arc::new(Cache::memory(100));
        let moods = moods(&cache, &script, config::Moods::default());
        let prefetch: Option<Prefetch> = None;
        let runs = Runs::new(Parts {
            store: store.clone(),
            runner: script.clone(),
            statistics: Statistics::new(store.clone(), cache.clone()),
            profiler: Profiler::new(cache.clone()),
            moods: moods.clone(),
            prefetch,
            concurrent,
            deadline: DEADLINE,
            keep_events: KEEP,
        });
        Self { store, script, moods, runs }
    }

    /// How many runs are in memory.
    pub(crate) fn held(&self) -> usize {
        self.runs.0.lives().len()
    }
}

pub(crate) fn moods(cache: &Arc<Cache>, script: &Arc<Script>, config: config::Moods) -> PopularMoods {
    let listed = ["calm and relaxing".to_owned(), "party vibes".to_owned()];
    let clock = Arc::new(PausedClock::at("2026-01-02T03:04:05Z"));
    PopularMoods::new(config, &listed, DEADLINE, cache.clone(), script.clone(), clock)
}

/// A moment of the calendar.
pub(crate) fn moment(day: u32, hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, day, hour, minute, second).unwrap()
}
