//! How ids are gathered into upstream calls, and how many a client may ask for.

use std::time::Duration;

use serde::Serialize;

use super::budget::Budget;
use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{self, Kind, SECOND, choice, duration, in_words, whole};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// Ids in one upstream call, 1 to 40.
    pub max_ids: usize,
    /// How long a batch that is not full waits for more ids; zero sends it at once.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub linger: Duration,
    /// Ids in one request of a client; more are refused.
    pub max_ids_per_request: usize,
    /// Upstream calls for one request at a time.
    pub max_parallel_per_request: usize,
    /// What to do with a request for more than `max_ids` ids.
    pub oversize: Oversize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversize {
    /// Answer it from several upstream calls.
    Split,
    /// Answer 400, as the upstream does.
    Reject,
}

impl Batch {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            max_ids: r.key(
                "max_ids",
                40,
                whole(1..=40).because("the upstream refuses calls with more than 40 ids"),
            ),
            linger: r.key("linger", Duration::from_millis(10), duration(Duration::ZERO..=10 * SECOND)),
            max_ids_per_request: r.key("max_ids_per_request", 500, whole(1..=100_000)),
            max_parallel_per_request: r.key("max_parallel_per_request", 4, whole(1..=1000)),
            oversize: r.key(
                "oversize",
                Oversize::Split,
                choice(&[("split", Oversize::Split), ("reject", Oversize::Reject)]),
            ),
        }
    }
}

/// Refuses a batch that lingers longer than anyone waits for it.
pub(super) fn refuse_long_linger(r: &mut Reader<'_>, batch: &Batch, budget: &Budget) {
    if budget.queue_timeout < batch.linger {
        let (timeout, linger) = (in_words(budget.queue_timeout), in_words(batch.linger));
        r.refuse(
            &["budget.queue_timeout", "batch.linger"],
            format!(
                "`budget.queue_timeout` is {timeout}, shorter than `batch.linger`, {linger}: \
                 every miss would be given up before its batch is sent"
            ),
            format!("raise `budget.queue_timeout` to {linger} or more, or lower `batch.linger`"),
        );
    }
}
