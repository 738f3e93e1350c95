//! The budget's promises on paused time, with real tasks contending for permits.

use std::sync::Mutex as StdMutex;

use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{advance, sleep};

use super::*;

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn limits(rate: u32, gap_ms: u64, in_flight: usize) -> Limits {
    Limits {
        rate_per_minute: rate,
        min_interval: Duration::from_millis(gap_ms),
        max_in_flight: in_flight,
        adaptive: true,
    }
}

fn budget(rate: u32, gap_ms: u64, in_flight: usize) -> Arc<Budget> {
    Arc::new(Budget::new(&limits(rate, gap_ms, in_flight), &Handle::current()))
}

fn client(n: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, n])
}

async fn take(budget: &Budget, lane: Lane, client: IpAddr) -> Permit {
    let ticket = budget.enqueue(lane, client);
    ticket.permit().await.expect("the budget lives")
}

/// Runs `calls` calls of `length` each, all asked at once, and reports starts and the largest
/// number in flight.
async fn load(budget: &Arc<Budget>, calls: usize, length: Duration) -> (Vec<Duration>, usize) {
    let begun = Instant::now();
    let seen = Arc::new(StdMutex::new((Vec::new(), 0_usize, 0_usize)));
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (budget, seen) = (Arc::clone(budget), Arc::clone(&seen));
        tasks.spawn(async move {
            let permit = take(&budget, Lane::Interactive, CLIENT).await;
            {
                let mut seen = seen.lock().unwrap();
                seen.0.push(begun.elapsed());
                seen.1 += 1;
                seen.2 = seen.2.max(seen.1);
            }
            sleep(length).await;
            seen.lock().unwrap().1 -= 1;
            drop(permit);
        });
    }
    tasks.join_all().await;
    let seen = seen.lock().unwrap();
    (seen.0.clone(), seen.2)
}

