//! Replicas that see each other keep one budget.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::super::super::{Budget, Lane};
use super::replicas::{Line, Server, State, Upstream, budget, limits};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LATENCY: Duration = Duration::from_millis(2);
/// A call that ends, and is reported, when the next may start.
const A_GAP: Duration = Duration::from_millis(755);

/// Replicas that have met.
async fn fleet(count: usize) -> (Arc<Server>, Vec<Arc<Budget>>) {
    let server = Server::new(State::Up);
    let limits = limits(80, 750, 6);
    let budgets: Vec<_> = (0..count).map(|_| budget(&limits, 1, &Line::new(&server, LATENCY))).collect();
    sleep(Duration::from_secs(2)).await;
    for budget in &budgets {
        let fleet = budget.snapshot().fleet.expect("a fleet");
        assert_eq!((fleet.replicas, fleet.joined), (count, true));
    }
    (server, budgets)
}

/// Two that have met, the first of them with a long way to the server.
async fn far_and_near() -> Vec<Arc<Budget>> {
    let server = Server::new(State::Up);
    let lines = [Duration::from_millis(20), LATENCY].map(|latency| Line::new(&server, latency));
    let budgets = lines.iter().map(|line| budget(&limits(80, 750, 6), 1, line)).collect();
    sleep(Duration::from_secs(2)).await;
    budgets
}

async fn take(budget: &Budget, lane: Lane) -> super::super::super::Permit {
    budget.enqueue(lane, CLIENT).permit().await.expect("the budget lives")
}

