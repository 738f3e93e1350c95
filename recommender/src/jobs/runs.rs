//! Runs, as the interface sees them: start, look, follow, stop.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use recobeat_ops::trace;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counters::Tallies;
use super::edit::Locks;
use super::elsewhere;
use super::live::Live;
use super::owner::Owner;
use super::turn::Lobby;
use super::{ActiveRun, Counters, Event, Job, PopularMoods, Prefetch, Runner, Statistics, StatusDocument};
use crate::model::{MoodRequest, Playlist, Status};
use crate::profile::Profiler;
use crate::store::{NewRun, Store, StoreError};

/// Between two looks at the row of a run that another process runs.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What runs need.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub runner: Arc<dyn Runner>,
    pub statistics: Statistics,
    pub profiler: Arc<Profiler>,
    pub moods: PopularMoods,
    /// Reads ahead after a finished list.
    pub prefetch: Option<Prefetch>,
    /// At once, a few of them of one user; more wait in order of arrival.
    pub concurrent: usize,
    /// Of one run, from its real start.
    pub deadline: Duration,
    /// How long the memory of finished runs is kept.
    pub keep_events: Duration,
}

/// A run that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub user: String,
    /// The body as it came, to resume the run from.
    pub body: Value,
    /// The body, checked.
    pub request: MoodRequest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Started {
    pub session_id: Uuid,
    /// `pending`, or `completed` when the list of a popular mood was at hand.
    pub status: Status,
    pub mood_prompt: String,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Absent, or somebody else's.
    #[error("no such session")]
    Absent,
    /// It has ended otherwise.
    #[error("the run is already {}", .0.name())]
    Ended(Status),
    /// Only a completed run has a list to change.
    #[error("the run is {}, not completed", .0.name())]
    NotCompleted(Status),
    /// The change does not fit the list.
    #[error("{0}")]
    Edit(String),
    /// The change is about a track that is not there.
    #[error("the track is not in the list")]
    NoTrack,
    /// Too many runs wait already.
    #[error("too many runs wait; come back later")]
    Full,
    #[error("the service is shutting down")]
    Stopping,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Absent = error { Self::Absent } else { Self::Store(error) }
    }
}

/// All runs of this process. Cheap to clone.
#[derive(Clone)]
pub struct Runs(pub(super) Arc<Hall>);

/// What they share.
pub(super) struct Hall {
    pub(super) parts: Parts,
    /// Under way, waiting, or ended not long ago.
    pub(super) live: Mutex<HashMap<Uuid, Arc<Live>>>,
    /// Sessions of ended runs that are in memory, in the order of their ends.
    pub(super) ended: Mutex<VecDeque<Uuid>>,
    pub(super) lobby: Lobby,
    pub(super) tallies: Tallies,
    pub(super) owner: Owner,
    pub(super) locks: Locks,
    stopping: CancellationToken,
}

impl Runs {
    pub fn new(parts: Parts) -> Self {
        let lobby = Lobby::with(parts.concurrent);
        Self(Arc::new(Hall {
            parts,
            live: Mutex::default(),
            ended: Mutex::default(),
            lobby,
            tallies: Tallies::default(),
            owner: Owner::this_process(),
            locks: Locks::default(),
            stopping: CancellationToken::new(),
        }))
    }

    /// Accepts a run; its row is kept when this returns. In a task of its own: a caller who hangs up
    /// must not leave a row behind that nobody runs.
    pub async fn start(&self, start: Start) -> Result<Started, RunError> {
        detached(self.0.clone().accept(start)).await
    }

    /// The row at its end, or as it is after `limit`.
    pub async fn wait(&self, user: &str, session: Uuid, limit: Duration) -> Result<Playlist, RunError> {
        let until = Instant::now() + limit;
        if let Some(live) = self.0.live(session) {
            // Time is up or the run has ended: the row is read either way.
            let _ = timeout(limit, live.until_end()).await;
        }
        loop {
            let row = self.0.row(user, session).await?;
            if row.status.is_end() || Instant::now() >= until {
                return Ok(row);
            }
            sleep(LOOK_EVERY.min(until - Instant::now())).await;
        }
    }

    /// The row, with what is known better here of a run under way.
    pub async fn playlist(&self, user: &str, session: Uuid) -> Result<Playlist, RunError> {
        self.0.row(user, session).await
    }

    pub async fn status(&self, user: &str, session: Uuid) -> Result<StatusDocument, RunError> {
        self.0.row(user, session).await.map(StatusDocument::of)
    }

