//! The real runner: the pipeline, with a catalogue through the proxy that counts what it is asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use recobeat_ops::trace::{self, Kind, Span};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Job, Runner};
use crate::pipeline::{Failure, Finished, HeldMoods, Input, NothingHeld, Pipeline, Progress};
use crate::profile::{Profiler, names};
use crate::recobeat::{Client, Lane, RunTag, Tally};

/// Runs jobs through the pipeline.
pub struct Pipelined {
    client: Client,
    pipeline: Pipeline,
    profiler: Arc<Profiler>,
    /// Of one run that somebody waits for.
    deadline: Duration,
    held: Arc<dyn HeldMoods>,
}

impl Pipelined {
    pub fn new(client: Client, pipeline: Pipeline, profiler: Arc<Profiler>, deadline: Duration) -> Self {
        Self { client, pipeline, profiler, deadline, held: Arc::new(NothingHeld) }
    }

    /// Lets runs that lack tracks because something failed borrow from held lists.
    #[must_use]
    pub fn borrowing(self, held: Arc<dyn HeldMoods>) -> Self {
        Self { held, ..self }
    }
}

#[async_trait]
impl Runner for Pipelined {
    async fn run(&self, job: Job, progress: Arc<dyn Progress>) -> Result<Finished, Failure> {
        let time = job.deadline(self.deadline);
        let mut measured = self.profiler.measure(names::WORKFLOW_TOTAL).expecting(time);
        measured.note("warming", job.warming);
        let lane = if job.warming { Lane::Warm } else { Lane::Interactive };
        let tag = RunTag { session: job.session, lane, deadline: Some(Instant::now() + time) };
        let catalogue = Arc::new(self.client.for_run(tag).profiled(self.profiler.clone()));
        let input = Input {
            session: job.session,
            user: job.user,
            request: job.request,
            catalogue: catalogue.clone(),
            deadline: time,
            held: self.held.clone(),
            progress,
        };
        let mut span = Span::begin(Kind::Internal, "run", trace::current());
        span.set("recobeat.session", job.session.to_string());
        let result = trace::within(span.context(), Box::pin(self.pipeline.run(input))).await;
        if let Err(failure) = &result {
            span.fail(failure.reason.clone());
        }
        self.profiler.metrics().tallied(catalogue.tally());
        let calls = calls(catalogue.tally());
        match result {
            Ok(list) => Ok(Finished { metadata: with(list.metadata, calls), ..list }),
            Err(failure) => Err(Failure { metadata: with(failure.metadata, calls), ..failure }),
        }
    }
}

fn with(mut metadata: Value, calls: Value) -> Value {
    if metadata.is_null() {
        metadata = json!({});
    }
    metadata["calls"] = calls;
    metadata
}

/// What a run's calls came to, for its metadata.
fn calls(tally: Tally) -> Value {
    json!({
        "requests": tally.requests,
        "turned_away": tally.turned_away,
        "hits": tally.hits,
        "misses": tally.requests.saturating_sub(tally.hits),
        "upstream_calls": tally.upstream_calls,
        "queued_seconds": tally.queued.as_secs_f64(),
        "failed": tally.failed,
        "skipped_rows": tally.skipped_rows,
    })
}
