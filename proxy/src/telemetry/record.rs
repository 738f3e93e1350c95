//! What is counted as it happens.

use std::time::Duration;

use prometheus::Histogram;
use prometheus::core::Collector;

use super::table::{CALL_SECONDS, Metrics};
use super::{Avoided, Outcome, ReadAheadRow};
use crate::api::RowKind;
use crate::budget::Lane;
use crate::cache::Category;
use crate::engine::Answer;

impl Metrics {
    /// The configuration was read anew; `outcome` is `applied`, `unchanged` or `refused`.
    pub fn reloaded(&self, outcome: &'static str) {
        self.reloads.with_label_values(&[outcome]).inc();
    }

    /// How the configuration as last read stands to what runs; `loaded_at` in seconds since 1970.
    #[allow(clippy::cast_precision_loss)] // seconds and keys far below 2^52
    pub fn configured(&self, good: bool, loaded_at: u64, restart_needed: usize) {
        self.config_good.set(f64::from(u8::from(good)));
        self.config_loaded.set(loaded_at as f64);
        self.config_restart.set(restart_needed as f64);
    }

    /// An answer of the engine's.
    pub fn request(&self, endpoint: &str, answer: &Answer, took: Duration) {
        self.answered(endpoint, answer.outcome, took);
        self.answer_bytes.inc_by(answer.body.len() as u64);
        if let Some(class) = answer.error {
            self.errors.with_label_values(&[class]).inc();
        }
    }

    /// A request that is streamed through from now on, after its time in the queue.
    pub fn passes(&self, took: Duration) {
        self.answered("pass", Outcome::Pass, took);
    }

    fn answered(&self, endpoint: &str, outcome: Outcome, took: Duration) {
        self.requests.with_label_values(&[endpoint, outcome.name()]).inc();
        self.request_seconds.with_label_values(&[outcome.name()]).observe(took.as_secs_f64());
    }

    /// `result` is one of `hit`, `stale`, `miss`.
    pub fn lookup(&self, category: Category, result: &'static str, count: u64) {
        self.lookups.with_label_values(&[category.name(), result]).inc_by(count);
    }

    pub fn lookups(&self, category: Category, result: &'static str) -> u64 {
        self.lookups.with_label_values(&[category.name(), result]).get()
    }

    pub fn avoid(&self, cause: Avoided, calls: u64) {
        self.avoided.with_label_values(&[cause.name()]).inc_by(calls);
    }

    pub fn repaired(&self, kind: &'static str) {
        self.repairs.with_label_values(&[kind]).inc();
    }

    /// `result` is `worked` or `refused`.
    pub fn fell_back(&self, tier: &'static str, result: &'static str) {
        self.fallbacks.with_label_values(&[tier, result]).inc();
    }

    pub fn denied(&self) {
        self.denials.inc();
    }

    pub fn avoided(&self, cause: Avoided) -> u64 {
        self.avoided.with_label_values(&[cause.name()]).get()
    }

    pub fn upstream_call(&self, endpoint: &str, status: &str, took: Duration) {
        self.upstream_calls.with_label_values(&[endpoint, status]).inc();
        self.upstream_seconds.with_label_values(&[endpoint]).observe(took.as_secs_f64());
        if took > Duration::from_secs(20) {
            self.upstream_slow.with_label_values(&[endpoint]).inc();
        }
    }

    /// The upstream said 429, and perhaps for how long.
    pub fn throttled(&self, retry_after: Option<Duration>) {
        self.retry_after.observe(retry_after.unwrap_or_default().as_secs_f64());
    }

    /// How long a call waited for its permit.
    pub fn waited(&self, lane: Lane, waited: Duration) {
        self.waits.with_label_values(&[lane.name()]).observe(waited.as_secs_f64());
    }

    pub fn breaker_opened(&self) {
        self.suspensions.inc();
    }

    /// The upstream turned out to lack a row.
    pub fn missing(&self, kind: RowKind) {
        self.missing.with_label_values(&[kind.name()]).inc();
    }

    /// For the link to Redis.
    pub fn round_trips(&self) -> Histogram {
        self.redis_seconds.clone()
    }

    /// A call that was streamed through; its duration belongs to the client's speed as well.
    pub fn pass_through_call(&self, status: &str) {
        self.upstream_calls.with_label_values(&["pass", status]).inc();
    }

    /// Ids of this lane rode along for nothing.
    pub fn along(&self, lane: Lane, ids: usize) {
        self.along.with_label_values(&[lane.name()]).inc_by(ids as u64);
    }

    pub fn ids_along(&self, lane: Lane) -> u64 {
        self.along.with_label_values(&[lane.name()]).get()
    }

    pub fn read_ahead(&self, row: ReadAheadRow) {
        self.read_ahead.with_label_values(&[row.name()]).inc();
    }

    pub fn read_ahead_rows(&self, row: ReadAheadRow) -> u64 {
        self.read_ahead.with_label_values(&[row.name()]).get()
    }

    /// `result` is one of `held`, `fetched`, `missing`, `failed`.
    pub fn warmed(&self, result: &'static str, items: u64) {
        self.warmed.with_label_values(&[result]).inc_by(items);
    }

    #[allow(clippy::cast_precision_loss)] // two at most
    pub fn warm_jobs(&self, running: usize) {
        self.warm_jobs.set(running as f64);
    }

    pub fn early_refresh(&self) {
        self.early.inc();
    }

    pub fn tier_hits(&self, tier: &str, hits: u64) {
        if hits > 0 {
            self.tier_hits.with_label_values(&[tier]).inc_by(hits);
        }
    }

    pub fn hits_of(&self, tier: &str) -> u64 {
        self.tier_hits.with_label_values(&[tier]).get()
    }

    /// All upstream calls so far.
    pub fn upstream_calls(&self) -> u64 {
        let families = self.upstream_calls.collect();
        let values = families.iter().flat_map(prometheus::proto::MetricFamily::get_metric);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a counter of whole calls
        let total = values.map(|metric| metric.get_counter().get_value()).sum::<f64>() as u64;
        total
    }

    pub fn batch(&self, kind: RowKind, ids: usize) {
        self.upstream_ids.with_label_values(&[kind.name()]).inc_by(ids as u64);
        #[allow(clippy::cast_precision_loss)] // at most 40
        self.batch_ids.with_label_values(&[kind.name()]).observe(ids as f64);
    }

    /// Upstream calls so far by how long they took: one count for each bound of [`CALL_SECONDS`], and
    /// last those beyond.
    pub fn calls_by_seconds(&self) -> [u64; CALL_SECONDS.len() + 1] {
        let mut calls = [0; CALL_SECONDS.len() + 1];
        let families = self.upstream_seconds.collect();
        for metric in families.iter().flat_map(prometheus::proto::MetricFamily::get_metric) {
            let histogram = metric.get_histogram();
            let mut below = 0;
            for (count, bucket) in calls.iter_mut().zip(histogram.get_bucket()) {
                *count += bucket.cumulative_count() - below;
                below = bucket.cumulative_count();
            }
            calls[CALL_SECONDS.len()] += histogram.get_sample_count() - below;
        }
        calls
    }
}
