use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::estimate::Estimate;
use super::job::Job;
use super::places::Places;
use crate::clock::Timestamp;
use crate::telemetry::Metrics;

/// Jobs at once.
const RUNNING: usize = 2;
/// Ended jobs that are remembered.
const ENDED: usize = 10;

/// As many jobs run as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{RUNNING} warm jobs run already; wait for one, or cancel it with DELETE /warm/{{id}}")]
pub struct Busy;

/// The jobs of a proxy.
#[derive(Debug)]
pub struct Jobs {
    places: Arc<Semaphore>,
    pub(super) calls: Places,
    known: Mutex<VecDeque<Arc<Job>>>,
    metrics: Arc<Metrics>,
    runtime: Handle,
}

impl Jobs {
    pub(in crate::engine) fn new(metrics: Arc<Metrics>, runtime: Handle) -> Self {
        let (places, calls) = (Arc::new(Semaphore::new(RUNNING)), Places::new());
        Self { places, calls, known: Mutex::default(), metrics, runtime }
    }

    /// Running and ended ones, newest first.
    pub fn list(&self) -> Vec<Arc<Job>> {
        self.jobs().iter().rev().cloned().collect()
    }

    pub fn get(&self, id: &str) -> Option<Arc<Job>> {
        self.jobs().iter().find(|job| job.id() == id).cloned()
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Busy> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)
    }

    pub(super) fn begin(&self, plan: Estimate, now: Timestamp) -> Arc<Job> {
        // By chance, not counted: who asks after a restart must not meet another job.
        let id = format!("{:08x}", rand::random::<u32>());
        let job = Arc::new(Job::new(id, now, plan));
        let mut jobs = self.jobs();
        jobs.push_back(Arc::clone(&job));
        self.count(&jobs);
        job
    }

    /// Gives a place back, and forgets the oldest of too many ended jobs.
    pub(super) fn ended(&self, place: OwnedSemaphorePermit) {
        let mut jobs = self.jobs();
        let ended = |job: &Arc<Job>| job.outcome().is_some();
        while jobs.iter().filter(|job| ended(job)).count() > ENDED {
            let oldest = jobs.iter().position(ended);
            oldest.and_then(|at| jobs.remove(at));
        }
        self.count(&jobs);
        drop(place);
    }

    fn count(&self, jobs: &VecDeque<Arc<Job>>) {
        self.metrics.warm_jobs(jobs.iter().filter(|job| job.outcome().is_none()).count());
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Arc<Job>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
