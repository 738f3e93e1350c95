//! A measurement under way.

use std::sync::Arc;
use std::time::Duration;

use recobeat_ops::trace::{self, Kind, Span};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Profiler;

/// Records the time of its life when it is dropped.
#[derive(Debug)]
#[must_use = "it measures until it is dropped"]
pub struct Guard {
    profiler: Arc<Profiler>,
    name: &'static str,
    started: Instant,
    expected: Option<Duration>,
    metadata: Map<String, Value>,
    /// Within a run that is traced.
    _span: Option<Span>,
}

impl Guard {
    pub(super) fn new(profiler: Arc<Profiler>, name: &'static str) -> Self {
        let span = trace::current().map(|run| Span::begin(Kind::Internal, name, Some(run)));
        Self { profiler, name, started: Instant::now(), expected: None, metadata: Map::new(), _span: span }
    }

    /// Only more than this is worth a line in the log.
    pub fn expecting(mut self, expected: Duration) -> Self {
        self.expected = Some(expected);
        self
    }

    /// Tells with the sample what was measured.
    pub fn note(&mut self, key: &str, value: impl Into<Value>) {
        self.metadata.insert(key.to_owned(), value.into());
    }

    /// The time so far.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let metadata = Value::Object(std::mem::take(&mut self.metadata));
        let (took, name) = (self.elapsed(), self.name);
        match self.expected {
            Some(expected) => self.profiler.record_against(name, took, metadata, expected),
            None => self.profiler.record(name, took, metadata),
        }
    }
}
