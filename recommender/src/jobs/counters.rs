//! How the runs of this process ended.

use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Status;

/// Runs of this process since its start.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
pub struct Counters {
    /// Accepted.
    pub total: u64,
    /// Under way or waiting.
    pub active: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
    /// Completed of those that were not cancelled, 0 to 1; none before the first.
    pub success_rate: Option<f64>,
    /// From the start to the end of completed runs, in seconds, without the time in the queue.
    pub mean_seconds: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Sums>);

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    counters: Counters,
    seconds: f64,
}

impl Tallies {
    pub(super) fn accepted(&self) {
        self.change(|sums| {
            sums.counters.total += 1;
            sums.counters.active += 1;
        });
    }

    pub(super) fn ended(&self, status: Status, took: Duration) {
        self.change(|Sums { counters, seconds }| {
            counters.active -= 1;
            match status {
                Status::Completed => {
                    counters.completed += 1;
                    *seconds += took.as_secs_f64();
                }
                Status::Cancelled => counters.cancelled += 1,
                _ => counters.failed += 1,
            }
        });
    }

    #[allow(clippy::cast_precision_loss, reason = "rates for people")]
    pub(super) fn read(&self) -> Counters {
        let Sums { counters, seconds } = *self.0.lock().expect("no panic while it is held");
        let decided = counters.completed + counters.failed;
        let completed = counters.completed as f64;
        Counters {
            success_rate: (decided > 0).then(|| completed / decided as f64),
            mean_seconds: (counters.completed > 0).then(|| seconds / completed),
            ..counters
        }
    }

    fn change(&self, change: impl FnOnce(&mut Sums)) {
        change(&mut self.0.lock().expect("no panic while it is held"));
    }
}
