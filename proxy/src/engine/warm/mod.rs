//! Fetching ahead what an operator knows will be asked for: many ids and URLs as one job.
//!
//! A job goes through its order window by window: what is held fresh is skipped, the rest is asked in
//! full batches in the warm lane, a few calls at a time. So a million ids cost neither a flight each
//! nor anybody's turn, and what a job has learned is the only thing it keeps: the same order again,
//! after a restart or a cancellation, asks for the rest.
//!
//! A job runs on the engine's runtime. Who started it may go and come back: its progress is numbered
//! events that can be read again.

mod estimate;
mod feed;
mod job;
mod jobs;
mod order;
mod places;
mod run;

pub use estimate::Estimate;
pub use feed::{Event, EventKind};
pub use job::{Failed, Job, Outcome, Status, Tally};
pub use jobs::{Busy, Jobs};
pub use order::{Bad, MOST_IDS, MOST_URLS, Order, Wanted, read_id, read_url};

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::Engine;
use crate::api::Request;
use crate::guard;

/// Calls of all jobs take turns as one client's. No other has this address.
const WARMER: IpAddr = IpAddr::V4(Ipv4Addr::new(0, 0, 0, 1));

impl Engine {
    /// All jobs, running and ended.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// What a job would find and ask, without starting it.
    pub async fn estimate(&self, order: &Order) -> Estimate {
        self.survey(order).await
    }

    /// Starts a job.
    ///
    /// # Errors
    /// [`Busy`] while as many run as may.
    pub async fn warm(self: &Arc<Self>, order: Order) -> Result<Arc<Job>, Busy> {
        let place = self.jobs.enter()?;
        let plan = self.survey(&order).await;
        let job = self.jobs.begin(plan, self.store.now());
        tracing::info!(job = job.id(), total = plan.total, calls = plan.calls, "warming begins");
        let running = Running { engine: Arc::clone(self), job: Arc::clone(&job), place: Some(place) };
        self.jobs.runtime().spawn(async move { run::run(&running.engine, &running.job, order).await });
        Ok(job)
    }

    /// Why a request that is kept whole would never be asked.
    pub fn unwarmable(&self, wanted: &Wanted) -> Option<Bad> {
        let Wanted::Body(body) = wanted else { return None };
        let request = Request::Body((**body).clone());
        guard::refusal(&self.terms().rules, &request).map(|_| Bad::Rule)
    }
}

/// A job under way. Whatever ends it, its place is given back and its readers are told.
struct Running {
    engine: Arc<Engine>,
    job: Arc<Job>,
    place: Option<OwnedSemaphorePermit>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.job.outcome().is_none() {
            self.job.end(Outcome::Incomplete);
        }
        self.place.take().into_iter().for_each(|place| self.engine.jobs.ended(place));
    }
}
