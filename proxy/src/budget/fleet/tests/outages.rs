//! Whatever becomes of the server, the upstream sees no more than it allows.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::super::super::{Budget, Lane, Limits};
use super::replicas::{Line, Server, State, Upstream, budget, limits};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LATENCY: Duration = Duration::from_millis(2);

/// Replicas that always have calls waiting, until the test ends.
struct Fleet {
    server: Arc<Server>,
    lines: Vec<Arc<Line>>,
    budgets: Vec<Arc<Budget>>,
    upstream: Arc<Upstream>,
    clients: JoinSet<()>,
}

impl Fleet {
    fn new(count: usize, at_least: u32, state: State) -> Self {
        Self::with(&limits(80, 750, 6), count, at_least, state)
    }

    fn with(limits: &Limits, count: usize, at_least: u32, state: State) -> Self {
        let server = Server::new(state);
        let lines: Vec<_> = (0..count).map(|_| Line::new(&server, LATENCY)).collect();
        let budgets = lines.iter().map(|line| budget(limits, at_least, line)).collect();
        Self { server, lines, budgets, upstream: Upstream::new(), clients: JoinSet::new() }
    }

    /// `clients` at each of these replicas that call one time after another.
    fn load(&mut self, replicas: impl IntoIterator<Item = usize>, clients: usize, length: Duration) {
        for index in replicas {
            for _ in 0..clients {
                let (budget, upstream) = (Arc::clone(&self.budgets[index]), Arc::clone(&self.upstream));
                self.clients.spawn(async move {
                    loop {
                        let ticket = budget.enqueue(Lane::Interactive, CLIENT);
                        let mut permit = ticket.permit().await.expect("the budget lives");
                        permit.departs();
                        upstream.call(index, length).await;
                    }
                });
            }
        }
    }

    /// One answer does not come in time.
    async fn interrupt(&self, replica: usize) {
        self.lines[replica].is_up(false);
        sleep(Duration::from_millis(600)).await;
        self.lines[replica].is_up(true);
    }

    fn keeps_the_rules(&self) {
        let seen = self.upstream.seen();
        assert!(seen.busiest_minute() <= 80, "{} in a minute", seen.busiest_minute());
        assert!(seen.most <= 6, "{} at once", seen.most);
    }

    fn starts(&self) -> usize {
        self.upstream.seen().starts.len()
    }
}

#[rstest]
#[case::dies(State::Dead)]
#[case::freezes(State::Frozen)]
#[tokio::test(start_paused = true)]
async fn a_server_that_goes_and_comes_under_load_lets_no_start_too_many(#[case] away: State) {
    for (away_after, back_after) in [(70, 90), (20, 30), (61, 3), (5, 200)] {
        let mut fleet = Fleet::new(3, 1, State::Up);
        fleet.load(0..3, 12, Duration::from_secs(2));
        sleep(Duration::from_secs(away_after)).await;
        fleet.server.becomes(away);
        sleep(Duration::from_secs(back_after)).await;
        fleet.server.becomes(State::Up);
        sleep(Duration::from_secs(130)).await;
        fleet.keeps_the_rules();
        assert!(fleet.budgets.iter().all(|budget| budget.snapshot().fleet.is_some_and(|fleet| fleet.joined)));
    }
}

#[tokio::test(start_paused = true)]
async fn data_lost_under_load_lets_no_start_too_many() {
    let mut fleet = Fleet::new(3, 1, State::Up);
    fleet.load(0..3, 12, Duration::from_secs(2));
    for pause in [40_300, 1_700, 25_123, 60_001] {
        sleep(Duration::from_millis(pause)).await;
        fleet.server.loses_its_data();
    }
    sleep(Duration::from_secs(70)).await;
    fleet.keeps_the_rules();
    let seen = fleet.upstream.seen();
    assert!(seen.least_gap() >= Duration::from_millis(745), "{:?}", seen.least_gap());
    assert!(fleet.starts() > 230, "{} starts", fleet.starts());
}

