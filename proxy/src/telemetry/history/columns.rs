use serde_json::{Map, Value, json};

use super::frame::{Levels, RESULTS, Totals};
use super::percentile::percentile;
use super::ring::Ring;
use crate::budget::Lane;
use crate::cache::Category;
use crate::telemetry::Avoided;

/// How far back, in steps of which length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// 15 minutes in steps of 10 s.
    Quarter,
    /// An hour in steps of 30 s.
    Hour,
    /// A day in steps of 10 minutes.
    Day,
}

impl Window {
    pub const ALL: [Self; 3] = [Self::Quarter, Self::Hour, Self::Day];

    pub fn name(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "24h",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }

    /// Seconds in all, and of one step.
    pub(super) fn seconds(self) -> (u64, u64) {
        match self {
            Self::Quarter => (900, 10),
            Self::Hour => (3_600, 30),
            Self::Day => (86_400, 600),
        }
    }
}

/// One step of a plot.
#[derive(Debug)]
struct Step {
    /// Which multiple of the step's length it ends in: equal samples are always put together.
    place: u64,
    /// Milliseconds: the end, and how much of the time before it is covered.
    end: u64,
    covers: u64,
    totals: Totals,
    levels: Levels,
}

fn steps(ring: &Ring, window: Window) -> Vec<Step> {
    let (span, length) = window.seconds();
    let (span, length) = (span * 1_000, length * 1_000);
    let from = ring.newest().at.saturating_sub(span);
    let mut frames = ring.frames().skip_while(|frame| frame.at < from);
    let mut steps: Vec<Step> = Vec::new();
    let Some(mut before) = frames.next() else { return steps };
    for frame in frames {
        // A sample on the line ends the step before it.
        let place = (frame.at - 1) / length;
        let (came, covers) = (frame.totals.since(&before.totals), frame.at - before.at);
        match steps.last_mut().filter(|step| step.place == place) {
            Some(step) => {
                step.end = frame.at;
                step.covers += covers;
                step.totals.add(&came);
                step.levels.rise(&frame.levels);
            }
            None => {
                steps.push(Step { place, end: frame.at, covers, totals: came, levels: frame.levels });
            }
        }
        before = frame;
    }
    steps
}

/// Counts are those of each step, levels the highest in it, durations seconds and null without a
/// call. `seconds` says how much time a step covers: the newest one is still under way.
pub(super) fn columns(ring: &Ring, window: Window, since: u64) -> Value {
    let steps = steps(ring, window);
    let (span, length) = window.seconds();
    let column = |read: &dyn Fn(&Step) -> Value| Value::Array(steps.iter().map(read).collect());
    let seconds = |millis: u64| json!(Seconds(millis).get());
    let known = &ring.newest().totals.lookups;
    let mut lookups = Map::new();
    for (at, category) in Category::ALL.into_iter().enumerate() {
        if known[at].iter().any(|count| *count > 0) {
            let results = RESULTS.iter().enumerate().map(|(result, name)| {
                ((*name).to_owned(), column(&|step| json!(step.totals.lookups[at][result])))
            });
            lookups.insert(category.name().to_owned(), results.collect());
        }
    }
    let avoided = Avoided::ALL.iter().enumerate();
    let avoided =
        avoided.map(|(at, cause)| (cause.name().to_owned(), column(&|step| json!(step.totals.avoided[at]))));
    let queued = Lane::ALL.iter().enumerate();
    let queued =
        queued.map(|(at, lane)| (lane.name().to_owned(), column(&|step| json!(step.levels.queued[at]))));
    let took = |share: f64| column(&|step| json!(percentile(&step.totals.seconds, share)));
    json!({
        "window": window.name(),
        "window_seconds": span,
        "step_seconds": length,
        "since": Seconds(since).get(),
        "t": column(&|step| seconds(step.end)),
        "seconds": column(&|step| seconds(step.covers)),
        "series": {
            "lookups": lookups,
            "avoided": avoided.collect::<Map<_, _>>(),
            "calls": column(&|step| json!(step.totals.calls)),
            "throttled": column(&|step| json!(step.totals.throttled)),
            "refused": column(&|step| json!(step.totals.refused)),
            "latency": { "p50": took(0.50), "p95": took(0.95), "p99": took(0.99) },
            "budget": {
                "limit": column(&|step| json!(step.levels.limit)),
                "started": column(&|step| json!(step.levels.started)),
                "in_flight": column(&|step| json!(step.levels.in_flight)),
                "queued": queued.collect::<Map<_, _>>(),
            },
        },
    })
}

/// Milliseconds, told in seconds.
struct Seconds(u64);

impl Seconds {
    #[allow(clippy::cast_precision_loss)] // milliseconds of the epoch are far below 2^52
    fn get(&self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}
