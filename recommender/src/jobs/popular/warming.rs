//! The worker that makes lists of moods.
//!
//! It exists while there is something to make. Joining the queue and ending the worker are decided under
//! one lock, so a mood that was queued is made, and two workers never work.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, MutexGuard};

use futures_util::FutureExt;
use tokio::time::timeout;
use uuid::Uuid;

use super::key;
use super::moods::{Moods, PopularMoods, is_partial};
use crate::jobs::Job;
use crate::jobs::drive::GRACE;
use crate::jobs::runner::Unwatched;
use crate::model::MoodRequest;

/// Moods that may wait; many times those there are.
const WAITING: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Warming {
    /// With the one that is being made, which stands first until it is made.
    moods: VecDeque<Wanted>,
    working: bool,
}

#[derive(Debug, Clone)]
struct Wanted {
    mood: String,
    /// Also when a fresh list is held.
    anew: bool,
}

impl PopularMoods {
    /// Makes these lists anew (those of all moods without a choice), one at a time, in the background;
    /// which they are.
    pub fn warm(&self, moods: Option<Vec<String>>) -> Vec<String> {
        let moods = moods.unwrap_or_else(|| self.moods());
        self.want(moods.clone(), true);
        moods
    }

    /// Makes those of these lists that are not held fresh when their turn comes: another replica may
    /// have made them meanwhile.
    pub(crate) fn refresh(&self, moods: Vec<String>) {
        self.want(moods, false);
    }

    fn want(&self, moods: Vec<String>, anew: bool) {
        let begin = {
            let mut warming = self.0.warming();
            for mood in moods {
                let known = warming.moods.iter().position(|wanted| key(&wanted.mood) == key(&mood));
                match known {
                    Some(at) => warming.moods[at].anew |= anew,
                    None if warming.moods.len() < WAITING => warming.moods.push_back(Wanted { mood, anew }),
                    None => tracing::warn!("too many moods wait to be warmed"),
                }
            }
            let begin = !warming.working && !warming.moods.is_empty();
            warming.working |= begin;
            begin
        };
        if begin {
            tokio::spawn(work(self.clone()));
        }
    }
}

async fn work(moods: PopularMoods) {
    while let Some(wanted) = moods.0.first() {
        if wanted.anew || !moods.0.holds_fresh(&wanted.mood).await {
            make(&moods, &wanted.mood).await;
        }
        moods.0.warming().moods.pop_front();
    }
}

/// One list. A mood that cannot be made is told in the log, and does not stop the others.
async fn make(moods: &PopularMoods, mood: &str) {
    let job = Job {
        session: Uuid::new_v4(),
        // Nobody's: what is kept per user is kept for all warmings together.
        user: String::new(),
        request: MoodRequest::of(mood),
        warming: true,
    };
    let limit = job.deadline(moods.0.deadline) + GRACE;
    let run = AssertUnwindSafe(moods.0.runner.run(job, Arc::new(Unwatched))).catch_unwind();
    match timeout(limit, run).await {
        Ok(Ok(Ok(list))) if is_partial(&list) => tracing::warn!(mood, "a popular mood came out partial"),
        Ok(Ok(Ok(list))) => {
            tracing::debug!(mood, tracks = list.recommendations.len(), "a popular mood is warm");
            moods.store(mood, &list).await;
        }
        Ok(Ok(Err(failure))) => tracing::warn!(mood, reason = failure.reason, "a popular mood failed"),
        Ok(Err(_panic)) => tracing::error!(mood, "a popular mood failed by an internal error"),
        Err(_) => tracing::warn!(mood, "a popular mood took too long"),
    }
}

impl Moods {
    /// The next mood; without one the worker has ended.
    fn first(&self) -> Option<Wanted> {
        let mut warming = self.warming();
        let first = warming.moods.front().cloned();
        warming.working = first.is_some();
        first
    }

    fn warming(&self) -> MutexGuard<'_, Warming> {
        self.warming.lock().expect("no panic while it is held")
    }
}
