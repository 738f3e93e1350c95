//! The samples of one metric, and what they come to.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Kept per metric; the oldest goes first.
const KEPT: usize = 100;

/// Shown with the figures of a metric.
const RECENT: usize = 5;

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sample {
    /// When it ended.
    pub timestamp: DateTime<Utc>,
    pub duration_seconds: f64,
    /// What was measured, if somebody noted it; `{}` if not.
    pub metadata: Value,
}

/// Over the samples that are kept. Times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetricStats {
    pub metric_name: String,
    /// At most 100.
    pub count: usize,
    pub min: f64,
    pub max: f64,
    pub avg: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    /// The five newest, newest first.
    pub recent_samples: Vec<Sample>,
}

/// Newest last.
#[derive(Debug, Default)]
pub(super) struct Series(VecDeque<Sample>);

impl Series {
    pub(super) fn push(&mut self, sample: Sample) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    pub(super) fn latest(&self) -> Option<&Sample> {
        self.0.back()
    }

    /// Newest first.
    pub(super) fn newest(&self, limit: usize) -> Vec<Sample> {
        self.0.iter().rev().take(limit).cloned().collect()
    }

    /// None without samples.
    pub(super) fn stats(&self, name: &str) -> Option<MetricStats> {
        let mut sorted: Vec<f64> = self.0.iter().map(|sample| sample.duration_seconds).collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        #[allow(clippy::cast_precision_loss, reason = "at most 100")]
        let avg = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(MetricStats {
            metric_name: name.to_owned(),
            count: sorted.len(),
            min,
            max,
            // The mean of equal numbers may come out a last digit beside them.
            avg: avg.clamp(min, max),
            p50: percentile(&sorted, 50),
            p95: percentile(&sorted, 95),
            p99: percentile(&sorted, 99),
            recent_samples: self.newest(RECENT),
        })
    }
}

/// The smallest value that `percent` of all do not exceed (nearest rank): always a value that was
/// measured. `sorted` is not empty.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn series(durations: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for duration_seconds in durations {
            series.push(Sample { timestamp: DateTime::UNIX_EPOCH, duration_seconds, metadata: Value::Null });
        }
        series
    }

    #[rstest]
    #[case(&[15.0, 20.0, 35.0, 40.0, 50.0], 5, 15.0)]
    #[case(&[15.0, 20.0, 35.0, 40.0, 50.0], 30, 20.0)]
    #[case(&[15.0, 20.0, 35.0, 40.0, 50.0], 50, 35.0)]
    #[case(&[15.0, 20.0, 35.0, 40.0, 50.0], 100, 50.0)]
    #[case(&[7.0], 50, 7.0)]
    fn percentiles_are_of_the_nearest_rank(
        #[case] sorted: &[f64],
        #[case] percent: usize,
        #[case] value: f64,
    ) {
        assert!((percentile(sorted, percent) - value).abs() < f64::EPSILON);
    }

    #[test]
    fn the_last_hundred_are_kept() {
        let stats = series((1..=150).map(f64::from)).stats("x").unwrap();
        assert_eq!((stats.count, stats.min, stats.max), (100, 51.0, 150.0));
        assert_eq!((stats.p50, stats.p95, stats.p99), (100.0, 145.0, 149.0));
        let recent: Vec<f64> = stats.recent_samples.iter().map(|sample| sample.duration_seconds).collect();
        assert_eq!(recent, [150.0, 149.0, 148.0, 147.0, 146.0]);
    }

    #[test]
    fn a_metric_without_samples_has_no_figures() {
        assert!(Series::default().stats("x").is_none());
    }

    proptest! {
        #[test]
        fn figures_are_in_order(durations in prop::collection::vec(0.0..1e4_f64, 1..200)) {
            let stats = series(durations).stats("x").unwrap();
            let order = [stats.min, stats.p50, stats.p95, stats.p99, stats.max];
            prop_assert!(order.is_sorted());
            prop_assert!(stats.min <= stats.avg && stats.avg <= stats.max);
        }
    }
}