#[tokio::test(start_paused = true)]
async fn one_replica_cut_off_keeps_to_its_part_and_the_others_to_theirs() {
    let mut fleet = Fleet::new(3, 1, State::Up);
    fleet.load(0..3, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(65)).await;
    fleet.lines[2].is_up(false);
    sleep(Duration::from_secs(55)).await;
    fleet.lines[2].is_up(true);
    sleep(Duration::from_secs(70)).await;
    fleet.keeps_the_rules();
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_keeps_still_until_the_others_know() {
    let fleet = Fleet::with(&limits(600, 0, 20), 2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.lines[1].is_up(false);
    let begun = Instant::now();
    drop(fleet.budgets[1].enqueue(Lane::Interactive, CLIENT).permit().await);
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_that_was_apart_before_the_server_died_is_reckoned_with() {
    let mut fleet = Fleet::new(3, 1, State::Up);
    fleet.load(0..3, 12, Duration::from_millis(300));
    sleep(Duration::from_secs(65)).await;
    fleet.lines[2].is_up(false);
    sleep(Duration::from_secs(50)).await;
    fleet.server.becomes(State::Dead);
    sleep(Duration::from_secs(60)).await;
    fleet.keeps_the_rules();
}

#[tokio::test(start_paused = true)]
async fn replicas_that_never_met_keep_to_the_number_configured() {
    let mut fleet = Fleet::new(3, 3, State::Dead);
    fleet.load(0..3, 12, Duration::from_secs(3));
    sleep(Duration::from_secs(150)).await;
    fleet.server.becomes(State::Up);
    sleep(Duration::from_secs(150)).await;
    fleet.keeps_the_rules();
    let state = fleet.budgets[0].snapshot().fleet.expect("a fleet");
    assert_eq!((state.replicas, state.joined), (3, true));
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_budget_is_spent_while_the_server_is_away() {
    let mut fleet = Fleet::new(3, 1, State::Up);
    fleet.load(0..1, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(70)).await;
    fleet.server.becomes(State::Dead);
    sleep(Duration::from_secs(61)).await;
    let before = fleet.starts();
    sleep(Duration::from_secs(60)).await;
    let made = fleet.starts() - before;
    assert!((25..=26).contains(&made), "{made}");
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_loses_nothing_with_the_server() {
    let mut fleet = Fleet::new(1, 1, State::Up);
    fleet.load(0..1, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(70)).await;
    fleet.server.becomes(State::Dead);
    let before = fleet.starts();
    sleep(Duration::from_secs(60)).await;
    assert!(fleet.starts() - before >= 79, "{}", fleet.starts() - before);
    fleet.keeps_the_rules();
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_died_gives_its_part_back_after_a_minute() {
    let mut fleet = Fleet::new(2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.budgets.pop();
    fleet.load(0..1, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(130)).await;
    let before = fleet.starts();
    sleep(Duration::from_secs(60)).await;
    assert!(fleet.starts() - before >= 79, "{}", fleet.starts() - before);
    assert_eq!(fleet.budgets[0].snapshot().fleet.expect("a fleet").replicas, 1);
}

#[rstest]
#[case::killed(2, 1)]
#[case::never_there(1, 3)]
#[tokio::test(start_paused = true)]
async fn interruptions_do_not_keep_the_part_of_nobody(#[case] count: usize, #[case] at_least: u32) {
    let mut fleet = Fleet::new(count, at_least, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.budgets.truncate(1);
    fleet.load(0..1, 12, Duration::from_secs(1));
    for _ in 0..7 {
        sleep(Duration::from_secs(20)).await;
        fleet.interrupt(0).await;
    }
    let before = fleet.starts();
    for _ in 0..3 {
        sleep(Duration::from_secs(20)).await;
        fleet.interrupt(0).await;
    }
    assert!(fleet.starts() - before >= 78, "{}", fleet.starts() - before);
    fleet.keeps_the_rules();
}

#[tokio::test(start_paused = true)]
async fn interruptions_while_a_peer_is_silent_refuse_nobody() {
    let mut fleet = Fleet::new(2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.budgets.truncate(1);
    for _ in 0..2 {
        sleep(Duration::from_secs(10)).await;
        fleet.interrupt(0).await;
    }
    sleep(Duration::from_secs(1)).await;
    let deadline = Instant::now() + Duration::from_secs(1);
    assert!(fleet.budgets[0].admit(Lane::Interactive, CLIENT, deadline).is_ok());
    let begun = Instant::now();
    drop(fleet.budgets[0].enqueue(Lane::Interactive, CLIENT).permit().await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_first_does_not_take_the_part_of_those_who_were_away_too() {
    let mut fleet = Fleet::new(2, 1, State::Up);
    fleet.load(0..2, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(65)).await;
    fleet.lines.iter().for_each(|line| line.is_up(false));
    sleep(Duration::from_secs(55)).await;
    fleet.lines[0].is_up(true);
    sleep(Duration::from_secs(50)).await;
    fleet.lines[1].is_up(true);
    sleep(Duration::from_secs(70)).await;
    fleet.keeps_the_rules();
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_leaves_gives_its_part_back_at_once() {
    let mut fleet = Fleet::new(2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.budgets[1].leave().await;
    fleet.load(0..1, 12, Duration::from_secs(1));
    sleep(Duration::from_secs(60)).await;
    assert!(fleet.starts() >= 79, "{}", fleet.starts());
    assert_eq!(fleet.budgets[0].snapshot().fleet.expect("a fleet").replicas, 1);
}

#[tokio::test(start_paused = true)]
async fn replicas_without_a_ledger_keep_to_the_number_configured() {
    let budget = Budget::shared(&limits(80, 750, 6), 4, None, &Handle::current());
    let mut made = 0;
    let minute = async {
        loop {
            drop(budget.enqueue(Lane::Interactive, CLIENT).permit().await);
            made += 1;
        }
    };
    assert!(timeout(Duration::from_secs(61), minute).await.is_err());
    assert_eq!(made, 20);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_goes_on_when_the_server_freezes_while_it_asks() {
    let fleet = Fleet::new(2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.server.becomes(State::Frozen);
    let begun = Instant::now();
    let ticket = fleet.budgets[0].enqueue(Lane::Interactive, CLIENT);
    let permit = timeout(Duration::from_secs(5), ticket.permit()).await;
    assert!(permit.is_ok(), "it paces itself");
    assert!(begun.elapsed() <= Duration::from_millis(1_600), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hold_and_a_cut_outlive_the_data_of_the_server() {
    let fleet = Fleet::new(2, 1, State::Up);
    sleep(Duration::from_secs(2)).await;
    fleet.budgets[0].hold(Some(Duration::from_secs(30)));
    sleep(Duration::from_secs(1)).await;
    fleet.server.loses_its_data();
    sleep(Duration::from_secs(2)).await;
    for budget in &fleet.budgets {
        let snapshot = budget.snapshot();
        assert!((snapshot.rate_per_minute - 56.0).abs() < 1e-6, "{}", snapshot.rate_per_minute);
        assert!(snapshot.hold.is_some_and(|left| left > Duration::from_secs(26)), "{:?}", snapshot.hold);
    }
}

/// One thing that happens to a fleet under load.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Server(State),
    LosesData,
    Cut(usize),
    Mended(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Server(State::Up)),
        1 => Just(Fate::Server(State::Dead)),
        1 => Just(Fate::Server(State::Frozen)),
        1 => Just(Fate::LosesData),
        1 => (0..4_usize).prop_map(Fate::Cut),
        2 => (0..4_usize).prop_map(Fate::Mended),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any fates at any times: never more starts in a minute than the rate, never more calls than
    /// slots; and while nothing happens, the whole budget is used again.
    #[test]
    fn every_fate_keeps_the_rules(
        fates in prop::collection::vec((fate(), 1..18_000_u64), 1..20),
        count in 2..5_usize, length in 100..2_500_u64,
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let mut fleet = Fleet::new(count, u32::try_from(count).expect("small"), State::Up);
            fleet.load(0..count, 8, Duration::from_millis(length));
            let mut cut: Vec<(usize, Instant)> = Vec::new();
            for (fate, pause) in fates {
                sleep(Duration::from_millis(pause)).await;
                match fate {
                    Fate::Server(state) => fleet.server.becomes(state),
                    Fate::LosesData => fleet.server.loses_its_data(),
                    Fate::Cut(replica) => {
                        fleet.lines[replica % count].is_up(false);
                        cut.push((replica % count, Instant::now()));
                    }
                    Fate::Mended(replica) => fleet.lines[replica % count].is_up(true),
                }
                // Who is cut off alone for longer than a minute is taken for dead, so it is heard of before.
                let cuts = cut.len();
                cut.retain(|(replica, since)| {
                    let still = since.elapsed() < Duration::from_secs(40);
                    if !still {
                        fleet.lines[*replica].is_up(true);
                    }
                    still
                });
                if cut.len() < cuts {
                    fleet.server.becomes(State::Up);
                    sleep(Duration::from_secs(1)).await;
                }
            }
            fleet.server.becomes(State::Up);
            fleet.lines.iter().for_each(|line| line.is_up(true));
            sleep(Duration::from_secs(125)).await;
            let before = fleet.starts();
            sleep(Duration::from_secs(60)).await;
            let seen = fleet.upstream.seen();
            prop_assert!(seen.busiest_minute() <= 80, "{} in a minute", seen.busiest_minute());
            prop_assert!(seen.most <= 6, "{} at once", seen.most);
            prop_assert!(fleet.starts() - before >= 78, "{} in the last minute", fleet.starts() - before);
            Ok(())
        })?;
    }
}
