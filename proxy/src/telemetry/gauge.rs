//! What is read when somebody looks, and `/metrics`, which prints all.

use super::table::{Metrics, reach};
use crate::budget::Snapshot;
use crate::cache::{DiskState, SharedState};

/// What is read when somebody looks, not counted as it happens.
#[derive(Debug, Clone)]
pub struct Gauges {
    pub budget: Snapshot,
    pub suspended: bool,
    pub read_ahead_paused: bool,
    pub memory_entries: usize,
    pub memory_bytes: u64,
    /// Entries that left memory for others, since the start.
    pub memory_evicted: u64,
    /// `None`: there is no disk tier.
    pub disk: Option<DiskState>,
    /// `None`: there is no shared tier.
    pub shared: Option<SharedState>,
    /// Keys that this replica fetches for all.
    pub leases: usize,
}

impl Metrics {
    /// The text exposition format, with `gauges` as of now.
    pub fn render(&self, gauges: &Gauges) -> String {
        self.print_after(|| self.read(gauges))
    }

    #[allow(clippy::cast_precision_loss)] // counts far below 2^52
    fn read(&self, gauges: &Gauges) {
        let Gauges {
            budget,
            suspended,
            read_ahead_paused,
            memory_entries,
            memory_bytes,
            memory_evicted,
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
            reach(&self.permits.with_label_values(&[lane]), granted);
        }
        for (lane, queued) in budget.queued {
            self.queued.with_label_values(&[lane.name()]).set(queued as f64);
        }
        reach(&self.refunded, counts.refunded);
        reach(&self.refused, counts.refused);
        reach(&self.throttled, counts.throttled);
        reach(&self.holds, counts.holds);
        self.rate.set(budget.rate_per_minute);
        self.recent.set(budget.started_last_minute as f64);
        self.in_flight.set(budget.in_flight as f64);
        self.hold.set(budget.hold.unwrap_or_default().as_secs_f64());
        self.replicas.set(budget.fleet.map_or(1.0, |fleet| fleet.replicas as f64));
        self.shared.set(flag(budget.fleet.is_some_and(|fleet| fleet.joined)));
        self.suspended.set(flag(*suspended));
        self.read_ahead_paused.set(flag(*read_ahead_paused));
        self.memory_entries.set(*memory_entries as f64);
        self.memory_bytes.set(*memory_bytes as f64);
        self.tier_up.with_label_values(&["memory"]).set(1.0);
        reach(&self.evictions.with_label_values(&["memory"]), *memory_evicted);
        if let Some(disk) = disk {
            self.tier_up.with_label_values(&["disk"]).set(flag(disk.up));
            self.disk_entries.set(disk.entries as f64);
            self.disk_bytes.set(disk.bytes as f64);
            self.disk_file_bytes.set(disk.file_bytes as f64);
            reach(&self.evictions.with_label_values(&["disk"]), disk.evicted);
            reach(&self.disk_written, disk.written);
            reach(&self.disk_dropped, disk.dropped);
            reach(&self.disk_late, disk.late);
            reach(&self.disk_set_aside, disk.set_aside);
        }
        if let Some(SharedState { link, waiting, written, dropped }) = shared {
            self.tier_up.with_label_values(&["redis"]).set(flag(link.up));
            self.leases.set(*leases as f64);
            reach(&self.redis_commands, link.commands);
            reach(&self.redis_late, link.late);
            reach(&self.redis_refused, link.refused);
            reach(&self.redis_lost, link.lost);
            reach(&self.redis_crowded, link.crowded);
            self.redis_under_way.set(link.under_way as f64);
            reach(&self.redis_written, *written);
            self.redis_waiting.set(*waiting as f64);
            reach(&self.redis_dropped, *dropped);
        }
    }
}

fn flag(on: bool) -> f64 {
    f64::from(u8::from(on))
}
