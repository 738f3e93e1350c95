//! What one engine learned, the next one answers from its disk tier.

use tempfile::TempDir;

use super::catalogue::{artist, spotify, track};
use super::*;
use crate::cache::{self, DiskSettings};
use crate::guard;
use crate::telemetry::{Outcome, ReadAheadRow};
use scripted::Act;

const DRAW: &str = "/v1/track/recommendation?size=5&seeds=T000000000000000000001";
const LONG: Duration = Duration::from_secs(60);

/// Engines that come and go over one file, one upstream and one clock.
struct Restarts {
    folder: TempDir,
    upstream: Arc<Scripted>,
    clock: Clock,
}

impl Restarts {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            upstream: Arc::new(Scripted::new(LATENCY)),
            clock: Clock::tokio(),
        }
    }

    fn start(&self) -> World {
        self.start_with(Spare::default())
    }

    fn start_with(&self, spare: Spare) -> World {
        let path = self.folder.path().join("cache.redb");
        let disk = Some(DiskSettings { path, max_bytes: 1 << 30 });
        let cache = cache::Settings { disk, ..cache::Settings::default() };
        let settings = Settings { budget: lifted(), cache, spare, ..Settings::default() };
        let upstream = Arc::clone(&self.upstream);
        let engine =
            Engine::new(&settings, Arc::clone(&upstream) as _, self.clock.clone(), &Handle::current());
        assert!(engine.settled(LONG) && engine.gauges().disk.expect("there is one").up);
        World { engine, upstream }
    }

    /// Asks, restarts, and asks again: the same bytes without a call.
    async fn is_kept(&self, learn: &[String], ask: &[String]) {
        let first = self.start();
        for target in learn {
            first.get(target).await;
        }
        let mut before = Vec::new();
        for target in ask {
            before.push(first.get(target).await);
        }
        assert!(first.engine.close(LONG));
        let calls = self.upstream.calls();
        let second = self.start();
        for (target, before) in ask.iter().zip(before) {
            let after = second.get(target).await;
            assert_eq!((after.status, &after.body), (before.status, &before.body), "{target}");
            assert_eq!(after.etag, before.etag, "{target}");
        }
        assert_eq!(self.upstream.calls(), calls, "the restarted engine called upstream");
        assert!(second.engine.metrics().hits_of("disk") > 0);
        assert!(second.engine.close(LONG));
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_kept_under_both_ids() {
    let learn = [tracks((0..60).map(spotify)), features((0..60).map(spotify))];
    let by_uuid = [tracks((0..60).map(track)), features((0..60).map(track))];
    let single = [format!("/v1/track/{}", track(7)), format!("/v1/track/{}/audio-features", spotify(7))];
    let ask = [&learn[..], &by_uuid, &single].concat();
    Restarts::new().is_kept(&learn, &ask).await;
}

#[tokio::test(start_paused = true)]
async fn absences_are_kept() {
    let unknown = [spotify(10_001), track(10_002), "malformed.".to_owned()];
    let list = tracks([spotify(1)].into_iter().chain(unknown.clone()));
    let single = format!("/v1/track/{}", track(10_002));
    Restarts::new().is_kept(&[], &[list, single]).await;
}

#[tokio::test(start_paused = true)]
async fn bodies_and_denials_are_kept() {
    let ask = [
        DRAW.to_owned(),
        "/v1/artist/search?searchText=some".to_owned(),
        format!("/v1/artist/{}/track", artist(3)),
        format!("/v1/artist/{}/track?size=25", artist(3)),
        "/v1/track/recommendation?size=5&seeds=T000000000000000010001".to_owned(),
        "/v1/track/search?searchText=a".to_owned(),
        "/v1/album/00000000-0000-4000-8000-000000000000/track".to_owned(),
    ];
    Restarts::new().is_kept(&[], &ask).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_instead_of_a_refused_request_is_kept() {
    let restarts = Restarts::new();
    let blamed = Act::Say(400, "application/json", r#"{"error":"too many negatives","status":4002}"#);
    restarts.upstream.script("negativeSeeds", usize::MAX, blamed);
    let seeds = joined((1..4).map(spotify));
    restarts.is_kept(&[], &[format!("{DRAW},{seeds}&negativeSeeds={}", spotify(9))]).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_on_disk_is_not_left_for_a_better_request() {
    let restarts = Restarts::new();
    let target = format!("{DRAW},{}", spotify(40_000));
    let first = restarts.start();
    let drawn = first.get(&target).await;
    assert!(first.engine.close(LONG));
    let second = restarts.start();
    second.get(&tracks([spotify(40_000)])).await;
    let again = second.get(&target).await;
    assert_eq!((again.body, again.outcome), (drawn.body, Outcome::Hit));
    assert!(!again.cache_status.contains("repaired"), "{}", again.cache_status);
    assert_eq!(restarts.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn denials_on_disk_are_listed_until_they_are_forgotten() {
    let restarts = Restarts::new();
    let first = restarts.start();
    for n in 1..=3 {
        first.get(&format!("/v1/track/recommendation?size={n}&seeds=nobody")).await;
        sleep(SECOND).await;
    }
    first.get(DRAW).await;
    assert!(first.engine.close(LONG));
    let second = restarts.start();
    let denials = second.engine.denials();
    let texts = |listing: &guard::Listing| {
        listing.newest.iter().map(|listed| listed.request.to_string()).collect::<Vec<_>>()
    };
    let text = |n| format!("=/v1/track/recommendation?seeds=nobody&size={n}");
    let listing = denials.list(2).await;
    assert_eq!((listing.total, texts(&listing)), (3, vec![text(3), text(2)]));
    assert!(denials.forget(&text(3)).await && !denials.forget(&text(3)).await);
    assert_eq!(texts(&denials.list(9).await), [text(2), text(1)], "the file may still have it");
    second.get("/v1/track/recommendation?size=2&seeds=nobody").await;
    assert_eq!(denials.list(9).await.total, 2, "one in both tiers counts once");
    assert_eq!(denials.forget_all().await, Ok(2));
    assert_eq!(denials.list(9).await.total, 0);
}

#[tokio::test(start_paused = true)]
async fn denials_on_disk_that_were_purged_are_not_listed() {
    let restarts = Restarts::new();
    let first = restarts.start();
    first.get("/v1/track/recommendation?size=5&seeds=nobody").await;
    let scope = cache::Scope::Category(cache::Category::Denied);
    first.engine.store().purge(&[scope], cache::Mode::Hard).expect("one");
    assert!(first.engine.close(LONG));
    assert_eq!(restarts.start().engine.denials().list(9).await.total, 0);
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_exempts_stays_exempt() {
    let restarts = Restarts::new();
    let target = "/v1/track/recommendation?size=5&seeds=nobody";
    let first = restarts.start();
    first.get(target).await;
    let text = "=/v1/track/recommendation?seeds=nobody&size=5";
    assert_eq!(first.engine.denials().exempt().add(text).await, Ok(true));
    assert!(first.engine.close(LONG));
    let second = restarts.start();
    assert_eq!(second.get(target).await.outcome, Outcome::Miss);
    assert_eq!(restarts.upstream.calls(), 2);
    assert_eq!(second.engine.denials().exempt().list().await, [Arc::from(text)]);
}

#[tokio::test(start_paused = true)]
async fn rows_inside_a_body_are_kept() {
    let world = Restarts::new();
    world.is_kept(&[DRAW.to_owned()], &[format!("/v1/artist?ids={}", artist(100))]).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_recalled_is_a_hit_of_memory_the_next_time_and_as_old_as_it_is() {
    let restarts = Restarts::new();
    let first = restarts.start();
    let target = tracks((0..3).map(spotify));
    first.get(&target).await;
    assert!(first.engine.close(LONG));
    sleep(DAY).await;
    let second = restarts.start();
    let (recalled, again) = (second.get(&target).await, second.get(&target).await);
    assert_eq!((recalled.outcome, again.outcome), (Outcome::Hit, Outcome::Hit));
    assert_eq!((recalled.age, again.age), (Some(24 * 3600), Some(24 * 3600)));
    let metrics = second.engine.metrics();
    assert_eq!((metrics.hits_of("disk"), metrics.hits_of("memory")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_on_disk_is_fetched() {
    let restarts = Restarts::new();
    let first = restarts.start();
    let target = tracks([spotify(1)]);
    first.get(&target).await;
    assert!(first.engine.close(LONG));
    sleep(60 * DAY).await;
    let second = restarts.start();
    assert_eq!(second.get(&target).await.outcome, Outcome::Miss);
    assert_eq!(restarts.upstream.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_row_on_disk_is_served_and_refreshed() {
    let restarts = Restarts::new();
    let first = restarts.start();
    let target = tracks([spotify(1)]);
    let fresh = first.get(&target).await;
    assert!(first.engine.close(LONG));
    sleep(31 * DAY).await;
    let second = restarts.start();
    let stale = second.get(&target).await;
    assert_eq!((stale.outcome, stale.body), (Outcome::Stale, fresh.body));
    second.settled().await;
    assert_eq!(restarts.upstream.calls(), 2);
    assert_eq!(second.get(&target).await.outcome, Outcome::Hit);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_absence_stays_forgotten() {
    let restarts = Restarts::new();
    let first = restarts.start();
    let target = tracks([spotify(1)]);
    restarts.upstream.answer(&spotify(1), &[]);
    assert_eq!(text(&first.get(&target).await), r#"{"content":[]}"#);
    assert!(first.engine.close(LONG));

    // The absence expires, the row is learned, and the row expires before the absence would have
    // been dropped by anything but being forgotten.
    let second = restarts.start();
    second.engine.store.learn(&crate::api::ParsedRow {
        kind: crate::api::RowKind::Track,
        uuid: crate::api::Uuid::parse(&track(1)).expect("one"),
        spotify: crate::api::SpotifyId::parse(&spotify(1)),
        bytes: bytes::Bytes::from_static(b"{}"),
    });
    assert!(second.engine.close(LONG));
    let third = restarts.start();
    let key =
        cache::Key::Missing(crate::api::RowKind::Track, crate::api::Id::parse(&spotify(1)).expect("one"));
    assert_eq!(third.engine.store.recall_body(key).await, None);
    assert_eq!(text(&third.get(&target).await), r#"{"content":[{}]}"#);
}

#[tokio::test(start_paused = true)]
async fn memory_that_forgets_under_pressure_is_backed_by_the_disk() {
    let restarts = Restarts::new();
    let path = restarts.folder.path().join("cache.redb");
    let cache = cache::Settings {
        disk: Some(DiskSettings { path, max_bytes: 1 << 30 }),
        memory_bytes: 1 << 20,
        memory_entries: 5_000,
        ..cache::Settings::default()
    };
    let settings = Settings { budget: lifted(), cache, ..Settings::default() };
    let upstream = Arc::clone(&restarts.upstream);
    let engine = Engine::new(&settings, Arc::clone(&upstream) as _, restarts.clock, &Handle::current());
    assert!(engine.settled(LONG));
    let world = World { engine, upstream };
    let targets: Vec<String> = (0..100).map(|n| tracks((n * 40..n * 40 + 40).map(spotify))).collect();
    for target in &targets {
        world.get(target).await;
    }
    let calls = world.upstream.calls();
    for target in &targets {
        assert_eq!(world.get(target).await.outcome, Outcome::Hit);
    }
    assert_eq!(world.upstream.calls(), calls);
    assert!(world.engine.metrics().hits_of("disk") > 1_000);
}

#[tokio::test(start_paused = true)]
async fn features_the_disk_knows_are_not_read_ahead() {
    let restarts = Restarts::new();
    let first = restarts.start();
    first.get(&features((0..10).map(track))).await;
    assert!(first.engine.close(LONG));
    let second = restarts.start_with(Spare { read_ahead: true, early_refresh: false });
    second.get(&tracks((0..15).map(spotify))).await;
    let read = || second.engine.metrics().read_ahead_rows(ReadAheadRow::Read);
    for _ in 0..1_000 {
        // The disk is read on another thread, in real time.
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await.expect("no panic");
        if read() > 0 {
            break;
        }
    }
    second.settled().await;
    assert_eq!(read(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_learned_rate_and_a_hold_outlive_the_process() {
    let restarts = Restarts::new();
    let first = restarts.start();
    first.upstream.script("search", 1, Act::Throttle(Some(1_000)));
    let refused = first.get("/v1/track/search?searchText=love").await;
    assert_eq!(refused.status, 429);
    sleep(SECOND).await;
    let learned = first.engine.budget.learned().expect("a hold is on");
    assert!(first.engine.close(LONG));
    let second = restarts.start();
    second.engine.recall_rate().await;
    let recalled = second.engine.budget.learned().expect("what the first had learned");
    assert!((recalled.rate_per_minute - learned.rate_per_minute).abs() < 1e-9);
    assert!(recalled.hold.is_some_and(|hold| hold > 900 * SECOND), "{recalled:?}");
}
