//! All metrics in one table: name, type, labels, help. `/metrics` prints it, nothing else exists.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};

use crate::api::RowKind;
use crate::budget::{Lane, Snapshot};
use crate::cache::{Category, DiskState, SharedState};

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub name: &'static str,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

macro_rules! metrics {
    ($($field:ident: $kind:ident($name:literal, [$($label:literal),*], $help:literal $(, $buckets:expr)?),)*) => {
        /// Every metric of the proxy.
        pub static METRICS: &[Metric] = &[
            $(Metric { name: $name, labels: &[$($label),*], help: $help },)*
        ];

        /// The metrics of one proxy; each has a registry of its own, so tests do not meet.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $($field: $kind,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                let registry = Registry::new();
                $(let $field = make::$kind($name, $help, &[$($label),*] $(, $buckets)?);
                registry.register($field.boxed()).expect("names in the table are valid and unique");)*
                Self { registry, $($field,)* }
            }
        }
    };
}

/// Seconds, from a hit's tens of microseconds to a bad day's minutes.
const SECONDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 180.0];
const IDS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 36.0, 39.0, 40.0];

metrics! {
    requests: IntCounterVec("recobeat_requests_total", ["endpoint", "outcome"],
        "Client requests by endpoint and by how the answer came about"),
    request_seconds: HistogramVec("recobeat_request_seconds", ["outcome"],
        "Time from the request's head to the answer, seconds", SECONDS),
    lookups: IntCounterVec("recobeat_cache_lookups_total", ["category", "result"],
        "Cache look-ups by category: hit, stale or miss"),
    tier_hits: IntCounterVec("recobeat_tier_hits_total", ["tier"],
        "Look-ups answered by each tier of the cache"),
    avoided: IntCounterVec("recobeat_upstream_calls_avoided_total", ["cause"],
        "Upstream calls that a direct client would have made and the proxy did not"),
    repairs: IntCounterVec("recobeat_repairs_total", ["kind"],
        "Requests corrected before they were asked, by what was wrong with them"),
    fallbacks: IntCounterVec("recobeat_fallbacks_total", ["tier", "result"],
        "Upstream calls for less than was refused, by what was left out: worked or refused"),
    denials: IntCounter("recobeat_denials_learned_total", [],
        "Requests that the upstream refused for good"),
    upstream_calls: IntCounterVec("recobeat_upstream_calls_total", ["endpoint", "status"],
        "Upstream calls by endpoint and HTTP status, or by the kind of failure"),
    upstream_seconds: HistogramVec("recobeat_upstream_call_seconds", ["endpoint"],
        "Duration of upstream calls, seconds", SECONDS),
    upstream_slow: IntCounterVec("recobeat_upstream_slow_calls_total", ["endpoint"],
        "Upstream calls that took more than 20 s"),
    upstream_ids: IntCounterVec("recobeat_upstream_ids_total", ["kind"],
        "Ids asked upstream in batches"),
    batch_ids: HistogramVec("recobeat_batch_ids", ["kind"],
        "Ids per upstream batch", IDS),
    along: IntCounterVec("recobeat_upstream_ids_along_total", ["lane"],
        "Ids of a lower lane that took a free place in a leaving batch, at no cost"),
    read_ahead: IntCounterVec("recobeat_read_ahead_rows_total", ["row"],
        "Features read ahead: read, used (asked for within 10 minutes), or not read because it pauses"),
    read_ahead_paused: Gauge("recobeat_read_ahead_paused", [],
        "1 while reading ahead pauses because too few of its rows are asked for"),
    early: IntCounter("recobeat_early_refreshes_total", [],
        "Hot pages and searches whose renewal was asked for before they expired"),
    permits: IntCounterVec("recobeat_budget_permits_total", ["lane"],
        "Permits granted since the start"),
    refunded: IntCounter("recobeat_budget_refunded_total", [],
        "Permits that came back unused, because the rows had been filled meanwhile"),
    refused: IntCounter("recobeat_budget_refused_total", [],
        "Calls refused because their wait would have exceeded the deadline"),
    throttled: IntCounter("recobeat_upstream_throttled_total", [],
        "429 answers of the upstream"),
    holds: IntCounter("recobeat_budget_holds_total", [],
        "Holds begun after a 429"),
    rate: Gauge("recobeat_budget_rate_per_minute", [],
        "Calls allowed per minute at present"),
    recent: Gauge("recobeat_budget_started_last_minute", [],
        "Upstream calls started within the last minute"),
    in_flight: Gauge("recobeat_budget_in_flight", [],
        "Upstream calls in flight"),
    queued: GaugeVec("recobeat_budget_queued", ["lane"],
        "Calls waiting for a permit"),
    hold: Gauge("recobeat_budget_hold_seconds", [],
        "Seconds left of the present hold, 0 without one"),
    replicas: Gauge("recobeat_budget_replicas", [],
        "Proxies that share the budget, this one included; while they cannot see each other, those it is split between"),
    shared: Gauge("recobeat_budget_shared", [],
        "1 while one budget is kept for all replicas, 0 for one of its own or a part"),
    suspended: Gauge("recobeat_breaker_open", [],
        "1 while calls are suspended after repeated failures"),
    memory_entries: Gauge("recobeat_memory_entries", [],
        "Entries in the memory tier"),
    memory_bytes: Gauge("recobeat_memory_bytes", [],
        "Estimated bytes of the memory tier"),
    tier_up: GaugeVec("recobeat_tier_up", ["tier"],
        "1 while a tier of the cache is in use, 0 while it is away"),
    disk_entries: Gauge("recobeat_disk_entries", [],
        "Entries in the disk tier"),
    disk_bytes: Gauge("recobeat_disk_bytes", [],
        "Estimated bytes of the entries in the disk tier, which its bound is held against"),
    disk_file_bytes: Gauge("recobeat_disk_file_bytes", [],
        "Bytes of the disk that the file of the disk tier uses"),
    disk_written: Gauge("recobeat_disk_writes_total", [],
        "Writes carried out by the disk tier"),
    disk_dropped: Gauge("recobeat_disk_writes_dropped_total", [],
        "Writes given up because too many waited for the disk"),
    disk_late: Gauge("recobeat_disk_reads_late_total", [],
        "Reads given up because the disk took too long"),
    disk_set_aside: Gauge("recobeat_disk_files_set_aside_total", [],
        "Cache files that could not be used and were moved aside"),
    leases: Gauge("recobeat_leases_held", [],
        "Keys that this replica fetches for all replicas at present"),
    redis_commands: Gauge("recobeat_redis_commands_total", [],
        "Commands sent to Redis since the start"),
    redis_late: Gauge("recobeat_redis_late_total", [],
        "Commands that Redis did not answer in time"),
    redis_refused: Gauge("recobeat_redis_refused_total", [],
        "Commands that Redis refused"),
    redis_lost: Gauge("recobeat_redis_lost_total", [],
        "Times that Redis went away"),
    redis_written: Gauge("recobeat_redis_writes_total", [],
        "Writes carried out by Redis"),
    redis_waiting: Gauge("recobeat_redis_writes_waiting", [],
        "Writes that wait for Redis"),
    redis_dropped: Gauge("recobeat_redis_writes_dropped_total", [],
        "Writes given up because too many waited for Redis, or because it refused them"),
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything from the cache, all of it fresh.
    Hit,
    /// Everything from the cache, some of it stale.
    Stale,
    /// Some rows from the cache, some fetched.
    Partial,
    Miss,
    /// Fetched by a flight that somebody else had opened.
    Collapsed,
    /// A 400 without a call: a static rule or a remembered denial.
    Denied,
    /// 429: the budget is used up.
    Refused,
    /// 5xx.
    Error,
    /// Streamed through.
    Pass,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Miss => "miss",
            Self::Collapsed => "collapsed",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Error => "error",
            Self::Pass => "pass",
        }
    }
}

