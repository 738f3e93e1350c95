//! What the proxy was asked, by its own count: nothing is taken from the recommender's word.

use crate::harness::Proxy;
use std::ops::Sub;

/// Requests that the proxy has answered since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    pub(crate) all: u64,
    /// Answered wholly from the cache, fresh.
    pub(crate) hits: u64,
}

impl Counted {
    pub(crate) async fn at(proxy: &Proxy) -> Self {
        let text = proxy.admin("/metrics").await.text();
        let mut counted = Self::default();
        for line in text.lines().filter(|line| line.starts_with("recobeat_requests_total{")) {
            let number = line.rsplit_once(' ').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
            counted.all += number;
            counted.hits += if line.contains(r#"outcome="hit""#) { number } else { 0 };
        }
        counted
    }

    /// Not answered wholly from the cache.
    pub(crate) fn not_hits(self) -> u64 {
        self.all - self.hits
    }
}

impl Sub for Counted {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { all: self.all - before.all, hits: self.hits - before.hits }
    }
}
