use proptest::prelude::*;
use tokio::time::advance;

use super::frame::{BUCKETS, Totals};
use super::*;
use crate::cache::Category;
use crate::telemetry::Metrics;

const START: u64 = 1_700_000_000_000;

fn frame(at: u64, calls: u64) -> Frame {
    let totals = Totals { calls, ..Totals::default() };
    Frame { at, totals, ..Frame::default() }
}

fn numbers(column: &Value) -> Vec<u64> {
    column.as_array().expect("a column").iter().map(|value| value.as_u64().expect("a count")).collect()
}

fn calls(history: &History, window: Window) -> Vec<u64> {
    numbers(&history.columns(window)["series"]["calls"])
}

/// Samples 5 s apart, each with one call more.
fn run_for(samples: u64) -> History {
    let history = History::new(frame(START, 0));
    for sample in 1..=samples {
        history.sample(frame(START + sample * 5_000, sample));
    }
    history
}

#[test]
fn two_samples_make_a_step_of_the_quarter_and_the_newest_one_counts_at_once() {
    let history = run_for(5);
    assert_eq!(calls(&history, Window::Quarter), [2, 2, 1]);
    let columns = history.columns(Window::Quarter);
    assert_eq!(columns["t"][0], 1_700_000_010.0);
    assert_eq!(columns["seconds"], serde_json::json!([10.0, 10.0, 5.0]));
    assert_eq!(columns["since"], 1_700_000_000.0);
}

#[test]
fn the_day_is_told_before_its_first_coarse_sample() {
    assert_eq!(calls(&run_for(3), Window::Day).iter().sum::<u64>(), 3);
}

#[test]
fn each_window_reaches_as_far_as_it_says() {
    let history = run_for(2 * 17_280);
    for (window, steps, calls_each) in
        [(Window::Quarter, 90, 2), (Window::Hour, 120, 6), (Window::Day, 144, 120)]
    {
        let told = calls(&history, window);
        assert!((steps - 1..=steps + 1).contains(&told.len()), "{window:?}: {} steps", told.len());
        let whole = &told[1..told.len() - 1];
        assert!(whole.iter().all(|calls| *calls == calls_each), "{window:?}: {told:?}");
    }
}

#[test]
fn memory_does_not_grow() {
    assert!(size_of::<Frame>() * (FINE_FRAMES + COARSE_FRAMES) < 1_200_000, "{}", size_of::<Frame>());
    let history = run_for(2 * 17_280);
    let rings = history.rings();
    assert_eq!(rings.fine.frames().count(), FINE_FRAMES);
    assert_eq!(rings.coarse.frames().count(), COARSE_FRAMES);
}

