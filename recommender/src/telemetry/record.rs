//! What is counted as it happens.

use std::time::Duration;

use super::table::Metrics;
use crate::model::{Recommendation, Status};
use crate::recobeat::Tally;

/// What came of a request to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Answered wholly from its cache.
    Hit,
    Miss,
    /// Told to come back later.
    Busy,
    Failed,
}

impl Asked {
    pub const ALL: [Self; 4] = [Self::Hit, Self::Miss, Self::Busy, Self::Failed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// `route` as the table of handlers writes it.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    pub fn run(&self, end: Status, took: Duration) {
        let outcome = match end {
            Status::Completed => "completed",
            Status::Cancelled => "cancelled",
            _ => "failed",
        };
        self.runs.with_label_values(&[outcome]).inc();
        self.run_seconds.with_label_values(&[outcome]).observe(took.as_secs_f64());
    }

    pub fn step(&self, name: &str, took: Duration) {
        self.steps.with_label_values(&[name]).observe(took.as_secs_f64());
    }

    pub fn strategy_failed(&self, name: &str) {
        self.strategy_failures.with_label_values(&[name]).inc();
    }

    /// A list that is finished.
    pub fn listed(&self, tracks: &[Recommendation]) {
        for track in tracks {
            self.tracks.with_label_values(&[track.features_source.name()]).inc();
        }
    }

    pub fn asked(&self, result: Asked) {
        self.proxy_calls.with_label_values(&[result.name()]).inc();
    }

    /// What a run cost.
    pub fn tallied(&self, tally: Tally) {
        self.run_requests.observe(tally.requests.into());
        self.run_upstream_calls.observe(tally.upstream_calls.into());
    }

    /// Whether the configuration that was read last is in force.
    pub fn configured(&self, good: bool) {
        self.config_good.set(f64::from(u8::from(good)));
    }

    pub fn stored(&self, query: &str, took: Duration, failed: bool) {
        self.store_seconds.with_label_values(&[query]).observe(took.as_secs_f64());
        if failed {
            self.store_failures.with_label_values(&[query]).inc();
        }
    }
}
