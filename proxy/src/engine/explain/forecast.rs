use std::time::Duration;

use tokio::time::Instant;

use super::model::{Answered, Breaker, Budget, Forecast};
use super::{Engine, NEWCOMER};
use crate::budget::Lane;

impl Engine {
    /// What these calls would meet; the last `refreshes` of them nobody waits for.
    pub(super) fn forecast(&self, requests: Vec<String>, ids: usize, refreshes: usize) -> Forecast {
        let suspended = self.dispatch.suspended().is_some();
        let awaited = requests.len() - refreshes;
        let lane = if awaited > 0 { Lane::Interactive } else { Lane::Refresh };
        let deadline = Instant::now() + self.terms().queue_timeout;
        let foresee = |calls| self.budget.foresee(lane, NEWCOMER, calls, deadline);
        // Those of one request queue together as far as they run together; the rest comes later.
        let together = awaited.clamp(1, self.terms().max_parallel_per_request.max(1));
        let refused = suspended || !foresee(together).in_time;
        let idle = requests.is_empty() || (awaited == 0 && (suspended || self.budget.allows_none()));
        let calls = if idle { 0 } else { requests.len() };
        Forecast {
            calls,
            ids: if idle { 0 } else { ids },
            requests: requests.into_iter().take(calls).map(|target| format!("GET {target}")).collect(),
            lane: (calls > 0).then(|| lane.name().to_owned()),
            projected_wait_seconds: if idle {
                Some(0.0)
            } else {
                foresee(1).wait.as_ref().map(Duration::as_secs_f64)
            },
            would_be_refused: awaited > 0 && refused,
            in_flight_already: 0,
            breaker: if suspended { Breaker::Open } else { Breaker::Closed },
            budget: self.budget_now(),
        }
    }

    fn budget_now(&self) -> Budget {
        let now = self.budget.snapshot();
        Budget {
            rate_per_minute: now.rate_per_minute,
            started_last_minute: now.started_last_minute,
            in_flight: now.in_flight,
            queued: now.queued.map(|(lane, queued)| (lane.name().to_owned(), queued)).into(),
            hold_seconds: now.hold.as_ref().map(Duration::as_secs_f64),
        }
    }
}

impl Forecast {
    /// How an answer that waits for these calls would come about.
    pub(super) fn or_refusal(&self, answer: Answered) -> Answered {
        match (self.would_be_refused, self.breaker) {
            (false, _) => answer,
            (true, Breaker::Open) => Answered::Suspended,
            (true, Breaker::Closed) => Answered::Budget,
        }
    }
}
