//! Limits that change while calls wait and run, on paused time.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Budget, Lane, Learned, Limits, Permit};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const MINUTE: Duration = Duration::from_secs(60);

fn limits(rate: u32, gap_ms: u64, in_flight: usize) -> Limits {
    let min_interval = Duration::from_millis(gap_ms);
    Limits { rate_per_minute: rate, min_interval, max_in_flight: in_flight, adaptive: true }
}

fn budget(limits: &Limits) -> Arc<Budget> {
    Arc::new(Budget::new(limits, &Handle::current()))
}

async fn take(budget: &Budget) -> Permit {
    budget.enqueue(Lane::Interactive, CLIENT).permit().await.expect("the budget lives")
}

/// Makes so many calls that take no time, one after another.
async fn spend(budget: &Budget, calls: usize) {
    for _ in 0..calls {
        drop(take(budget).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lower_rate_counts_what_was_started_before() {
    let budget = budget(&limits(600, 0, 6));
    spend(&budget, 20).await;
    budget.apply(&limits(10, 0, 6), 1);
    let begun = Instant::now();
    drop(take(&budget).await);
    // The tenth before it was started 0.9 s ago.
    assert_eq!(begun.elapsed(), Duration::from_millis(60_250 - 900));
}

#[tokio::test(start_paused = true)]
async fn a_higher_rate_holds_for_those_who_wait_already() {
    let budget = budget(&limits(1, 0, 6));
    spend(&budget, 1).await;
    let waiting = budget.enqueue(Lane::Interactive, CLIENT);
    let begun = Instant::now();
    sleep(Duration::from_secs(2)).await;
    budget.apply(&limits(600, 0, 6), 1);
    waiting.permit().await.expect("the budget lives").refund();
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_falls_and_rises_again_forgets_no_start() {
    let budget = budget(&limits(80, 0, 6));
    spend(&budget, 80).await;
    for rate in [2, 80] {
        budget.apply(&limits(rate, 0, 6), 1);
        // Whatever there is to be forgotten is forgotten with the next start.
        let refunded =
            timeout(Duration::from_millis(900), budget.enqueue(Lane::Interactive, CLIENT).permit());
        drop(refunded.await);
    }
    assert!(budget.snapshot().started_last_minute >= 78, "{:?}", budget.snapshot());
}

#[tokio::test(start_paused = true)]
async fn a_longer_interval_counts_from_the_last_start() {
    let budget = budget(&limits(600, 0, 6));
    spend(&budget, 1).await;
    budget.apply(&limits(600, 5_000, 6), 1);
    let begun = Instant::now();
    drop(take(&budget).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn fewer_slots_wait_for_calls_to_end_and_more_are_there_at_once() {
    let budget = budget(&limits(6_000, 0, 4));
    let mut running = Vec::new();
    for _ in 0..4 {
        running.push(take(&budget).await);
    }
    budget.apply(&limits(6_000, 0, 2), 1);
    drop(running.drain(..2));
    let ticket = budget.enqueue(Lane::Interactive, CLIENT);
    let begun = Instant::now();
    let mut permit = Box::pin(ticket.permit());
    assert!(timeout(MINUTE, &mut permit).await.is_err(), "two still run");
    budget.apply(&limits(6_000, 0, 3), 1);
    assert!(permit.await.is_some());
    assert_eq!(begun.elapsed(), MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_stops_those_who_wait_and_another_lets_them_go() {
    let budget = budget(&limits(60, 0, 6));
    spend(&budget, 1).await;
    let ticket = budget.enqueue(Lane::Interactive, CLIENT);
    budget.apply(&limits(0, 0, 6), 1);
    let mut permit = Box::pin(ticket.permit());
    assert!(timeout(60 * MINUTE, &mut permit).await.is_err());
    assert!(budget.allows_none());
    budget.apply(&limits(60, 0, 6), 1);
    assert!(timeout(Duration::from_millis(1), permit).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_a_429_taught_outlives_a_change_as_far_as_the_ceiling_allows() {
    let budget = budget(&limits(80, 0, 6));
    budget.restore(Learned { rate_per_minute: 40.0, hold: None });
    let rate = || budget.snapshot().rate_per_minute.round();
    for (ceiling, expected) in [(100, 40.0), (60, 40.0), (30, 30.0), (20, 20.0), (90, 90.0)] {
        budget.apply(&limits(ceiling, 0, 6), 1);
        assert!((rate() - expected).abs() < 1e-9, "{} under {ceiling}", rate());
    }
    budget.restore(Learned { rate_per_minute: 40.0, hold: None });
    budget.apply(&Limits { adaptive: false, ..limits(90, 0, 6) }, 1);
    assert!((rate() - 90.0).abs() < 1e-9, "nothing is learned any more, {}", rate());
}

#[tokio::test(start_paused = true)]
async fn one_of_more_replicas_keeps_to_a_smaller_part() {
    let budget = budget(&limits(60, 0, 6));
    spend(&budget, 1).await;
    budget.apply(&limits(60, 0, 6), 3);
    assert_eq!(budget.snapshot().fleet.map(|fleet| fleet.replicas), Some(3));
    let begun = Instant::now();
    spend(&budget, 3).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(9), "three seconds apart instead of one");
    budget.apply(&limits(60, 0, 6), 1);
    sleep(3 * MINUTE).await;
    let begun = Instant::now();
    spend(&budget, 4).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

/// What happened, in its order.
#[derive(Debug, Default)]
struct Seen {
    /// With the limits that were in force at each; `None` when they changed at that very moment, and
    /// it may have been granted before.
    starts: Vec<(Instant, Option<Limits>)>,
    in_flight: usize,
    /// Calls above the limit that was in force when the last of them began.
    too_many: Option<(usize, usize)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each start keeps window, gap and slots of the limits in force at that moment, whatever was in
    /// force before it; and everybody gets a permit in the end.
    #[test]
    fn changes_in_the_middle_of_load_break_no_rule(
        steps in prop::collection::vec((0..6_u8, 0..3_000_u64, 0..4_000_u64), 1..80),
        changes in prop::collection::vec((1..60_u32, 0..2_000_u64, 1..5_usize), 1..12),
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let first = limits(changes[0].0, changes[0].1, changes[0].2);
            let budget = budget(&first);
            let (seen, now) = (Arc::new(Mutex::new(Seen::default())), Arc::new(Mutex::new((first, Instant::now()))));
            let mut changes = changes.into_iter().cycle();
            let mut calls = JoinSet::new();
            for (kind, pause, length) in steps {
                sleep(Duration::from_millis(pause)).await;
                if kind == 0 {
                    let (rate, gap, slots) = changes.next().expect("a cycle");
                    let changed = limits(rate, gap, slots);
                    budget.apply(&changed, 1);
                    *now.lock().unwrap() = (changed, Instant::now());
                    continue;
                }
                let (budget, seen, now) = (Arc::clone(&budget), Arc::clone(&seen), Arc::clone(&now));
                calls.spawn(async move {
                    let lane = Lane::ALL[usize::from(kind % 3)];
                    let permit = budget.enqueue(lane, CLIENT).permit().await.expect("the budget lives");
                    {
                        let (mut seen, (limits, changed)) = (seen.lock().unwrap(), now.lock().unwrap().clone());
                        let limits = Some(limits).filter(|_| changed < Instant::now());
                        seen.in_flight += 1;
                        let slots = limits.as_ref().map_or(usize::MAX, |limits| limits.max_in_flight);
                        if seen.in_flight > slots {
                            seen.too_many = Some((seen.in_flight, slots));
                        }
                        seen.starts.push((Instant::now(), limits));
                    }
                    sleep(Duration::from_millis(length)).await;
                    seen.lock().unwrap().in_flight -= 1;
                    drop(permit);
                });
            }
            calls.join_all().await;
            let seen = seen.lock().unwrap();
            prop_assert_eq!(seen.too_many, None);
            for (at, (start, limits)) in seen.starts.iter().enumerate() {
                let Some(limits) = limits else { continue };
                if let Some((before, _)) = at.checked_sub(1).map(|before| &seen.starts[before]) {
                    prop_assert!(*start - *before >= limits.min_interval, "gap at {at}");
                }
                if let Some((before, _)) = at.checked_sub(limits.rate_per_minute as usize).map(|before| &seen.starts[before]) {
                    prop_assert!(*start - *before >= MINUTE, "window at {at}");
                }
            }
            Ok(())
        })?;
    }
}
