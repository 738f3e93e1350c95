//! The end of a run, written.
//!
//! The store decides: its statement changes a row only while the run is under way. Whoever is refused
//! reads what the run has become and tells that. A write whose answer is lost is tried again, and finds
//! its own work done. A store that stays away costs the list, never half of one: the run has failed then
//! for those who listen, and the row is told so as soon as somebody can tell it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::STORE_PATIENCE;
use super::drive::named;
use super::live::{End, Live};
use super::runs::Hall;
use crate::model::Status;
use crate::pipeline;
use crate::store::{Finished, StoreError};

/// Before each further try.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// Between tries to tell a store that was away of a failed run; and how many of them.
const LATE_EVERY: Duration = Duration::from_secs(15);
const LATE_TRIES: u32 = 240;

/// What a run came to, before the store has said so.
#[derive(Debug)]
pub(super) enum Verdict {
    Completed(pipeline::Finished),
    Failed {
        reason: String,
        metadata: Value,
    },
    /// Its row ended before it did.
    Elsewhere,
}

impl Verdict {
    pub(super) fn failed(reason: &str, metadata: Value) -> Self {
        Self::Failed { reason: reason.to_owned(), metadata }
    }
}

impl Hall {
    /// Writes the end, or reads the one that was first.
    pub(super) async fn settle(self: &Arc<Self>, live: &Arc<Live>, verdict: Verdict) -> End {
        let mut verdict = verdict;
        let mut pauses = PAUSES.into_iter();
        loop {
            let tried = timeout(STORE_PATIENCE, self.write(live, &verdict)).await;
            match tried.unwrap_or(Err(StoreError::Slow(STORE_PATIENCE))) {
                Ok(Some(end)) => return end,
                // Some other end was first; a row that nobody can see any more was deleted.
                Ok(None) | Err(StoreError::Passed(_)) if !matches!(verdict, Verdict::Elsewhere) => {
                    verdict = Verdict::Elsewhere;
                }
                Ok(None) => {
                    // Somebody asked to stop a run that goes on, which nobody does.
                    verdict = Verdict::failed("interrupted", json!({}));
                }
                Err(StoreError::Absent) => {
                    let error = Some("deleted".to_owned());
                    return End { status: Status::Cancelled, error, tracks: 0 };
                }
                Err(error) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => return self.give_up(live, &error),
                },
            }
        }
    }

    /// One try. `None` when the row has not what was looked for.
    async fn write(&self, live: &Live, verdict: &Verdict) -> Result<Option<End>, StoreError> {
        let (store, session) = (&self.parts.store, live.session);
        match verdict {
            Verdict::Completed(list) => {
                let (mood_prompt, created_at) = live.origin();
                let end = Finished {
                    recommendations: list.recommendations.clone(),
                    mood_analysis: list.mood_analysis.clone(),
                    playlist_data: named(mood_prompt, created_at),
                    metadata: list.metadata.clone(),
                };
                Ok(Some(End::of(&store.complete(session, &end).await?)))
            }
            Verdict::Failed { reason, metadata } => {
                store.end(session, Status::Failed, reason, metadata).await?;
                Ok(Some(End { status: Status::Failed, error: Some(reason.clone()), tracks: 0 }))
            }
            Verdict::Elsewhere => {
                let row = store.by_session(session).await?;
                Ok(row.status.is_end().then(|| End::of(&row)))
            }
        }
    }

    fn give_up(self: &Arc<Self>, live: &Arc<Live>, error: &StoreError) -> End {
        let session = live.session;
        tracing::error!(%session, %error, "the end of a run could not be kept");
        // For users: what the database said stands in the log.
        let reason = "the playlist could not be kept: the database did not answer".to_owned();
        let end = End { status: Status::Failed, error: Some(reason.clone()), tracks: 0 };
        let (hall, user) = (self.clone(), live.user.clone());
        tokio::spawn(async move {
            for _ in 0..LATE_TRIES {
                sleep(LATE_EVERY).await;
                let told = hall.parts.store.end(session, Status::Failed, &reason, &json!({})).await;
                if let Ok(()) | Err(StoreError::Passed(_) | StoreError::Absent) = told {
                    hall.parts.statistics.changed(&user).await;
                    return;
                }
            }
        });
        end
    }
}