#[test]
fn a_peak_between_coarse_samples_is_kept() {
    let history = History::new(frame(START, 0));
    for sample in 1..=24_u64 {
        let mut frame = frame(START + sample * 5_000, 0);
        frame.levels.queued[0] = if sample == 5 { 40 } else { 1 };
        frame.levels.limit = 80.0 - if sample > 12 { 20.0 } else { 0.0 };
        history.sample(frame);
    }
    let rings = history.rings();
    let day: Vec<_> =
        rings.coarse.frames().map(|frame| (frame.levels.queued[0], frame.levels.limit)).collect();
    assert_eq!(day, [(0, 0.0), (40, 80.0), (1, 60.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_neither_turns_the_order_round_nor_changes_a_step() {
    // Long after the system's time: as if that had been set back since.
    let first = 4_000_000_000_000;
    let (told, mut reads) = tokio::sync::mpsc::unbounded_channel();
    let read = move |now: Timestamp| {
        told.send(now).ok()?;
        Some(frame(now.0, 1))
    };
    let history = History::keep(frame(first, 0), read, &Handle::current());
    for passed in [5_000, 10_000, 15_000] {
        assert_eq!(reads.recv().await, Some(Timestamp(first + passed)));
    }
    let columns = history.columns(Window::Quarter);
    assert_eq!(columns["t"], serde_json::json!([4_000_000_010.0, 4_000_000_015.0]));
    assert_eq!(columns["seconds"], serde_json::json!([10.0, 5.0]));
    assert_eq!(numbers(&columns["series"]["calls"]), [1, 0]);
}

#[test]
fn a_suspension_makes_one_long_step() {
    let history = run_for(2);
    history.sample(frame(START + 310_000, 9));
    let columns = history.columns(Window::Quarter);
    assert_eq!(columns["seconds"], serde_json::json!([10.0, 300.0]));
    assert_eq!(numbers(&columns["series"]["calls"]), [2, 7]);
}

#[test]
fn categories_that_nobody_looked_up_are_left_out() {
    let metrics = Metrics::default();
    metrics.lookup(Category::Track, "hit", 3);
    let mut later = frame(START + 5_000, 0);
    later.totals.lookups = Category::ALL
        .map(|category| ["hit", "stale", "miss"].map(|result| metrics.lookups(category, result)));
    let history = History::new(frame(START, 0));
    history.sample(later);
    let columns = history.columns(Window::Hour);
    let lookups = columns["series"]["lookups"].as_object().expect("categories");
    assert_eq!(lookups.keys().collect::<Vec<_>>(), ["track"]);
    assert_eq!(numbers(&lookups["track"]["hit"]), [3]);
}

#[tokio::test(start_paused = true)]
async fn it_samples_every_five_seconds_until_nobody_holds_it() {
    let (told, mut reads) = tokio::sync::mpsc::unbounded_channel();
    let read = move |now: Timestamp| {
        told.send(()).ok()?;
        Some(frame(now.0, 1))
    };
    let history = History::keep(frame(START, 0), read, &Handle::current());
    tokio::task::yield_now().await;
    assert!(reads.try_recv().is_err(), "the first sample is given");
    advance(EVERY).await;
    reads.recv().await.expect("a sample");
    advance(EVERY).await;
    reads.recv().await.expect("another");
    assert_eq!(calls(&history, Window::Quarter).iter().sum::<u64>(), 1);
    drop(history);
    advance(EVERY).await;
    assert!(reads.recv().await.is_none(), "the sampler ends with its history");
}

#[test]
fn a_frame_reads_what_was_counted() {
    let metrics = Metrics::default();
    metrics.upstream_call("/v1/track", "200", Duration::from_millis(700));
    metrics.upstream_call("/v1/artist", "200", Duration::from_millis(800));
    metrics.upstream_call("/v1/artist", "500", Duration::from_secs(400));
    let seconds = metrics.calls_by_seconds();
    assert_eq!(seconds.iter().sum::<u64>(), 3);
    assert_eq!(seconds[BUCKETS - 1], 1, "one took longer than the last bound");
}

proptest! {
    /// However samples come, the differences of a window that holds all of them are the totals.
    #[test]
    fn differences_sum_to_the_totals(
        came in prop::collection::vec((1_u64..40_000, 0_u64..50, 0_u64..9, 0_usize..BUCKETS), 1..30),
    ) {
        let history = History::new(frame(START, 0));
        let mut last = frame(START, 0);
        for (pause, calls, hits, bucket) in came {
            last.at += pause;
            last.totals.calls += calls;
            last.totals.avoided[1] += hits;
            last.totals.lookups[0][0] += hits;
            last.totals.lookups[9][2] += calls;
            last.totals.seconds[bucket] += calls;
            history.sample(last.clone());
        }
        for window in [Window::Hour, Window::Day] {
            let columns = history.columns(window);
            let series = &columns["series"];
            let sum = |column: &Value| column.as_array().map_or(0, |_| numbers(column).iter().sum::<u64>());
            prop_assert_eq!(sum(&series["calls"]), last.totals.calls);
            prop_assert_eq!(sum(&series["avoided"]["coalescing"]), last.totals.avoided[1]);
            prop_assert_eq!(sum(&series["lookups"]["track"]["hit"]), last.totals.lookups[0][0]);
            prop_assert_eq!(sum(&series["lookups"]["page"]["miss"]), last.totals.lookups[9][2]);
            let covered: f64 = columns["seconds"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
            prop_assert!((covered - Duration::from_millis(last.at - START).as_secs_f64()).abs() < 1e-3);
            let length = columns["t"].as_array().unwrap().len();
            prop_assert!(series["latency"]["p95"].as_array().unwrap().len() == length);
        }
    }
}
