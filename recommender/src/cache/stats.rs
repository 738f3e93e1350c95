//! Hits and misses, counted per category.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;
use utoipa::ToSchema;

use super::Category;

/// The caches as operators see them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CacheStats {
    /// `memory` or `redis`.
    pub cache_type: &'static str,
    /// `up`, or `away` while memory stands in for Redis.
    pub state: &'static str,
    /// Over all categories, since the start of this process.
    pub cache_stats: Counts,
    /// By name.
    pub categories: BTreeMap<&'static str, CategoryStats>,
    /// Of most categories, in seconds.
    pub default_ttl: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
pub struct Counts {
    pub hit_count: u64,
    pub miss_count: u64,
    pub total_requests: u64,
    /// 0 to 1; 0 before the first look-up.
    pub hit_rate: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct CategoryStats {
    #[serde(flatten)]
    pub counts: Counts,
    /// That can be read now; 0 while Redis does not answer.
    pub entries: u64,
    /// In seconds.
    pub ttl: u64,
}

impl Counts {
    fn of(hit_count: u64, miss_count: u64) -> Self {
        let total_requests = hit_count + miss_count;
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let hit_rate = if total_requests == 0 { 0.0 } else { hit_count as f64 / total_requests as f64 };
        Self { hit_count, miss_count, total_requests, hit_rate }
    }
}

/// One pair of counters per category.
#[derive(Debug, Default)]
pub(super) struct Counters([(AtomicU64, AtomicU64); Category::ALL.len()]);

impl Counters {
    pub(super) fn note(&self, category: Category, hit: bool) {
        let (hits, misses) = &self.0[category as usize];
        if hit { hits } else { misses }.fetch_add(1, Relaxed);
    }

    pub(super) fn of(&self, category: Category) -> Counts {
        let (hits, misses) = &self.0[category as usize];
        Counts::of(hits.load(Relaxed), misses.load(Relaxed))
    }

    pub(super) fn sum(&self) -> Counts {
        let all = Category::ALL.map(|category| self.of(category));
        let sum = |figure: fn(&Counts) -> u64| all.iter().map(figure).sum();
        Counts::of(sum(|counts| counts.hit_count), sum(|counts| counts.miss_count))
    }
}
