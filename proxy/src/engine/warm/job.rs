use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::estimate::Estimate;
use super::feed::{Event, EventKind, Feed};
use crate::clock::Timestamp;

/// Failures told one by one; the rest is counted.
const TOLD: usize = 100;
/// Calls after which a job's own pace says more than the budget's rate.
const PACE: usize = 5;

/// What became of the items so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub done: usize,
    /// Fresh already.
    pub held: usize,
    pub fetched: usize,
    /// The upstream lacks them.
    pub missing: usize,
    pub failed: usize,
    pub calls: usize,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Complete,
    Cancelled,
    /// Some items failed twice.
    Incomplete,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub item: String,
    pub reason: String,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    pub id: String,
    /// `running`, or how it ended.
    pub state: String,
    /// `None` while it runs.
    pub outcome: Option<Outcome>,
    /// Milliseconds since 1970.
    pub started_at: u64,
    pub plan: Estimate,
    pub progress: Value,
    /// The first hundred.
    pub failures: Vec<Failed>,
}

#[derive(Debug)]
pub struct Job {
    id: String,
    started_at: Timestamp,
    begun: Instant,
    plan: Estimate,
    feed: Arc<Feed>,
    state: Mutex<State>,
    cancel: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    tally: Tally,
    failures: Vec<Failed>,
    seconds_left: Option<u64>,
    waiting: Option<String>,
    outcome: Option<Outcome>,
}

impl Job {
    pub(super) fn new(id: String, started_at: Timestamp, plan: Estimate) -> Self {
        let state = Mutex::new(State { seconds_left: plan.seconds, ..State::default() });
        let feed = Arc::new(Feed::new());
        let mut told = serde_json::to_value(plan).unwrap_or_default();
        told["id"] = json!(id);
        feed.tell(EventKind::Plan, told);
        Self { id, started_at, begun: Instant::now(), plan, feed, state, cancel: watch::Sender::new(false) }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn plan(&self) -> Estimate {
        self.plan
    }

    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    /// `None` while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.state().outcome
    }

    pub fn status(&self) -> Status {
        let state = self.state();
        let name = |outcome| json!(outcome).as_str().unwrap_or_default().to_owned();
        Status {
            id: self.id.clone(),
            state: state.outcome.map_or_else(|| "running".to_owned(), name),
            outcome: state.outcome,
            started_at: self.started_at.0,
            plan: self.plan,
            progress: self.progress(&state),
            failures: state.failures.clone(),
        }
    }

    /// The events after number `after`, then those to come, up to the last.
    pub fn events(&self, after: u64) -> impl Stream<Item = Event> + Send + use<> {
        self.feed.read(after)
    }

    /// Asks for nothing more. What is under way ends on its own and is kept.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    pub(super) async fn cancelled(&self) {
        // An error would mean that this job is gone, whose sender we hold.
        let _ = self.cancel.subscribe().wait_for(|cancelled| *cancelled).await;
    }

    pub(super) fn count(&self, act: impl FnOnce(&mut Tally)) {
        act(&mut self.state().tally);
    }

    pub(super) fn fail(&self, item: String, reason: String) {
        let mut state = self.state();
        state.tally.failed += 1;
        state.tally.done += 1;
        if state.failures.len() < TOLD {
            let failed = Failed { item, reason };
            self.feed.tell(EventKind::Failed, json!(failed));
            state.failures.push(failed);
        }
    }

    /// Tells how far it is. `left` is how long so many calls take at the budget's rate.
    pub(super) fn tell(&self, waiting: Option<String>, left: impl FnOnce(usize) -> Option<Duration>) {
        let mut state = self.state();
        let calls = self.plan.calls.saturating_sub(state.tally.calls);
        let paced = u32::try_from(state.tally.calls).ok().filter(|made| *made as usize >= PACE);
        let paced = paced.map(|made| self.begun.elapsed() / made * u32::try_from(calls).unwrap_or(u32::MAX));
        state.seconds_left = left(calls).map(|left| left.max(paced.unwrap_or_default()).as_secs());
        state.waiting = waiting;
        self.feed.tell(EventKind::Progress, self.progress(&state));
    }

    pub(super) fn end(&self, outcome: Outcome) {
        let mut state = self.state();
        state.outcome = Some(outcome);
        state.waiting = None;
        state.seconds_left = Some(0);
        let mut told = self.progress(&state);
        told["outcome"] = json!(outcome);
        told["seconds"] = json!(self.begun.elapsed().as_secs());
        self.feed.tell(EventKind::Done, told);
    }

    fn progress(&self, state: &State) -> Value {
        let mut told = json!(state.tally);
        told["total"] = json!(self.plan.total);
        told["seconds_left"] = json!(state.seconds_left);
        told["waiting"] = json!(state.waiting);
        told
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