/// Why a call that a direct client would have made was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Avoided {
    Cache,
    /// Joined a flight for the same need.
    Coalescing,
    /// Rode in a batch that somebody else's ids had opened.
    Batching,
    /// All ids were known to be missing.
    Registry,
    /// Refused by a static rule.
    Guard,
    /// Refused because the upstream had refused it before.
    Denial,
}

impl Avoided {
    pub const ALL: [Self; 6] =
        [Self::Cache, Self::Coalescing, Self::Batching, Self::Registry, Self::Guard, Self::Denial];

    pub fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Coalescing => "coalescing",
            Self::Batching => "batching",
            Self::Registry => "registry",
            Self::Guard => "guard",
            Self::Denial => "denial",
        }
    }
}

/// What became of a row that was to be read ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAheadRow {
    Read,
    /// Read, and asked for in time.
    Used,
    /// Not read: reading ahead pauses.
    Paused,
}

impl ReadAheadRow {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Used => "used",
            Self::Paused => "paused",
        }
    }
}

/// What is read when somebody looks, not counted as it happens.
#[derive(Debug, Clone)]
pub struct Gauges {
    pub budget: Snapshot,
    pub suspended: bool,
    pub read_ahead_paused: bool,
    pub memory_entries: usize,
    pub memory_bytes: u64,
    /// `None`: there is no disk tier.
    pub disk: Option<DiskState>,
    /// `None`: there is no shared tier.
    pub shared: Option<SharedState>,
    /// Keys that this replica fetches for all.
    pub leases: usize,
}