#[tokio::test(start_paused = true)]
async fn two_hundred_calls_at_once_keep_window_gap_and_slots() {
    let budget = budget(80, 750, 6);
    let (starts, most) = load(&budget, 200, Duration::from_secs(3)).await;
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(750)));
    assert!(starts.windows(81).all(|w| w[80] - w[0] >= Duration::from_secs(60)));
    assert!(most <= 6);
    assert_eq!(starts.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn slow_answers_are_bounded_by_the_slots() {
    let budget = budget(80, 750, 2);
    let (starts, most) = load(&budget, 10, Duration::from_secs(20)).await;
    assert_eq!(most, 2);
    assert!(starts[9] >= Duration::from_secs(80));
}

#[tokio::test(start_paused = true)]
async fn a_request_past_its_deadline_is_refused_at_once_and_told_when_to_come() {
    let budget = budget(80, 750, 6);
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(30);
    let mut admitted = Vec::new();
    let mut told = Vec::new();
    for _ in 0..300 {
        match budget.admit(Lane::Interactive, CLIENT, deadline) {
            Ok(ticket) => admitted.push(ticket),
            Err(refused) => told.push(refused.retry_after),
        }
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    // One at 0 s, one more each 0.75 s, the last at 29.25 s: at 30 s it would be too close.
    assert_eq!(admitted.len(), 40);
    assert_eq!(told[0], Duration::from_secs(30));
    assert!(told.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_as_told_gets_a_permit() {
    let budget = budget(80, 750, 6);
    let mut tasks = JoinSet::new();
    for _ in 0..300 {
        let budget = Arc::clone(&budget);
        tasks.spawn(async move {
            let mut refusals = 0;
            loop {
                let deadline = Instant::now() + Duration::from_secs(30);
                match budget.admit(Lane::Interactive, CLIENT, deadline) {
                    Ok(ticket) => {
                        drop(ticket.permit().await.expect("the budget lives"));
                        return refusals;
                    }
                    Err(refused) => {
                        refusals += 1;
                        sleep(refused.retry_after).await;
                    }
                }
            }
        });
    }
    let refusals = tasks.join_all().await;
    assert!(refusals.iter().all(|n| *n <= 1), "nobody who came back as told was refused again");
    assert_eq!(refusals.iter().filter(|n| **n == 0).count(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn askers_of_one_moment_are_not_let_in_on_the_same_slot() {
    const ASKERS: usize = 4;
    // The window between looking and taking is narrow; many tries make it wide.
    for _ in 0..500 {
        let budget = budget(80, 750, 6);
        let deadline = Instant::now() + Duration::from_millis(500);
        let barrier = std::sync::Barrier::new(ASKERS);
        let ask = || {
            barrier.wait();
            budget.admit(Lane::Interactive, CLIENT, deadline).ok()
        };
        let admitted: Vec<_> = std::thread::scope(|scope| {
            let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(ask)).collect();
            askers.into_iter().filter_map(|asker| asker.join().expect("no panic")).collect()
        });
        assert_eq!(admitted.len(), 1, "one slot until the deadline");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_refuses_everything_and_grants_nothing() {
    let budget = budget(0, 0, 6);
    let deadline = Instant::now() + Duration::from_secs(3600);
    let refused = budget.admit(Lane::Interactive, CLIENT, deadline).expect_err("no calls");
    assert_eq!(refused.retry_after, Duration::from_secs(300));
    let ticket = budget.enqueue(Lane::Warm, CLIENT);
    assert!(tokio::time::timeout(Duration::from_secs(7200), ticket.permit()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_hold_stops_starts_for_its_whole_length() {
    let budget = budget(80, 750, 6);
    drop(take(&budget, Lane::Interactive, CLIENT).await);
    budget.hold(Some(Duration::from_secs(12)));
    let held = Instant::now();
    drop(take(&budget, Lane::Interactive, CLIENT).await);
    assert_eq!(held.elapsed(), Duration::from_secs(12));
}

#[tokio::test(start_paused = true)]
async fn a_call_sent_back_by_a_429_leaves_first() {
    let budget = budget(80, 750, 6);
    budget.hold(Some(Duration::from_secs(5)));
    let first = budget.enqueue(Lane::Interactive, CLIENT);
    let back = budget.readmit(Lane::Interactive, CLIENT);
    let begun = Instant::now();
    let (first, back) = tokio::join!(async { (first.permit().await, begun.elapsed()).1 }, async {
        (back.permit().await, begun.elapsed()).1
    },);
    assert!(back < first, "{back:?} {first:?}");
}

#[tokio::test(start_paused = true)]
async fn people_go_before_refreshes_and_warming() {
    let budget = budget(80, 750, 1);
    let running = take(&budget, Lane::Interactive, CLIENT).await;
    let order = Arc::new(StdMutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for lane in [Lane::Warm, Lane::Refresh, Lane::Interactive] {
        let ticket = budget.enqueue(lane, CLIENT);
        let order = Arc::clone(&order);
        tasks.spawn(async move {
            let _permit = ticket.permit().await;
            order.lock().unwrap().push(lane);
        });
    }
    drop(running);
    tasks.join_all().await;
    assert_eq!(*order.lock().unwrap(), [Lane::Interactive, Lane::Refresh, Lane::Warm]);
}

#[tokio::test(start_paused = true)]
async fn background_calls_wait_for_two_quiet_gaps() {
    let budget = budget(80, 750, 6);
    drop(take(&budget, Lane::Interactive, CLIENT).await);
    let begun = Instant::now();
    drop(take(&budget, Lane::Refresh, CLIENT).await);
    assert_eq!(begun.elapsed(), Duration::from_millis(1500));
}

#[tokio::test(start_paused = true)]
async fn a_promoted_ticket_takes_its_turn_among_people() {
    let budget = budget(80, 750, 6);
    drop(take(&budget, Lane::Interactive, CLIENT).await);
    let warm = budget.enqueue(Lane::Warm, CLIENT);
    let begun = Instant::now();
    warm.place().promote(Lane::Interactive);
    warm.place().promote(Lane::Warm);
    warm.permit().await.expect("the budget lives").refund();
    assert_eq!(begun.elapsed(), Duration::from_millis(750));
}

#[tokio::test(start_paused = true)]
async fn one_busy_client_does_not_keep_another_waiting() {
    let budget = budget(80, 750, 6);
    let busy: Vec<_> = (0..40).map(|_| budget.enqueue(Lane::Interactive, client(1))).collect();
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(2);
    let other = budget.admit(Lane::Interactive, client(2), deadline).expect("its turn is near");
    let holder = tokio::spawn(async move {
        for ticket in busy {
            drop(ticket.permit().await);
        }
    });
    drop(other.permit().await);
    assert!(begun.elapsed() <= Duration::from_secs(2));
    holder.abort();
}

#[tokio::test(start_paused = true)]
async fn a_refunded_permit_was_never_spent() {
    let budget = budget(80, 750, 1);
    for _ in 0..100 {
        take(&budget, Lane::Interactive, CLIENT).await.refund();
    }
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.started_last_minute, snapshot.in_flight), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_tickets_leak_neither_places_nor_slots() {
    let budget = budget(80, 750, 1);
    let running = take(&budget, Lane::Interactive, CLIENT).await;
    let waiting = budget.enqueue(Lane::Interactive, CLIENT);
    let granted = budget.enqueue(Lane::Interactive, CLIENT);
    drop(waiting);
    drop(running);
    // Granted, but nobody polls it: dropping must refund.
    advance(Duration::from_secs(10)).await;
    tokio::task::yield_now().await;
    drop(granted);
    let snapshot = budget.snapshot();
    assert_eq!(snapshot.in_flight, 0);
    assert_eq!(snapshot.queued.iter().map(|(_, n)| n).sum::<usize>(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_seen_by_those_who_wait() {
    let budget = budget(80, 750, 6);
    let mut holds = budget.holds();
    budget.hold(Some(Duration::from_secs(90)));
    holds.changed().await.expect("the budget lives");
    assert_eq!(*holds.borrow(), Some(Instant::now() + Duration::from_secs(90)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any interleaving of admissions, drops, refunds and call lengths keeps all three rules and
    /// leaves nothing behind.
    #[test]
    fn every_interleaving_keeps_the_rules(
        steps in prop::collection::vec((0..4_u8, 0..3_u8, 0..5_000_u64, 0..3_000_u64), 1..60),
        rate in 5..60_u32, slots in 1..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = budget(rate, 300, slots);
            let seen = Arc::new(StdMutex::new((Vec::new(), 0_usize, 0_usize)));
            let mut tasks = JoinSet::new();
            for (kind, lane, length, pause) in steps {
                sleep(Duration::from_millis(pause)).await;
                let (budget, seen) = (Arc::clone(&budget), Arc::clone(&seen));
                tasks.spawn(async move {
                    let lane = Lane::ALL[usize::from(lane)];
                    let ticket = budget.enqueue(lane, client(kind));
                    if kind == 0 {
                        let _ = tokio::time::timeout(Duration::from_millis(length), ticket.permit()).await.map(|p| p.map(Permit::refund));
                        return;
                    }
                    if kind == 1 {
                        ticket.place().promote(Lane::Interactive);
                    }
                    let permit = ticket.permit().await.unwrap();
                    {
                        let mut seen = seen.lock().unwrap();
                        seen.0.push(Instant::now());
                        seen.1 += 1;
                        seen.2 = seen.2.max(seen.1);
                    }
                    sleep(Duration::from_millis(length)).await;
                    seen.lock().unwrap().1 -= 1;
                    drop(permit);
                });
            }
            tasks.join_all().await;
            let seen = seen.lock().unwrap();
            prop_assert!(seen.2 <= slots);
            for pair in seen.0.windows(2) {
                prop_assert!(pair[1] - pair[0] >= Duration::from_millis(300));
            }
            for window in seen.0.windows(rate as usize + 1) {
                prop_assert!(window[rate as usize] - window[0] >= Duration::from_secs(60));
            }
            let snapshot = budget.snapshot();
            prop_assert_eq!(snapshot.in_flight, 0);
            prop_assert_eq!(snapshot.queued.iter().map(|(_, n)| *n).sum::<usize>(), 0);
            Ok(())
        })?;
    }
}
