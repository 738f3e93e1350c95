//! Runs that ended with their process are taken up again, by one process only.
//!
//! A run is left when its owner is known to be dead, or when its row has not moved for four heartbeats.
//! Taking it is one statement that succeeds only on the row as it was seen, so of several replicas that
//! see the same, one gets it. A replica that was only frozen may still come back to a run that was
//! taken: both work then, and the first to write its end has made the list.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Job;
use super::drive::HEARTBEAT;
use super::runs::{Hall, Runs};
use super::settle::Verdict;
use crate::model::{MoodRequest, Playlist, StartBody};
use crate::store::StoreError;

/// A run without a heartbeat for this long is left.
const SILENCE: Duration = HEARTBEAT.saturating_mul(4);

/// Older runs are not wanted any more: they fail.
const YOUNG: Duration = Duration::from_secs(600);

/// Events of a run that is taken up are numbered from a multiple of this by its age, so that a reader
/// of its earlier life misses none.
const LIFE: u64 = 1_000;

impl Runs {
    /// Takes up runs that ended with their process: young ones run again from their request under the
    /// same session, others end as failed. How many run again.
    pub async fn resume_all(&self) -> Result<usize, StoreError> {
        let mut resumed = 0;
        let unfinished = self.0.parts.store.unfinished().await?;
        if unfinished.is_empty() {
            return Ok(0);
        }
        // The rows' own clock: that of this machine may be minutes off.
        let now = self.0.parts.store.now().await?;
        for row in unfinished {
            if self.0.is_left(&row, now) && self.0.claim(&row).await? {
                resumed += usize::from(self.0.take_up(row, now).await);
            }
        }
        Ok(resumed)
    }

    /// Resumes at once, and looks again for left runs as long as the process lives.
    pub fn tend(&self) -> JoinHandle<()> {
        let runs = self.clone();
        tokio::spawn(async move {
            let mut rounds = interval(SILENCE / 2);
            rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                rounds.tick().await;
                match runs.resume_all().await {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(count, "interrupted runs go on"),
                    Err(error) => tracing::warn!(%error, "cannot look for interrupted runs"),
                }
            }
        })
    }
}

impl Hall {
    fn is_left(&self, row: &Playlist, now: DateTime<Utc>) -> bool {
        if self.lives().contains_key(&row.session_id) {
            return false;
        }
        let owner = row.metadata["owner"].as_str().unwrap_or_default();
        let silence = (now - row.updated_at).to_std().unwrap_or_default();
        self.owner.knows_dead(owner) || silence > SILENCE
    }

    async fn claim(&self, row: &Playlist) -> Result<bool, StoreError> {
        self.parts.store.claim(row.session_id, row.updated_at, &self.owner.to_string()).await
    }

    /// The row is ours. Whether its run goes on.
    async fn take_up(self: &Arc<Self>, row: Playlist, now: DateTime<Utc>) -> bool {
        let age = (now - row.created_at).to_std().unwrap_or_default();
        let live = self.enter(&row, (age.as_secs() + 1) * LIFE);
        self.tallies.accepted();
        let (session, user) = (row.session_id, row.user_id.clone());
        let Some(request) = request(row).filter(|_| age < YOUNG) else {
            let verdict = Verdict::failed("interrupted by a restart of the service", json!({}));
            self.finish(&live, None, verdict, Duration::ZERO).await;
            return false;
        };
        // It has waited before: it is never turned away.
        let turn = self.lobby.queue(&user);
        let job = Job { session, user, request, warming: false };
        tokio::spawn(self.clone().drive(live, job, turn));
        true
    }
}

/// The request as it was accepted, if this release can read it.
fn request(row: Playlist) -> Option<MoodRequest> {
    let fresh = row.metadata["fresh"].as_bool().unwrap_or(false);
    let mut body: StartBody = serde_json::from_value(row.request).ok()?;
    body.mood_prompt.get_or_insert(row.mood_prompt);
    let request = body.check().ok()?;
    Some(MoodRequest { fresh, ..request })
}