impl Metrics {
    pub fn request(&self, endpoint: &str, outcome: Outcome, took: Duration) {
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

    /// The text exposition format, with `gauges` as of now.
    #[allow(clippy::cast_precision_loss)] // counts far below 2^52
    pub fn render(&self, gauges: &Gauges) -> String {
        let Gauges {
            budget,
            suspended,
            read_ahead_paused,
            memory_entries,
            memory_bytes,
            disk,
            shared,
            leases,
        } = gauges;
        let counts = budget.counts;
        for (lane, granted) in [
            ("interactive", counts.granted_interactive),
            ("refresh", counts.granted_refresh),
            ("warm", counts.granted_warm),
        ] {
            total(&self.permits.with_label_values(&[lane]), granted);
        }
        for (lane, queued) in budget.queued {
            self.queued.with_label_values(&[lane.name()]).set(queued as f64);
        }
        total(&self.refunded, counts.refunded);
        total(&self.refused, counts.refused);
        total(&self.throttled, counts.throttled);
        total(&self.holds, counts.holds);
        self.rate.set(budget.rate_per_minute);
        self.recent.set(budget.started_last_minute as f64);
        self.in_flight.set(budget.in_flight as f64);
        self.hold.set(budget.hold.unwrap_or_default().as_secs_f64());
        self.replicas.set(budget.fleet.map_or(1.0, |fleet| fleet.replicas as f64));
        self.shared.set(f64::from(u8::from(budget.fleet.is_some_and(|fleet| fleet.joined))));
        self.suspended.set(f64::from(u8::from(*suspended)));
        self.read_ahead_paused.set(f64::from(u8::from(*read_ahead_paused)));
        self.memory_entries.set(*memory_entries as f64);
        self.memory_bytes.set(*memory_bytes as f64);
        self.tier_up.with_label_values(&["memory"]).set(1.0);
        if let Some(disk) = disk {
            self.tier_up.with_label_values(&["disk"]).set(f64::from(u8::from(disk.up)));
            self.disk_entries.set(disk.entries as f64);
            self.disk_bytes.set(disk.bytes as f64);
            self.disk_file_bytes.set(disk.file_bytes as f64);
            self.disk_written.set(disk.written as f64);
            self.disk_dropped.set(disk.dropped as f64);
            self.disk_late.set(disk.late as f64);
            self.disk_set_aside.set(disk.set_aside as f64);
        }
        if let Some(SharedState { link, waiting, written, dropped }) = shared {
            self.tier_up.with_label_values(&["redis"]).set(f64::from(u8::from(link.up)));
            self.leases.set(*leases as f64);
            self.redis_commands.set(link.commands as f64);
            self.redis_late.set(link.late as f64);
            self.redis_refused.set(link.refused as f64);
            self.redis_lost.set(link.lost as f64);
            self.redis_written.set(*written as f64);
            self.redis_waiting.set(*waiting as f64);
            self.redis_dropped.set(*dropped as f64);
        }
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

/// A total that is counted elsewhere.
fn total(counter: &IntCounter, value: u64) {
    counter.reset();
    counter.inc_by(value);
}

/// Constructors named like the types they make, for the table's macro.
#[allow(non_snake_case)]
mod make {
    use super::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};

    const VALID: &str = "names and labels in the table are valid";

    pub(super) fn IntCounterVec(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        IntCounterVec::new(Opts::new(name, help), labels).expect(VALID)
    }

    pub(super) fn GaugeVec(name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        GaugeVec::new(Opts::new(name, help), labels).expect(VALID)
    }

    pub(super) fn IntCounter(name: &str, help: &str, _: &[&str]) -> IntCounter {
        IntCounter::new(name, help).expect(VALID)
    }

    pub(super) fn Gauge(name: &str, help: &str, _: &[&str]) -> Gauge {
        Gauge::new(name, help).expect(VALID)
    }

    pub(super) fn HistogramVec(name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels).expect(VALID)
    }
}

/// What the registry takes.
trait Boxed {
    fn boxed(&self) -> Box<dyn Collector>;
}

impl<C: Collector + Clone + 'static> Boxed for C {
    fn boxed(&self) -> Box<dyn Collector> {
        Box::new(self.clone())
    }
}
