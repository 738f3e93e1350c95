//! One run, from its place in the queue to its end.
//!
//! Four things can end it, and the first one drops all others: its own result, its deadline, the word
//! that its row has ended already, and a heartbeat that finds it so. Only then, with the runner's future
//! gone and its place free for the next one, is the end written; so nothing of the run can come after it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use recobeat_ops::trace::{self, Context};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

use super::live::{End, Live, Told};
use super::runs::Hall;
use super::settle::Verdict;
use super::turn::Turn;
use super::{Job, STORE_PATIENCE};
use crate::model::{MoodRequest, Status};
use crate::pipeline::Finished;
use crate::profile::names;

/// A run finishes what it has at its deadline by itself; one that hangs is ended this much later.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Each run says this often in its row that it is alive. Four missed beats give it free to others.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

impl Hall {
    /// The one task of a run.
    pub(super) async fn drive(self: Arc<Self>, live: Arc<Live>, job: Job, turn: Turn) {
        let (told, mut scribe) = Told::new(live.clone(), self.parts.store.clone());
        let request = job.request.clone();
        let mut begun = None;
        let verdict = tokio::select! {
            biased;
            () = live.stop.cancelled() => Verdict::Elsewhere,
            never = beat(&told) => match never {},
            never = scribe.write_on() => match never {},
            verdict = self.work(told.clone(), job, turn, &mut begun) => verdict,
        };
        let took = begun.map_or(Duration::ZERO, |at: Instant| at.elapsed());
        if !matches!(verdict, Verdict::Elsewhere) {
            // In vain if the store is frozen: the end says what matters.
            let _ = timeout(STORE_PATIENCE, scribe.catch_up()).await;
        }
        self.finish(&live, Some(&request), verdict, took).await;
    }

    /// Writes the end, then tells it: who hears of it finds it everywhere.
    pub(super) async fn finish(
        self: &Arc<Self>,
        live: &Arc<Live>,
        request: Option<&MoodRequest>,
        verdict: Verdict,
        took: Duration,
    ) {
        let list = if let Verdict::Completed(list) = &verdict { Some(list.clone()) } else { None };
        let end = {
            let _measured = self.parts.profiler.measure(names::PERSISTENCE);
            self.settle(live, verdict).await
        };
        self.parts.statistics.changed(&live.user).await;
        if let (Some(request), Some(list), Status::Completed) = (request, list, end.status) {
            self.after_completion(live, request, &list).await;
        }
        self.tallies.ended(end.status, took);
        self.parts.profiler.metrics().run(end.status, took);
        tracing::info!(
            session = %live.session,
            trace_id = trace::current().as_ref().map(Context::trace_id),
            status = end.status.name(), tracks = end.tracks,
            seconds = took.as_secs_f64(), error = end.error.as_deref(), "run ended"
        );
        self.leave(live, &end);
    }

    /// Waits for its turn and runs, within the deadline.
    async fn work(&self, told: Arc<Told>, job: Job, turn: Turn, begun: &mut Option<Instant>) -> Verdict {
        let _place = turn.come().await;
        *begun = Some(Instant::now());
        let limit = self.parts.deadline + GRACE;
        // A runner that panics ends its run, not the task that has to tell so.
        let run = AssertUnwindSafe(self.parts.runner.run(job, told)).catch_unwind();
        match timeout(limit, run).await {
            Ok(Ok(Ok(list))) if list.recommendations.is_empty() => {
                Verdict::failed("no track could be found", list.metadata)
            }
            Ok(Ok(Ok(list))) => Verdict::Completed(list),
            Ok(Ok(Err(failure))) => Verdict::failed(&failure.reason, failure.metadata),
            Ok(Err(_panic)) => Verdict::failed("an internal error", json!({})),
            Err(_) => {
                let reason = format!("no result within {} s", self.parts.deadline.as_secs());
                Verdict::failed(&reason, json!({"deadline_exceeded": true}))
            }
        }
    }

    /// What a finished list is good for beside its user.
    async fn after_completion(&self, live: &Live, request: &MoodRequest, list: &Finished) {
        self.parts.moods.learn(request, list).await;
        if let Some(prefetch) = &self.parts.prefetch {
            prefetch.after(&live.user, &list.recommendations);
        }
    }

    /// Counts an ended run among those that are remembered, and forgets the one that ended first when
    /// there are too many: its row tells what it was.
    pub(super) fn remember(&self, session: Uuid) {
        let mut ended = self.ended.lock().expect("no panic while it is held");
        ended.push_back(session);
        if ended.len() > REMEMBERED
            && let Some(oldest) = ended.pop_front()
        {
            self.lives().remove(&oldest);
        }
    }

    /// Tells the end, and forgets the run some time later.
    fn leave(self: &Arc<Self>, live: &Arc<Live>, end: &End) {
        live.end(end);
        let (hall, session, keep) = (Arc::downgrade(self), live.session, self.parts.keep_events);
        self.remember(live.session);
        tokio::spawn(async move {
            sleep(keep).await;
            if let Some(hall) = hall.upgrade() {
                hall.lives().remove(&session);
            }
        });
    }
}

/// Ended runs that are kept in memory. A busy day must not fill it.
pub(super) const REMEMBERED: usize = 5_000;

/// Keeps the row young, and hears from it whether the run is still wanted. Never returns: what it hears
/// goes to `stop`.
async fn beat(told: &Told) -> std::convert::Infallible {
    let mut beats = interval(HEARTBEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The row was written just now.
    beats.tick().await;
    loop {
        beats.tick().await;
        told.beat().await;
    }
}

/// The name a list goes by until somebody gives it another one.
pub(super) fn named(mood_prompt: &str, created_at: chrono::DateTime<chrono::Utc>) -> Value {
    const LONGEST: usize = 60;
    let mut letters = mood_prompt.chars();
    let mut mood: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        mood.push('…');
    }
    json!({"name": format!("{mood} – {}", created_at.format("%Y-%m-%d"))})
}
