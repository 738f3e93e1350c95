//! How many upstream calls may be made, over all replicas.

use std::time::Duration;

use serde::Serialize;

use super::upstream::Pool;
use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{self, HOUR, Kind, MINUTE, SECOND, duration, switch, whole};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Call starts in any 60 s; 0 makes none.
    pub rate_per_minute: u32,
    /// Between two call starts; may be zero.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub min_interval: Duration,
    /// At least 1.
    pub max_in_flight: usize,
    /// The longest a client waits for a call to start; never shorter than `batch.linger`.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub queue_timeout: Duration,
    /// Whether a 429 lowers the rate for a while.
    pub adaptive: bool,
    /// How many proxies share the budget at least, for when they cannot see each other; not 0.
    pub replicas: u32,
}

impl Budget {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            rate_per_minute: r.key(
                "rate_per_minute",
                80,
                whole(0..=100_000).because("0 makes no upstream calls; the public API takes about 80"),
            ),
            min_interval: r.key(
                "min_interval",
                Duration::from_millis(750),
                duration(Duration::ZERO..=10 * MINUTE),
            ),
            max_in_flight: r.key(
                "max_in_flight",
                6,
                whole(1..=10_000).because("to make no upstream calls, set `budget.rate_per_minute` to 0"),
            ),
            queue_timeout: r.key("queue_timeout", 30 * SECOND, duration(Duration::ZERO..=HOUR)),
            adaptive: r.key("adaptive", true, switch()),
            replicas: r.key("replicas", 1, whole(1..=10_000)),
        }
    }
}

/// Refuses more calls at once than connections to make them on.
pub(super) fn refuse_few_connections(r: &mut Reader<'_>, budget: &Budget, pool: &Pool) {
    if budget.max_in_flight > pool.max {
        let (calls, connections) = (budget.max_in_flight, pool.max);
        r.refuse(
            &["upstream.pool.max", "budget.max_in_flight"],
            format!(
                "`upstream.pool.max` is {connections}, fewer than `budget.max_in_flight`, {calls}: \
                 each call needs a connection of its own"
            ),
            format!("raise `upstream.pool.max` to {calls} or more, or lower `budget.max_in_flight`"),
        );
    }
}
