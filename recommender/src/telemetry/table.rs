//! All metrics in one table: name, labels, help. `/metrics` prints it, nothing else exists.

use super::label::{
    ASKED, CATEGORY, CLASS, CONNECTIONS, FEATURES, FOUND, MOODS, OUTCOME, QUERY, ROUTE, STATUS, STEP,
    STRATEGY,
};

const SECONDS: &[f64] =
    &[0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0];
/// Of a run: 24 requests at most, none upstream when it is warm.
const CALLS: &[f64] = &[0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 24.0];

recobeat_ops::metrics! {
    "recommender_build_info";

    "Requests", "A share of 429 in `status` that grows, beside `class`, tells whose limit is too low." {
        requests: IntCounterVec("recommender_requests_total", [ROUTE, STATUS],
            "Requests by route and HTTP status"),
        request_seconds: HistogramVec("recommender_request_seconds", [ROUTE],
            "Time to the head of the answer, seconds; starts may wait for their list", SECONDS),
        refusals: IntCounterVec("recommender_limiter_refusals_total", [CLASS],
            "Requests refused with 429, by what they were too many of"),
    }

    "Runs", "The 95th percentile of completed runs stays below 30 s; failed ones are news." {
        runs: IntCounterVec("recommender_runs_total", [OUTCOME],
            "Runs that ended, by how"),
        run_seconds: HistogramVec("recommender_run_seconds", [OUTCOME],
            "From the start of a run to its end, seconds, without its time in the queue", SECONDS),
        active: Gauge("recommender_runs_active", [],
            "Runs under way or waiting"),
        steps: HistogramVec("recommender_step_seconds", [STEP],
            "Time of the steps of runs, seconds", SECONDS),
        strategy_failures: IntCounterVec("recommender_strategy_failures_total", [STRATEGY],
            "Runs in which calls of a strategy failed or were late, so that the list has fewer sources"),
        tracks: IntCounterVec("recommender_tracks_total", [FEATURES],
            "Tracks of lists, by where their audio features come from; `default` is what RecoBeat did not know"),
    }

    "Calls", "Upstream calls per run fall towards 0 as the proxy warms." {
        proxy_calls: IntCounterVec("recommender_proxy_calls_total", [ASKED],
            "Requests to the proxy, by what came of them"),
        run_requests: Histogram("recommender_run_proxy_requests", [],
            "Requests to the proxy per run", CALLS),
        run_upstream_calls: Histogram("recommender_run_upstream_calls", [],
            "Calls that the proxy made upstream, per run", CALLS),
    }

    "Caches", "Of this service's own work; RecoBeat's rows are the proxy's." {
        cache_lookups: IntCounterVec("recommender_cache_lookups_total", [CATEGORY, FOUND],
            "Look-ups in the caches, by category"),
        cache_up: Gauge("recommender_cache_up", [],
            "1 while the cache that is configured is in use, 0 while memory stands in for Redis"),
        moods: GaugeVec("recommender_popular_moods", [MOODS],
            "Popular moods: those whose lists are held and fresh, and those that are missing"),
    }

    "Store", "Connections in use that stay at the maximum, or slow queries, come before slow runs." {
        store_seconds: HistogramVec("recommender_store_seconds", [QUERY],
            "Time of calls to the store, seconds, waiting for a connection included", SECONDS),
        store_failures: IntCounterVec("recommender_store_failures_total", [QUERY],
            "Calls to the store that failed: it is away, or too slow"),
        connections: GaugeVec("recommender_store_connections", [CONNECTIONS],
            "Connections to the database"),
    }

    "Configuration", "Alert on one that is not good for minutes: what was written last is not what runs." {
        config_good: Gauge("recommender_config_good", [],
            "1 while the configuration as last read is in force, 0 after one that was refused"),
    }
}
