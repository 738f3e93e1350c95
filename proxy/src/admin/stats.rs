use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::Admin;
use crate::budget::{Lane, Snapshot};
use crate::cache::Category;
use crate::telemetry::{Avoided, Metrics, ReadAheadRow};

/// The numbers people ask for first: hits by category, calls avoided by cause, the budget.
pub(super) async fn get(State(admin): State<Arc<Admin>>) -> Json<Value> {
    let metrics = admin.engine.metrics();
    let gauges = admin.engine.gauges();
    let standing = admin.running.standing();
    Json(json!({
        "config": {
            "good": standing.good,
            "loaded_at": standing.loaded_at,
            "restart_needed": standing.restart.len(),
        },
        "version": env!("CARGO_PKG_VERSION"),
        "cache": {
            "by_category": by_category(metrics),
            "memory": {
                "entries": gauges.memory_entries,
                "bytes": gauges.memory_bytes,
                "hits": metrics.hits_of("memory"),
            },
            "disk": gauges.disk.as_ref().map(|disk| json!({
                "up": disk.up,
                "away_because": disk.away,
                "entries": disk.entries,
                "bytes": disk.bytes,
                "file_bytes": disk.file_bytes,
                "hits": metrics.hits_of("disk"),
                "writes": disk.written,
                "writes_dropped": disk.dropped,
                "reads_late": disk.late,
                "files_set_aside": disk.set_aside,
            })),
            "redis": gauges.shared.as_ref().map(|shared| json!({
                "up": shared.link.up,
                "away_because": shared.link.away_because,
                "cluster": shared.link.cluster,
                "hits": metrics.hits_of("redis"),
                "commands": shared.link.commands,
                "late": shared.link.late,
                "refused": shared.link.refused,
                "lost": shared.link.lost,
                "writes": shared.written,
                "writes_waiting": shared.waiting,
                "writes_dropped": shared.dropped,
            })),
        },
        "upstream": {
            "calls": metrics.upstream_calls(),
            "calls_avoided": avoided(metrics),
            "suspended": gauges.suspended,
            "ids_along": along(metrics),
        },
        "read_ahead": {
            "read": metrics.read_ahead_rows(ReadAheadRow::Read),
            "used": metrics.read_ahead_rows(ReadAheadRow::Used),
            "not_read": metrics.read_ahead_rows(ReadAheadRow::Paused),
            "paused": gauges.read_ahead_paused,
        },
        "budget": budget(&gauges.budget),
    }))
}

/// Only categories that were looked up; `hit_rate` counts stale answers as hits.
fn by_category(metrics: &Metrics) -> Value {
    let mut categories = Map::new();
    for category in Category::ALL {
        let [hit, stale, miss] = ["hit", "stale", "miss"].map(|result| metrics.lookups(category, result));
        let all = hit + stale + miss;
        if all > 0 {
            #[allow(clippy::cast_precision_loss)] // look-ups far below 2^52
            let rate = (hit + stale) as f64 / all as f64;
            let row = json!({ "hit": hit, "stale": stale, "miss": miss, "hit_rate": rate });
            categories.insert(category.name().to_owned(), row);
        }
    }
    Value::Object(categories)
}

fn avoided(metrics: &Metrics) -> Value {
    let causes = Avoided::ALL.map(|cause| (cause.name().to_owned(), json!(metrics.avoided(cause))));
    Value::Object(causes.into_iter().collect())
}

/// Ids that took a free place in a batch that left for more urgent ones.
fn along(metrics: &Metrics) -> Value {
    let lanes =
        [Lane::Refresh, Lane::Warm].map(|lane| (lane.name().to_owned(), json!(metrics.ids_along(lane))));
    Value::Object(lanes.into_iter().collect())
}

fn budget(budget: &Snapshot) -> Value {
    let queued = budget.queued.map(|(lane, queued)| (lane.name().to_owned(), json!(queued)));
    json!({
        "rate_per_minute": budget.rate_per_minute,
        "started_last_minute": budget.started_last_minute,
        "in_flight": budget.in_flight,
        "queued": Value::Object(queued.into_iter().collect()),
        "projected_wait_seconds": budget.projected_wait.as_ref().map(Duration::as_secs_f64),
        "hold_seconds": budget.hold.as_ref().map(Duration::as_secs_f64),
        "shared": budget.fleet.map(|fleet| fleet.joined),
        "replicas": budget.fleet.map_or(1, |fleet| fleet.replicas),
        "refused": budget.counts.refused,
        "throttled": budget.counts.throttled,
        "holds": budget.counts.holds,
    })
}
