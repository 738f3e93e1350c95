//! Several engines on one real server, in real time: they fetch as one.

use tokio::time::timeout;

use super::catalogue::{artist, spotify, track};
use super::scripted::Act;
use super::*;
use crate::cache;
use crate::link::testing::Server;
use crate::telemetry::Outcome;

const DRAW: &str = "/v1/track/recommendation?size=5&seeds=T000000000000000000001";
const SEARCH: &str = "/v1/track/search?searchText=love";
const LONG: Duration = Duration::from_secs(30);
/// Long enough for every replica to find out what another is doing.
const CALL: Duration = Duration::from_millis(300);

struct Fleet {
    server: Server,
    replicas: Vec<World>,
    upstream: Arc<Scripted>,
}

impl Fleet {
    async fn start(replicas: usize) -> Self {
        Self::with(replicas, Settings { budget: lifted(), ..Settings::default() }).await
    }

    async fn with(replicas: usize, settings: Settings) -> Self {
        let server = Server::start(&[]).await;
        let upstream = Arc::new(Scripted::new(CALL));
        let mut fleet = Self { server, replicas: Vec::new(), upstream };
        for _ in 0..replicas {
            fleet.join(settings.clone()).await;
        }
        fleet
    }

    async fn join(&mut self, settings: Settings) {
        let link = self.server.link().await;
        let clock = Clock::Shared(link.offset());
        let cache = cache::Settings { link: Some(link), ..settings.cache };
        let settings = Settings { cache, ..settings };
        let upstream = Arc::clone(&self.upstream);
        let engine = Engine::new(&settings, Arc::clone(&upstream) as _, clock, &Handle::current());
        assert!(engine.connected(LONG).await);
        self.replicas.push(World { engine, upstream });
    }

    /// The same from every replica, `each` times at once.
    async fn all(&self, target: &str, each: u32) -> Vec<Answer> {
        let asked: Vec<_> = self
            .replicas
            .iter()
            .flat_map(|replica| (0..each).map(|n| replica.spawn(target, client(n))))
            .collect();
        let mut answers = Vec::new();
        for answer in asked {
            answers.push(timeout(LONG, answer).await.expect("in time").expect("no panic"));
        }
        answers
    }

    async fn assert_one_call_for_all(&self, target: &str) {
        let before = self.upstream.calls();
        let answers = self.all(target, 20).await;
        assert_eq!(self.upstream.calls() - before, 1, "{target}");
        assert!(answers.iter().all(|answer| answer.status == 200), "{target}");
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{target}");
    }
}

#[tokio::test]
async fn one_call_and_one_answer_for_a_cold_key_asked_everywhere_at_once() {
    let fleet = Fleet::start(3).await;
    fleet.assert_one_call_for_all(DRAW).await;
    fleet.assert_one_call_for_all(SEARCH).await;
    fleet.assert_one_call_for_all(&format!("/v1/track/{}", track(70))).await;
    fleet.assert_one_call_for_all(&format!("/v1/audio-features?ids={}", spotify(71))).await;
    fleet.assert_one_call_for_all(&format!("/v1/artist/{}/track", artist(3))).await;
}

#[tokio::test]
async fn overlapping_lists_ask_for_each_id_once() {
    let fleet = Fleet::start(3).await;
    let lists = [0..40, 20..60, 40..80].map(|ids| tracks(ids.map(spotify)));
    let asked: Vec<_> =
        fleet.replicas.iter().zip(&lists).map(|(replica, list)| replica.spawn(list, caller())).collect();
    for answer in asked {
        assert_eq!(timeout(LONG, answer).await.expect("in time").expect("no panic").status, 200);
    }
    let mut asked = fleet.upstream.asked();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), all), (80, 80));
}

#[tokio::test]
async fn who_comes_later_finds_what_another_replica_fetched() {
    let fleet = Fleet::start(2).await;
    let first = fleet.replicas[0].get(DRAW).await;
    assert!(fleet.replicas[0].engine.written(LONG).await);
    let second = fleet.replicas[1].get(DRAW).await;
    assert_eq!((second.outcome, &second.body), (Outcome::Hit, &first.body));
    assert_eq!(fleet.upstream.calls(), 1);
}

#[tokio::test]
async fn a_new_draw_asked_everywhere_at_once_is_one_call() {
    let fleet = Fleet::start(3).await;
    let first = fleet.replicas[0].get(DRAW).await;
    assert!(fleet.replicas[0].engine.written(LONG).await);
    let asked: Vec<_> = fleet
        .replicas
        .iter()
        .map(|replica| replica.spawn(DRAW, Caller { no_cache: true, ..caller() }))
        .collect();
    let mut drawn = Vec::new();
    for answer in asked {
        drawn.push(timeout(LONG, answer).await.expect("in time").expect("no panic").body);
    }
    assert_ne!(drawn[0], first.body);
    assert!(drawn.iter().all(|body| *body == drawn[0]));
    assert_eq!(fleet.upstream.calls(), 2);
}