/// `calls` calls at each replica, all asked for at once.
async fn load(budgets: &[Arc<Budget>], upstream: &Arc<Upstream>, calls: usize, length: Duration) {
    let mut tasks = JoinSet::new();
    for (index, budget) in budgets.iter().enumerate() {
        for _ in 0..calls {
            let (budget, upstream) = (Arc::clone(budget), Arc::clone(upstream));
            tasks.spawn(async move {
                let mut permit = take(&budget, Lane::Interactive).await;
                permit.departs();
                upstream.call(index, length).await;
            });
        }
    }
    tasks.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn three_replicas_keep_window_gap_and_slots_together() {
    let (_server, budgets) = fleet(3).await;
    let upstream = Upstream::new();
    load(&budgets, &upstream, 60, Duration::from_secs(3)).await;
    let seen = upstream.seen();
    assert_eq!(seen.starts.len(), 180);
    assert!(seen.busiest_minute() <= 80, "{}", seen.busiest_minute());
    assert!(seen.least_gap() >= Duration::from_millis(745), "{:?}", seen.least_gap());
    assert!(seen.most <= 6, "{}", seen.most);
    // As much as one replica would have made of it, less the way to the server and back.
    let took = seen.starts.last().expect("180").0;
    assert!(took < Duration::from_secs(140), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn turns_go_round_the_replicas() {
    let (_server, budgets) = fleet(3).await;
    let upstream = Upstream::new();
    let begun = timeout(Duration::from_secs(45), load(&budgets, &upstream, 60, Duration::ZERO));
    assert!(begun.await.is_err(), "there is more to do");
    let counts = upstream.seen().by_replica();
    assert!(counts.values().all(|n| n.abs_diff(20) <= 2), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_the_longer_way_to_the_server_gets_as_many_turns() {
    let budgets = far_and_near().await;
    let upstream = Upstream::new();
    let begun = timeout(Duration::from_secs(45), load(&budgets, &upstream, 60, A_GAP));
    assert!(begun.await.is_err(), "there is more to do");
    let counts = upstream.seen().by_replica();
    assert!(counts[&0].abs_diff(counts[&1]) <= 2, "{counts:?}");
    assert!(upstream.seen().starts.len() >= 58, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn turns_go_round_where_slots_are_scarce() {
    let budgets = far_and_near().await;
    let upstream = Upstream::new();
    for _ in 0..6 {
        let permit = take(&budgets[1], Lane::Interactive).await;
        tokio::spawn(async move {
            sleep(Duration::from_secs(10)).await;
            drop(permit);
        });
        sleep(Duration::from_secs(1)).await;
    }
    let begun = timeout(Duration::from_secs(200), load(&budgets, &upstream, 90, Duration::from_secs(10)));
    assert!(begun.await.is_err(), "there is more to do");
    let seen = upstream.seen();
    let counts = seen.by_replica();
    assert!(counts[&0].abs_diff(counts[&1]) <= 4, "{counts:?}");
    // 6 slots for 10 s each: 120 at most.
    assert!(seen.starts.len() >= 115, "{counts:?}");
    assert!(seen.most <= 6, "{}", seen.most);
}

#[tokio::test(start_paused = true)]
async fn refreshes_take_turns_too() {
    let budgets = far_and_near().await;
    let upstream = Upstream::new();
    let tasks = budgets.iter().enumerate().map(|(index, budget)| {
        let (budget, upstream) = (Arc::clone(budget), Arc::clone(&upstream));
        async move {
            loop {
                let mut permit = take(&budget, Lane::Refresh).await;
                permit.departs();
                upstream.call(index, A_GAP).await;
            }
        }
    });
    let begun = timeout(Duration::from_secs(45), futures_util::future::join_all(tasks));
    assert!(begun.await.is_err(), "there is more to do");
    let counts = upstream.seen().by_replica();
    assert!(counts[&0].abs_diff(counts[&1]) <= 2, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_asks_no_more_costs_the_others_nothing() {
    let budgets = far_and_near().await;
    let tickets: Vec<_> = (0..3).map(|_| budgets[0].enqueue(Lane::Interactive, CLIENT)).collect();
    drop(take(&budgets[1], Lane::Interactive).await);
    drop(tickets);
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    drop(take(&budgets[1], Lane::Interactive).await);
    assert!(begun.elapsed() <= LATENCY * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_free_budget_costs_one_round_trip() {
    let (_server, budgets) = fleet(3).await;
    for budget in &budgets {
        let begun = Instant::now();
        drop(take(budget, Lane::Interactive).await);
        assert!(begun.elapsed() <= LATENCY * 2, "{:?}", begun.elapsed());
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn refreshes_wait_for_people_at_another_replica() {
    let (_server, budgets) = fleet(2).await;
    let upstream = Upstream::new();
    let people = {
        let (budget, upstream) = (Arc::clone(&budgets[0]), Arc::clone(&upstream));
        tokio::spawn(async move { load(&[budget], &upstream, 20, Duration::ZERO).await })
    };
    sleep(Duration::from_millis(10)).await;
    let begun = Instant::now();
    drop(take(&budgets[1], Lane::Refresh).await);
    assert!(begun.elapsed() >= Duration::from_millis(19 * 750), "{:?}", begun.elapsed());
    people.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_person_waits_one_gap_at_most_for_refreshes_of_another_replica() {
    let (_server, budgets) = fleet(2).await;
    let refreshing = Arc::clone(&budgets[1]);
    tokio::spawn(async move {
        let mut tickets = JoinSet::new();
        for _ in 0..100 {
            let refreshing = Arc::clone(&refreshing);
            tickets.spawn(async move { drop(take(&refreshing, Lane::Refresh).await) });
        }
        tickets.join_all().await;
    });
    sleep(Duration::from_secs(10)).await;
    let begun = Instant::now();
    drop(take(&budgets[0], Lane::Interactive).await);
    assert!(begun.elapsed() <= Duration::from_millis(760), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_one_holds_all_and_the_rate_is_cut_once() {
    let (_server, budgets) = fleet(3).await;
    let mut holds = budgets[2].holds();
    budgets[0].hold(Some(Duration::from_secs(12)));
    budgets[1].hold(Some(Duration::from_secs(9)));
    let told = timeout(Duration::from_secs(1), holds.wait_for(Option::is_some)).await.is_ok();
    assert!(told, "the others are told");
    let held = Instant::now();
    drop(take(&budgets[2], Lane::Interactive).await);
    assert!(held.elapsed() >= Duration::from_secs(11), "{:?}", held.elapsed());
    for budget in &budgets {
        let rate = budget.snapshot().rate_per_minute;
        assert!((rate - 56.0).abs() < 1e-6, "{rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_learned_rate_outlives_the_replicas() {
    let (server, budgets) = fleet(2).await;
    budgets[0].hold(Some(Duration::from_secs(5)));
    sleep(Duration::from_secs(1)).await;
    drop(budgets);
    let newcomer = budget(&limits(80, 750, 6), 1, &Line::new(&server, LATENCY));
    sleep(Duration::from_secs(1)).await;
    let rate = newcomer.snapshot().rate_per_minute;
    assert!((rate - 56.0).abs() < 1e-6, "{rate}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_leaves_late_counts_from_then_everywhere() {
    let (_server, budgets) = fleet(2).await;
    let mut permit = take(&budgets[0], Lane::Interactive).await;
    sleep(Duration::from_millis(400)).await;
    permit.departs();
    let departed = Instant::now();
    drop(take(&budgets[1], Lane::Interactive).await);
    assert!(departed.elapsed() >= Duration::from_millis(750), "{:?}", departed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refunded_permit_was_spent_nowhere() {
    let (_server, budgets) = fleet(2).await;
    take(&budgets[0], Lane::Interactive).await.refund();
    sleep(Duration::from_millis(5)).await;
    let begun = Instant::now();
    drop(take(&budgets[1], Lane::Interactive).await);
    assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_while_its_start_is_granted_costs_nothing() {
    let (_server, budgets) = fleet(2).await;
    for _ in 0..100 {
        let ticket = budgets[0].enqueue(Lane::Interactive, CLIENT);
        sleep(Duration::from_millis(1)).await;
        drop(ticket);
        sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    drop(take(&budgets[1], Lane::Interactive).await);
    assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
    assert_eq!(budgets[0].snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_ends_at_one_replica_is_taken_by_another() {
    let (_server, budgets) = fleet(2).await;
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(take(&budgets[0], Lane::Interactive).await);
    }
    let waiting = {
        let budget = Arc::clone(&budgets[1]);
        tokio::spawn(async move { drop(take(&budget, Lane::Interactive).await) })
    };
    // Longer than a lease: it is renewed as long as the calls live.
    sleep(Duration::from_secs(40)).await;
    assert!(!waiting.is_finished());
    let begun = Instant::now();
    held.pop();
    waiting.await.expect("no panic");
    assert!(begun.elapsed() <= Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_waits_elsewhere_counts_in_a_projection() {
    let (_server, budgets) = fleet(2).await;
    let waiting: Vec<_> = (0..20).map(|_| budgets[0].enqueue(Lane::Interactive, CLIENT)).collect();
    let deadline = |seconds| Instant::now() + Duration::from_secs(seconds);
    sleep(Duration::from_secs(1)).await;
    let queued: Vec<_> = (0..10).map(|_| budgets[1].enqueue(Lane::Interactive, CLIENT)).collect();
    // Ten of its own and as many of the other's come first: 16 s.
    assert!(budgets[1].admit(Lane::Interactive, CLIENT, deadline(14)).is_err());
    assert!(budgets[1].admit(Lane::Interactive, CLIENT, deadline(18)).is_ok());
    drop((waiting, queued));
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_is_zero_for_all() {
    let server = Server::new(State::Up);
    let budget = budget(&limits(0, 750, 6), 1, &Line::new(&server, LATENCY));
    sleep(Duration::from_secs(1)).await;
    assert!(budget.allows_none());
    let ticket = budget.enqueue(Lane::Interactive, CLIENT);
    assert!(timeout(Duration::from_secs(600), ticket.permit()).await.is_err());
}
