//! A run in memory: where it stands, what it has told, and the word to stop.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::events::{EventKind, Feed};
use super::{ActiveRun, STORE_PATIENCE};
use crate::model::{Playlist, Status};
use crate::pipeline::Progress;
use crate::store::{Store, StoreError};

/// A run of this process, from its acceptance until its memory is freed.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) session: Uuid,
    pub(super) user: String,
    mood_prompt: String,
    created_at: DateTime<Utc>,
    /// The row has ended without us: by a cancellation, a deletion, or somewhere else.
    pub(super) stop: CancellationToken,
    pub(super) feed: Arc<Feed>,
    place: Mutex<Place>,
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
struct Place {
    status: Status,
    step: Option<String>,
    error: Option<String>,
    /// `None` until it has been analysed.
    mood: Option<Value>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub(super) status: Status,
    pub(super) error: Option<String>,
    pub(super) tracks: usize,
}

impl End {
    pub(super) fn of(row: &Playlist) -> Self {
        let (error, tracks) = (row.error_message.clone(), row.recommendations_data.len());
        Self { status: row.status, error, tracks }
    }
}

impl Live {
    /// A run whose row is as given. `told` is the number of the last event an earlier life may have told.
    pub(super) fn new(row: &Playlist, told: u64) -> Arc<Self> {
        let place = Place { status: row.status, step: row.current_step.clone(), error: None, mood: None };
        let live = Self {
            session: row.session_id,
            user: row.user_id.clone(),
            mood_prompt: row.mood_prompt.clone(),
            created_at: row.created_at,
            stop: CancellationToken::new(),
            feed: Arc::new(Feed::after(told)),
            place: Mutex::new(place),
            ended: watch::Sender::new(false),
        };
        live.tell(&live.place(), None);
        Arc::new(live)
    }

    /// Takes a step, if it is one forwards; whether it was.
    fn step(&self, status: Status, step: &str) -> bool {
        let mut place = self.place();
        let news = place.status != status || place.step.as_deref() != Some(step);
        if !news || status.is_end() || place.status.then(status).is_err() {
            return false;
        }
        place.status = status;
        place.step = Some(step.to_owned());
        self.tell(&place, None);
        true
    }

    fn analysed(&self, mood: &Value) {
        let mut place = self.place();
        place.mood = Some(mood.clone());
        self.tell(&place, Some(mood));
    }

    /// The end, once: later ones are not heard.
    pub(super) fn end(&self, end: &End) {
        let mut place = self.place();
        if place.status.is_end() {
            return;
        }
        place.status = end.status;
        place.step = None;
        place.error.clone_from(&end.error);
        let kind = if end.status == Status::Completed { EventKind::Complete } else { EventKind::Error };
        self.feed.tell(kind, last_event(self.session, end));
        self.ended.send_replace(true);
    }

