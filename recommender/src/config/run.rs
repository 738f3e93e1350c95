//! How a run is made.

use std::time::Duration;

use serde::Serialize;

use recobeat_ops::settings::kind::{
    self, DAY, HOUR, Kind, MINUTE, SECOND, duration, in_words, switch, whole,
};
use recobeat_ops::settings::{Reader, defaults};

/// How a run is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Requests to the proxy.
    pub max_calls: u32,
    /// Without the time queued at the proxy.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub strategy_timeout: Duration,
    #[serde(serialize_with = "kind::serialize_duration")]
    pub deadline: Duration,
    /// Improvement rounds, 0 to 3.
    pub rounds: u32,
    /// Artists whose tracks are read, 1 to 50.
    pub max_artists: usize,
    /// The three strategies at the same time.
    pub parallel_strategies: bool,
    /// Steps of earlier runs are used again.
    pub reuse: bool,
    /// How long the memory of finished runs is kept.
    #[serde(serialize_with = "kind::serialize_duration")]
    pub keep_events: Duration,
}

impl Run {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let run = Self {
            max_calls: r.key("max_calls", 24, whole(4..=1000).because("below 4 no list can be made")),
            strategy_timeout: r.key("strategy_timeout", MINUTE, duration(SECOND..=HOUR)),
            deadline: r.key("deadline", 2 * MINUTE, duration(SECOND..=HOUR)),
            rounds: r.key("rounds", 1, whole(0..=3)),
            max_artists: r.key("max_artists", 6, whole(1..=50)),
            parallel_strategies: r.key("parallel_strategies", true, switch()),
            reuse: r.key("reuse", true, switch()),
            keep_events: r.key("keep_events", DAY, duration(MINUTE..=30 * DAY)),
        };
        if run.strategy_timeout > run.deadline {
            let (strategy, deadline) = (in_words(run.strategy_timeout), in_words(run.deadline));
            r.refuse(
                &["strategy_timeout", "deadline"],
                format!("`run.strategy_timeout` is {strategy}, longer than `run.deadline`, {deadline}"),
                "a strategy is part of the run: shorten it, or give the run more time",
            );
        }
        run
    }
}

impl Default for Run {
    fn default() -> Self {
        defaults(Self::read)
    }
}
