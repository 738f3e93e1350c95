//! All metrics of this process.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::guard::Guard;
use super::series::{MetricStats, Sample, Series};
use crate::cache::{Cache, Category};
use crate::telemetry::Metrics;

/// Longer is told in the log, unless a measure expects something else.
const EXPECTED: Duration = Duration::from_secs(10);

/// Keeps samples by metric. Names are those of [`super::names`], so their number is bounded.
#[derive(Debug)]
pub struct Profiler {
    cache: Arc<Cache>,
    samples: Mutex<Samples>,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Samples {
    series: BTreeMap<&'static str, Series>,
    /// Whose latest sample is on its way to the cache: one at a time per metric.
    mirrored: BTreeSet<&'static str>,
}

impl Profiler {
    /// The latest sample of each metric goes to `cache` too.
    pub fn new(cache: Arc<Cache>) -> Arc<Self> {
        Arc::new(Self { cache, samples: Mutex::default(), metrics: Metrics::default() })
    }

    /// What is counted for Prometheus.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Measures until the guard is dropped, whichever way.
    pub fn measure(self: &Arc<Self>, name: &'static str) -> Guard {
        Guard::new(self.clone(), name)
    }

    /// Measures a future, also one that is dropped before its end.
    pub async fn time<F: Future>(self: &Arc<Self>, name: &'static str, work: F) -> F::Output {
        let _guard = self.measure(name);
        work.await
    }

    /// Notes a sample; `metadata` is an object, or null for `{}`.
    pub fn record(self: &Arc<Self>, name: &'static str, duration: Duration, metadata: Value) {
        self.record_against(name, duration, metadata, EXPECTED);
    }

    pub(super) fn record_against(
        self: &Arc<Self>,
        name: &'static str,
        duration: Duration,
        metadata: Value,
        expected: Duration,
    ) {
        self.metrics.step(name, duration);
        if duration > expected {
            let (took, expected) = (duration.as_secs_f64(), expected.as_secs_f64());
            tracing::warn!(metric = name, took, expected, "slower than expected");
        }
        let metadata = if metadata.is_null() { json!({}) } else { metadata };
        let sample = Sample { timestamp: Utc::now(), duration_seconds: duration.as_secs_f64(), metadata };
        let first = {
            let mut samples = self.kept();
            samples.series.entry(name).or_default().push(sample);
            samples.mirrored.insert(name)
        };
        if first {
            self.mirror(name);
        }
    }

    /// The metrics that have samples, by name.
    pub fn names(&self) -> Vec<&'static str> {
        self.kept().series.keys().copied().collect()
    }

    /// None for a metric without samples.
    pub fn stats(&self, name: &str) -> Option<MetricStats> {
        self.kept().series.get(name)?.stats(name)
    }

    /// Newest first; empty for a metric without samples.
    pub fn samples(&self, name: &str, limit: usize) -> Vec<Sample> {
        self.kept().series.get(name).map(|series| series.newest(limit)).unwrap_or_default()
    }

    /// Puts the sample that is the latest *then* into the cache, beside the measured work. Samples that
    /// come while one is on its way are not worth a write each.
    fn mirror(self: &Arc<Self>, name: &'static str) {
        let Ok(runtime) = Handle::try_current() else {
            self.kept().mirrored.remove(name);
            return;
        };
        let profiler = self.clone();
        runtime.spawn(async move {
            let latest = {
                let mut samples = profiler.kept();
                samples.mirrored.remove(name);
                samples.series.get(name).and_then(Series::latest).cloned()
            };
            if let Some(sample) = latest {
                profiler.cache.put(Category::Profiling, &format!("{name}:latest"), &sample).await;
            }
        });
    }

    fn kept(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().expect("no panic while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    fn profiler() -> (Arc<Cache>, Arc<Profiler>) {
        let cache = Arc::new(Cache::memory(100));
        (cache.clone(), Profiler::new(cache))
    }

    #[tokio::test(start_paused = true)]
    async fn a_guard_records_when_it_is_dropped() {
        let (_, profiler) = profiler();
        let mut guard = profiler.measure("x");
        guard.note("artists", 6);
        sleep(Duration::from_secs(2)).await;
        assert!(profiler.names().is_empty());
        drop(guard);
        let [sample] = &profiler.samples("x", 100)[..] else { panic!("one sample") };
        assert!((sample.duration_seconds - 2.0).abs() < 0.01);
        assert_eq!(sample.metadata, json!({"artists": 6}));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_dropped_half_way_counts_until_then() {
        let (_, profiler) = profiler();
        let work = profiler.time("x", sleep(Duration::from_secs(60)));
        assert!(tokio::time::timeout(Duration::from_secs(3), work).await.is_err());
        assert!((profiler.stats("x").unwrap().max - 3.0).abs() < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_sample_is_in_the_cache_for_an_hour() {
        let (cache, profiler) = profiler();
        profiler.record("x", Duration::from_secs(1), Value::Null);
        profiler.record("x", Duration::from_secs(4), Value::Null);
        tokio::task::yield_now().await;
        let latest: Option<Sample> = cache.get(Category::Profiling, "x:latest").await;
        assert_eq!(latest.as_ref(), profiler.samples("x", 1).first());
        sleep(Duration::from_secs(3601)).await;
        assert!(cache.get::<Sample>(Category::Profiling, "x:latest").await.is_none());
    }

    #[test]
    fn samples_are_taken_without_a_runtime_too() {
        let (_, profiler) = profiler();
        profiler.record("x", Duration::from_secs(1), Value::Null);
        assert_eq!(profiler.stats("x").unwrap().count, 1);
    }
}
