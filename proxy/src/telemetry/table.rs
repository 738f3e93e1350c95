//! All metrics in one table: name, labels, help. `/metrics` prints it, nothing else exists.

use super::label::{
    AHEAD, CALLED, CATEGORY, CAUSE, ENDPOINT, ERROR, FALLBACK, FOUND, KIND, LANE, OUTCOME, RELOAD, REPAIR,
    STATUS, TIER, TRIED, WARMED,
};

/// Seconds, from a hit's tens of microseconds to a bad day's minutes.
pub(super) const CALL_SECONDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 180.0];
const RETRY: &[f64] = &[0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
const IDS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 36.0, 39.0, 40.0];

recobeat_ops::metrics! {
    "recobeat_build_info";

    "Requests", "`outcome` tells how the answer came about: `error` and `refused` are what clients notice." {
        requests: IntCounterVec("recobeat_requests_total", [ENDPOINT, OUTCOME],
            "Client requests by endpoint and by how the answer came about"),
        request_seconds: HistogramVec("recobeat_request_seconds", [OUTCOME],
            "Time from the request's head to the answer, seconds", CALL_SECONDS),
        answer_bytes: IntCounter("recobeat_answer_bytes_total", [],
            "Bytes of answers before compression, without what was streamed through"),
        errors: IntCounterVec("recobeat_errors_total", [ERROR],
            "Answers that are errors, by class; denials are counted by their outcome"),
        repairs: IntCounterVec("recobeat_repairs_total", [REPAIR],
            "Requests corrected before they were asked, by what was wrong with them"),
        fallbacks: IntCounterVec("recobeat_fallbacks_total", [FALLBACK, TRIED],
            "Upstream calls for less than was refused, by what was left out: worked or refused"),
        denials: IntCounter("recobeat_denials_learned_total", [],
            "Requests that the upstream refused for good"),
    }

    "Cache", "The hit rate is `hit` and `stale` over all look-ups; 0.7 and more after a day." {
        lookups: IntCounterVec("recobeat_cache_lookups_total", [CATEGORY, FOUND],
            "Cache look-ups by category: hit, stale or miss"),
        tier_hits: IntCounterVec("recobeat_tier_hits_total", [TIER],
            "Look-ups answered by each tier of the cache"),
        tier_up: GaugeVec("recobeat_tier_up", [TIER],
            "1 while a tier of the cache is in use, 0 while it is away"),
        evictions: IntCounterVec("recobeat_evictions_total", [TIER],
            "Entries that left a tier for others; Redis tells its own as evicted_keys"),
        missing: IntCounterVec("recobeat_missing_learned_total", [KIND],
            "Ids that the upstream turned out to lack; of kind features: tracks without features"),
        read_ahead: IntCounterVec("recobeat_read_ahead_rows_total", [AHEAD],
            "Features read ahead: read, used (asked for within 10 minutes), or not read because it pauses"),
        read_ahead_paused: Gauge("recobeat_read_ahead_paused", [],
            "1 while reading ahead pauses because too few of its rows are asked for"),
        early: IntCounter("recobeat_early_refreshes_total", [],
            "Hot pages and searches whose renewal was asked for before they expired"),
        memory_entries: Gauge("recobeat_memory_entries", [],
            "Entries in the memory tier"),
        memory_bytes: Gauge("recobeat_memory_bytes", [],
            "Estimated bytes of the memory tier"),
    }

    "Upstream", "Calls avoided beside calls made tell what the proxy is worth; slow ones tell the upstream's day." {
        avoided: IntCounterVec("recobeat_upstream_calls_avoided_total", [CAUSE],
            "Upstream calls that a direct client would have made and the proxy did not"),
        upstream_calls: IntCounterVec("recobeat_upstream_calls_total", [CALLED, STATUS],
            "Upstream calls by endpoint and HTTP status, or by the kind of failure"),
        upstream_seconds: HistogramVec("recobeat_upstream_call_seconds", [CALLED],
            "Duration of upstream calls, seconds", CALL_SECONDS),
        upstream_slow: IntCounterVec("recobeat_upstream_slow_calls_total", [CALLED],
            "Upstream calls that took more than 20 s"),
        upstream_ids: IntCounterVec("recobeat_upstream_ids_total", [KIND],
            "Ids asked upstream in batches"),
        batch_ids: HistogramVec("recobeat_batch_ids", [KIND],
            "Ids per upstream batch", IDS),
        along: IntCounterVec("recobeat_upstream_ids_along_total", [LANE],
            "Ids of a lower lane that took a free place in a leaving batch, at no cost"),
        throttled: IntCounter("recobeat_upstream_throttled_total", [],
            "429 answers of the upstream"),
        retry_after: Histogram("recobeat_upstream_retry_after_seconds", [],
            "What 429 answers of the upstream named as Retry-After, seconds; 0 where they named nothing", RETRY),
        suspensions: IntCounter("recobeat_breaker_opened_total", [],
            "Times that calls were suspended after repeated failures"),
        suspended: Gauge("recobeat_breaker_open", [],
            "1 while calls are suspended after repeated failures"),
    }

    "Budget", "Started within the last minute against the rate is the gauge; a growing queue means it is too small." {
        permits: IntCounterVec("recobeat_budget_permits_total", [LANE],
            "Permits granted since the start"),
        waits: HistogramVec("recobeat_budget_wait_seconds", [LANE],
            "Time from joining the queue to the permit, seconds", CALL_SECONDS),
        refunded: IntCounter("recobeat_budget_refunded_total", [],
            "Permits that came back unused, because the rows had been filled meanwhile"),
        refused: IntCounter("recobeat_budget_refused_total", [],
            "Calls refused because their wait would have exceeded the deadline"),
        holds: IntCounter("recobeat_budget_holds_total", [],
            "Holds begun after a 429"),
        rate: Gauge("recobeat_budget_rate_per_minute", [],
            "Calls allowed per minute at present"),
        recent: Gauge("recobeat_budget_started_last_minute", [],
            "Upstream calls started within the last minute"),
        in_flight: Gauge("recobeat_budget_in_flight", [],
            "Upstream calls in flight"),
        queued: GaugeVec("recobeat_budget_queued", [LANE],
            "Calls waiting for a permit"),
        hold: Gauge("recobeat_budget_hold_seconds", [],
            "Seconds left of the present hold, 0 without one"),
        replicas: Gauge("recobeat_budget_replicas", [],
            "Proxies that share the budget, this one included; while they cannot see each other, those it is split between"),
        shared: Gauge("recobeat_budget_shared", [],
            "1 while one budget is kept for all replicas, 0 for one of its own or a part"),
    }

    "Warming", "Fetched and missing grow while a job runs; failed ones are named by `GET /warm`." {
        warmed: IntCounterVec("recobeat_warm_items_total", [WARMED],
            "Items of warm jobs: held already, fetched, missing upstream, or failed"),
        warm_jobs: Gauge("recobeat_warm_jobs_running", [],
            "Warm jobs that run"),
    }

    "Disk", "Absent without a disk tier. Dropped writes and late reads mean that the disk does not keep up." {
        disk_entries: Gauge("recobeat_disk_entries", [],
            "Entries in the disk tier"),
        disk_bytes: Gauge("recobeat_disk_bytes", [],
            "Estimated bytes of the entries in the disk tier, which its bound is held against"),
        disk_file_bytes: Gauge("recobeat_disk_file_bytes", [],
            "Bytes of the disk that the file of the disk tier uses"),
        disk_written: IntCounter("recobeat_disk_writes_total", [],
            "Writes carried out by the disk tier"),
        disk_dropped: IntCounter("recobeat_disk_writes_dropped_total", [],
            "Writes given up because too many waited for the disk"),
        disk_late: IntCounter("recobeat_disk_reads_late_total", [],
            "Reads given up because the disk took too long"),
        disk_set_aside: IntCounter("recobeat_disk_files_set_aside_total", [],
            "Cache files that could not be used and were moved aside"),
    }

    "Redis", "Zero without replicas. Late commands come before a lost link." {
        leases: Gauge("recobeat_leases_held", [],
            "Keys that this replica fetches for all replicas at present"),
        redis_commands: IntCounter("recobeat_redis_commands_total", [],
            "Commands sent to Redis since the start"),
        redis_seconds: Histogram("recobeat_redis_round_trip_seconds", [],
            "Time from a command to its answer, seconds", CALL_SECONDS),
        redis_under_way: Gauge("recobeat_redis_under_way", [],
            "Commands under way, at most `cache.redis.pool`"),
        redis_crowded: IntCounter("recobeat_redis_crowded_total", [],
            "Commands that were not sent, because none of the places in `cache.redis.pool` became free in time"),
        redis_late: IntCounter("recobeat_redis_late_total", [],
            "Commands that Redis did not answer in time"),
        redis_refused: IntCounter("recobeat_redis_refused_total", [],
            "Commands that Redis refused"),
        redis_lost: IntCounter("recobeat_redis_lost_total", [],
            "Times that Redis went away"),
        redis_written: IntCounter("recobeat_redis_writes_total", [],
            "Writes carried out by Redis"),
        redis_waiting: Gauge("recobeat_redis_writes_waiting", [],
            "Writes that wait for Redis"),
        redis_dropped: IntCounter("recobeat_redis_writes_dropped_total", [],
            "Writes given up because too many waited for Redis, or because it refused them"),
    }

    "Configuration", "Alert on one that is not good for minutes: what was written last is not what runs." {
        reloads: IntCounterVec("recobeat_config_reloads_total", [RELOAD],
            "Times the configuration was read anew"),
        config_good: Gauge("recobeat_config_good", [],
            "1 while the configuration as last read is in force, 0 after one that was refused"),
        config_loaded: Gauge("recobeat_config_loaded_timestamp_seconds", [],
            "When the configuration in force was read, seconds since 1970"),
        config_restart: Gauge("recobeat_config_restart_needed", [],
            "Keys that have another value in the configuration than in the proxy, which takes it at a restart"),
    }
}