#[tokio::test]
async fn a_failure_at_one_replica_leaves_the_fetch_to_another() {
    let patience = crate::flight::Patience { max_attempts: 1, ..crate::flight::Patience::default() };
    let fleet = Fleet::with(2, Settings { budget: lifted(), patience, ..Settings::default() }).await;
    fleet.upstream.script("search", 1, Act::Status(500));
    let answers = fleet.all(SEARCH, 5).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((served, fleet.upstream.calls()), (5, 2));
}

/// Its engine is dropped in the middle of its call: the lease expires.
#[tokio::test]
async fn a_replica_that_dies_holds_nobody_up_for_long() {
    let mut fleet = Fleet::start(2).await;
    let dying = fleet.replicas.remove(0);
    fleet.upstream.script("search", 1, Act::Hang);
    let lost = dying.spawn(SEARCH, caller());
    while fleet.upstream.calls() == 0 {
        tokio::task::yield_now().await;
    }
    // A process that ends gives nothing back.
    dying.engine.leases.as_ref().expect("there is a server").abandon();
    lost.abort();
    let answer = timeout(LONG, fleet.replicas[0].get(SEARCH)).await.expect("in time");
    assert_eq!((answer.status.as_u16(), fleet.upstream.calls()), (200, 2));
}

#[tokio::test]
async fn nobody_waits_behind_a_refresh_that_queues_at_another_replica() {
    let mut fleet = Fleet::start(1).await;
    // With the stricter limits that hold for both, the next call is seconds away.
    let slow = Limits { rate_per_minute: 1000, min_interval: 2 * SECOND, max_in_flight: 1, adaptive: false };
    fleet.join(Settings { budget: slow, ..Settings::default() }).await;
    let (free, slow) = (&fleet.replicas[0], &fleet.replicas[1]);
    slow.get("/v1/track/search?searchText=first").await;
    let crate::api::Request::Body(body) = request(SEARCH) else { panic!("a search is a body") };
    let wish = crate::flight::Wish { client: caller().client, lane: Lane::Refresh, deadline: None };
    let _queued = slow.engine.bodies.join(&body, false, wish, None);
    while slow.engine.gauges().leases == 0 {
        tokio::task::yield_now().await;
    }
    let answer = timeout(LONG, free.get(SEARCH)).await.expect("in time");
    // It led the fetch itself: behind the refresh, it would have been told what that one fetched.
    assert_eq!(answer.outcome, Outcome::Miss);
    // Nor does anybody at the other replica, whose own flight still queues.
    assert!(free.engine.written(LONG).await);
    let there = timeout(LONG, slow.get(SEARCH)).await.expect("at once");
    assert_eq!((there.outcome, there.body, fleet.upstream.calls()), (Outcome::Hit, answer.body, 2));
}

#[tokio::test]
async fn without_the_server_each_replica_fetches_for_itself_and_nobody_sees_an_error() {
    let mut fleet = Fleet::start(2).await;
    fleet.server.kill();
    let answers = fleet.all(DRAW, 10).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(fleet.upstream.calls(), 2);
}

#[tokio::test]
async fn a_server_that_freezes_in_the_middle_of_a_fetch_costs_no_answer() {
    let fleet = Fleet::start(2).await;
    let asked: Vec<_> = fleet.replicas.iter().map(|replica| replica.spawn(DRAW, caller())).collect();
    while fleet.upstream.calls() == 0 {
        tokio::task::yield_now().await;
    }
    fleet.server.signal("STOP");
    for answer in asked {
        assert_eq!(timeout(LONG, answer).await.expect("in time").expect("no panic").status, 200);
    }
    fleet.server.signal("CONT");
}

#[tokio::test]
async fn a_follower_does_not_wait_out_the_hold_of_another_replica() {
    let settings = Settings { budget: lifted(), queue_timeout: 2 * SECOND, ..Settings::default() };
    let fleet = Fleet::with(2, settings).await;
    fleet.upstream.script("search", 10, Act::Throttle(Some(600)));
    let leader = fleet.replicas[0].spawn(SEARCH, caller());
    while fleet.upstream.calls() == 0 {
        tokio::task::yield_now().await;
    }
    let follower = fleet.replicas[1].spawn(SEARCH, client(1));
    for answer in [leader, follower] {
        let answer = timeout(LONG, answer).await.expect("before the hold is over").expect("no panic");
        assert_eq!(answer.status, 429);
    }
    assert_eq!(fleet.upstream.calls(), 1);
}

#[tokio::test]
async fn leases_of_a_replica_that_stops_are_free_at_once() {
    let mut fleet = Fleet::start(2).await;
    let stopping = fleet.replicas.remove(0);
    fleet.upstream.script("search", 1, Act::Hang);
    let lost = stopping.spawn(SEARCH, caller());
    while fleet.upstream.calls() == 0 {
        tokio::task::yield_now().await;
    }
    stopping.engine.leave().await;
    stopping.engine.leases.as_ref().expect("there is a server").abandon();
    lost.abort();
    let begun = Instant::now();
    let answer = timeout(LONG, fleet.replicas[0].get(SEARCH)).await.expect("in time");
    assert_eq!((answer.status.as_u16(), fleet.upstream.calls()), (200, 2));
    assert!(begun.elapsed() < 5 * SECOND, "it waited for the lease to expire");
}
