use crate::budget::Lane;
use crate::cache::Category;
use crate::clock::Timestamp;
use crate::telemetry::table::CALL_SECONDS;
use crate::telemetry::{Avoided, Gauges, Metrics};

pub(super) const RESULTS: [&str; 3] = ["hit", "stale", "miss"];
/// Calls of each bound's bucket, and those beyond the last bound.
pub(super) const BUCKETS: usize = CALL_SECONDS.len() + 1;

/// Everything that is plotted, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Milliseconds since the Unix epoch.
    pub(super) at: u64,
    pub(super) totals: Totals,
    pub(super) levels: Levels,
}

/// Counts since the start; they only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// By category and by hit, stale, miss.
    pub(super) lookups: [[u64; RESULTS.len()]; Category::ALL.len()],
    pub(super) avoided: [u64; Avoided::ALL.len()],
    pub(super) calls: u64,
    pub(super) throttled: u64,
    pub(super) refused: u64,
    pub(super) seconds: [u64; BUCKETS],
}

/// What goes up and down.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Levels {
    /// Calls allowed per minute.
    pub(super) limit: f64,
    /// Calls started within the minute before.
    pub(super) started: u64,
    pub(super) in_flight: u64,
    /// In the order of [`Lane::ALL`].
    pub(super) queued: [u64; Lane::ALL.len()],
}

impl Frame {
    pub fn of(now: Timestamp, metrics: &Metrics, gauges: &Gauges) -> Self {
        let budget = &gauges.budget;
        let totals = Totals {
            lookups: Category::ALL.map(|category| RESULTS.map(|result| metrics.lookups(category, result))),
            avoided: Avoided::ALL.map(|cause| metrics.avoided(cause)),
            calls: metrics.upstream_calls(),
            throttled: budget.counts.throttled,
            refused: budget.counts.refused,
            seconds: metrics.calls_by_seconds(),
        };
        let queued =
            |lane| budget.queued.iter().find(|(named, _)| *named == lane).map_or(0, |(_, n)| *n as u64);
        let levels = Levels {
            limit: budget.rate_per_minute,
            started: budget.started_last_minute as u64,
            in_flight: budget.in_flight as u64,
            queued: Lane::ALL.map(queued),
        };
        Self { at: now.0, totals, levels }
    }
}

impl Totals {
    /// What came since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut difference = *self;
        difference.join(earlier, u64::saturating_sub);
        difference
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.join(other, u64::saturating_add);
    }

    fn join(&mut self, other: &Self, how: fn(u64, u64) -> u64) {
        let lookups = self.lookups.as_flattened_mut().iter_mut().zip(other.lookups.as_flattened());
        let avoided = self.avoided.iter_mut().zip(&other.avoided);
        let seconds = self.seconds.iter_mut().zip(&other.seconds);
        for (one, other) in lookups.chain(avoided).chain(seconds) {
            *one = how(*one, *other);
        }
        self.calls = how(self.calls, other.calls);
        self.throttled = how(self.throttled, other.throttled);
        self.refused = how(self.refused, other.refused);
    }
}

impl Levels {
    /// The highest of both; the limit is the later one.
    pub(super) fn rise(&mut self, later: &Self) {
        self.limit = later.limit;
        self.started = self.started.max(later.started);
        self.in_flight = self.in_flight.max(later.in_flight);
        for (one, other) in self.queued.iter_mut().zip(later.queued) {
            *one = (*one).max(other);
        }
    }
}