    /// All events after number `after`, then those to come, up to the last one. Of a run that ended
    /// before this process began, or long ago, the last one is told.
    pub async fn events(
        &self,
        user: &str,
        session: Uuid,
        after: Option<u64>,
    ) -> Result<BoxStream<'static, Event>, RunError> {
        if let Some(live) = self.0.live(session) {
            let own = live.user == user;
            return if own { Ok(live.feed.read(after).boxed()) } else { Err(RunError::Absent) };
        }
        let row = self.0.row(user, session).await?;
        let (store, deadline) = (self.0.parts.store.clone(), self.0.parts.deadline);
        Ok(elsewhere::follow(store, row, after.unwrap_or(0), deadline).boxed())
    }

    /// Ends a run as `cancelled`; one that is already cancelled stays so.
    pub async fn cancel(&self, user: &str, session: Uuid) -> Result<Playlist, RunError> {
        let (hall, user) = (self.0.clone(), user.to_owned());
        detached(async move { hall.cancel(&user, session).await }).await
    }

    /// Deletes a list; a run on its way ends as `cancelled`.
    pub async fn delete(&self, user: &str, id: i64) -> Result<Uuid, RunError> {
        let (hall, user) = (self.0.clone(), user.to_owned());
        detached(async move { hall.delete(&user, id).await }).await
    }

    /// Under way or waiting here, oldest first.
    pub fn active(&self) -> Vec<ActiveRun> {
        let live = self.0.lives();
        let mut active: Vec<ActiveRun> =
            live.values().filter(|live| !live.has_ended()).map(|live| live.active()).collect();
        active.sort_by_key(|run| (run.created_at, run.session_id));
        active
    }

    pub fn counters(&self) -> Counters {
        self.0.tallies.read()
    }

    pub fn statistics(&self) -> &Statistics {
        &self.0.parts.statistics
    }

    /// Accepts no more runs, and waits until those under way have ended or `limit` has passed. What is
    /// left is taken up again by the next process.
    pub async fn drain(&self, limit: Duration) {
        self.0.stopping.cancel();
        let under_way: Vec<Arc<Live>> = self.0.lives().values().cloned().collect();
        let ends = futures_util::future::join_all(under_way.iter().map(|live| live.until_end()));
        let _ = timeout(limit, ends).await;
    }
}

/// A change, made to its end in a task of its own: a caller who hangs up must not leave half of it.
pub(super) async fn detached<T: Send + 'static>(
    change: impl Future<Output = Result<T, RunError>> + Send + 'static,
) -> Result<T, RunError> {
    tokio::spawn(trace::within(trace::current(), change)).await.unwrap_or(Err(RunError::Stopping))
}

impl Hall {
    async fn cancel(&self, user: &str, session: Uuid) -> Result<Playlist, RunError> {
        self.row(user, session).await?;
        let reason = "cancelled by the user";
        match self.parts.store.end(session, Status::Cancelled, reason, &json!({})).await {
            Ok(()) => {
                self.stop(session);
                self.parts.statistics.changed(user).await;
            }
            Err(StoreError::Passed(Status::Cancelled)) => {}
            Err(StoreError::Passed(status)) if status.is_end() => return Err(RunError::Ended(status)),
            Err(error) => return Err(error.into()),
        }
        self.row(user, session).await
    }

    async fn delete(&self, user: &str, id: i64) -> Result<Uuid, RunError> {
        let session = self.parts.store.delete(user, id).await?;
        self.stop(session);
        self.parts.statistics.changed(user).await;
        Ok(session)
    }

    async fn accept(self: Arc<Self>, start: Start) -> Result<Started, RunError> {
        if self.stopping.is_cancelled() {
            return Err(RunError::Stopping);
        }
        // Arrival is now, not when the store has answered.
        let Start { user, body, request } = start;
        let turn = self.lobby.enter(&user);
        let held = self.parts.moods.answer(&user, &request).await;
        if turn.is_none() && held.is_none() {
            return Err(RunError::Full);
        }
        let metadata = json!({"owner": self.owner.to_string(), "fresh": request.fresh});
        let (session, mood_prompt) = (Uuid::new_v4(), request.mood_prompt.clone());
        let new = NewRun {
            session_id: session,
            user_id: user.clone(),
            mood_prompt: mood_prompt.clone(),
            request: body,
            metadata,
        };
        let row = self.parts.store.begin(&new).await?;
        self.parts.statistics.changed(&user).await;
        self.tallies.accepted();
        let begun = Instant::now();
        if let Some(held) = held
            && let Ok(row) = self.parts.store.complete(session, &held.as_list(&row)).await
        {
            self.parts.statistics.changed(&user).await;
            self.tallies.ended(row.status, begun.elapsed());
            self.parts.profiler.metrics().run(row.status, begun.elapsed());
            return Ok(Started { session_id: session, status: row.status, mood_prompt });
        }
        // A list that was held but could not be kept is rare enough to wait beyond the limit.
        let turn = turn.unwrap_or_else(|| self.lobby.queue(&user));
        let live = self.enter(&row, 0);
        let run = self.drive(live, Job { session, user, request, warming: false }, turn);
        tokio::spawn(trace::within(trace::current(), run));
        Ok(Started { session_id: session, status: row.status, mood_prompt })
    }

    /// From now on the run is known here.
    pub(super) fn enter(&self, row: &Playlist, told: u64) -> Arc<Live> {
        let live = Live::new(row, told);
        self.lives().insert(row.session_id, live.clone());
        live
    }

    /// The row of a user's run.
    pub(super) async fn row(&self, user: &str, session: Uuid) -> Result<Playlist, RunError> {
        let live = self.live(session);
        if live.as_ref().is_some_and(|live| live.user != user) {
            return Err(RunError::Absent);
        }
        let mut row = self.parts.store.by_session(session).await?;
        if row.user_id != user {
            return Err(RunError::Absent);
        }
        if let Some(live) = live {
            live.lay_over(&mut row);
        }
        Ok(row)
    }

    /// The row has its end: the run need not go on.
    fn stop(&self, session: Uuid) {
        if let Some(live) = self.live(session) {
            live.stop.cancel();
        }
    }

    fn live(&self, session: Uuid) -> Option<Arc<Live>> {
        self.lives().get(&session).cloned()
    }

    pub(super) fn lives(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Live>>> {
        self.live.lock().expect("no panic while it is held")
    }
}