    /// What was asked for, and when.
    pub(super) fn origin(&self) -> (&str, DateTime<Utc>) {
        (&self.mood_prompt, self.created_at)
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Returns when the run has ended.
    pub(super) async fn until_end(&self) {
        // The sender is ours: it outlives the waiting.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Status and step as the store should know them.
    pub(super) fn standing(&self) -> (Status, Option<String>) {
        let place = self.place();
        (place.status, place.step.clone())
    }

    /// Memory knows a run on its way better than its row does, and so does it an end that could not be
    /// written. An end in the row is the truth.
    pub(super) fn lay_over(&self, row: &mut Playlist) {
        if row.status.is_end() {
            return;
        }
        let place = self.place();
        row.status = place.status;
        row.current_step.clone_from(&place.step);
        row.error_message.clone_from(&place.error);
        if let Some(mood) = &place.mood {
            row.mood_analysis_data = mood.clone();
        }
    }

    pub(super) fn active(&self) -> ActiveRun {
        let (status, current_step) = self.standing();
        ActiveRun {
            session_id: self.session,
            user_id: self.user.clone(),
            mood_prompt: self.mood_prompt.clone(),
            status,
            current_step,
            created_at: self.created_at,
        }
    }

    /// Under the lock: events come in the order of the steps.
    fn tell(&self, place: &Place, mood: Option<&Value>) {
        let mut data =
            json!({"session_id": self.session, "status": place.status, "current_step": place.step});
        if let Some(mood) = mood {
            data["mood_analysis"] = mood.clone();
        }
        self.feed.tell(EventKind::Status, data);
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().expect("no panic while it is held")
    }
}

/// What the last event of a run says.
pub(super) fn last_event(session: Uuid, end: &End) -> Value {
    json!({
        "session_id": session,
        "status": end.status,
        "current_step": null,
        "recommendation_count": end.tracks,
        "error": end.error,
    })
}

/// Takes a run's steps to memory and to its readers, at once, and leaves the store to a [`Scribe`].
pub(super) struct Told {
    live: Arc<Live>,
    store: Arc<dyn Store>,
    /// How often there was something new.
    news: watch::Sender<u64>,
}

/// Writes to the row what a run has told. Only the latest counts: a store that is slow misses steps, and
/// no run waits for it.
pub(super) struct Scribe {
    told: Arc<Told>,
    news: watch::Receiver<u64>,
    written: u64,
    analysed: bool,
}

impl Scribe {
    /// Goes on for ever.
    pub(super) async fn write_on(&mut self) -> Infallible {
        loop {
            let written = self.written;
            // The sender is ours: it outlives the waiting.
            let _ = self.news.wait_for(|news| *news != written).await;
            self.catch_up().await;
        }
    }

    /// Writes what is not written yet; cut short, it can begin again.
    pub(super) async fn catch_up(&mut self) {
        let news = *self.news.borrow();
        if news == self.written {
            return;
        }
        let told = &self.told;
        let mood = if self.analysed { None } else { told.live.place().mood.clone() };
        if let Some(mood) = mood {
            let written = told.store.analysed(told.live.session, &mood);
            told.heed(timeout(STORE_PATIENCE, written).await);
            self.analysed = true;
        }
        told.beat().await;
        self.written = news;
    }
}

impl Told {
    pub(super) fn new(live: Arc<Live>, store: Arc<dyn Store>) -> (Arc<Self>, Scribe) {
        let told = Arc::new(Self { live, store, news: watch::Sender::new(0) });
        let news = told.news.subscribe();
        (told.clone(), Scribe { told, news, written: 0, analysed: false })
    }

    /// A store that fails here costs a step in the row, not the run. One that says the row has ended
    /// stops it.
    fn heed(&self, answer: Result<Result<(), StoreError>, tokio::time::error::Elapsed>) {
        let session = self.live.session;
        match answer {
            Ok(Err(StoreError::Absent)) => self.live.stop.cancel(),
            Ok(Err(StoreError::Passed(status))) if status.is_end() => self.live.stop.cancel(),
            Ok(Ok(()) | Err(StoreError::Passed(_))) => {}
            Ok(Err(error)) => tracing::warn!(%session, %error, "a step could not be kept"),
            Err(error) => tracing::warn!(%session, %error, "a step could not be kept in time"),
        }
    }

    /// Says where the run stands and that it is alive, in its row.
    pub(super) async fn beat(&self) {
        let (status, step) = self.live.standing();
        let written = self.store.advance(self.live.session, status, step.as_deref());
        self.heed(timeout(STORE_PATIENCE, written).await);
    }
}

#[async_trait]
impl Progress for Told {
    async fn at(&self, status: Status, step: &str) {
        if self.live.step(status, step) {
            self.news.send_modify(|news| *news += 1);
        }
    }

    async fn mood(&self, analysis: &Value) {
        self.live.analysed(analysis);
        self.news.send_modify(|news| *news += 1);
    }
}
