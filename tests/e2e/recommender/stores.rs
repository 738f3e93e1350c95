//! The same service on other stores.

use crate::harness::Setup;
use crate::harness::postgres::Database;
use crate::harness::recommender::{Events, MOODS, Recommender, Scene, Terms, list};
use crate::harness::redis::Redis;
use recobeat_sim::Latency;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_what_one_process_learned_for_the_next() {
    let redis = Redis::start().await;
    let terms = Terms::lifted().set("redis_url", &redis.url());
    let mut scene = Scene::with(&Setup::lifted(), &terms).await;
    let ann = scene.caller("ann");
    let first = ann.make_mood(MOODS[1]).await;
    assert!(redis.size().await > 0, "nothing is kept in Redis");
    scene.quiet(Duration::from_millis(500)).await;
    scene.recommender.kill();
    scene.recommender.start_again().await;
    let before = scene.counted().await;
    let second = ann.make_mood(MOODS[1]).await;
    assert_eq!(first["recommendations"], second["recommendations"]);
    assert_eq!((scene.counted().await - before).all, 0, "the proxy was asked again");
    let stats = ann.get("/api/agents/system/cache/stats").await.json();
    assert!(stats["cache"]["cache_type"].as_str().is_some_and(|kind| kind.contains("redis")), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_is_no_reason_to_fail() {
    let mut redis = Redis::start().await;
    let terms = Terms::lifted().set("redis_url", &redis.url());
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    let ann = scene.caller("ann");
    ann.make_mood(MOODS[1]).await;
    redis.kill();
    let results = ann.make_mood(MOODS[2]).await;
    assert!(list(&results, "recommendations").len() >= 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_playlists_and_two_processes_share_them() {
    let database = Database::new().await;
    let terms = Terms::lifted().database(&database.url);
    let mut scene = Scene::with(&Setup::lifted(), &terms).await;
    let other = Recommender::start(&scene.proxy, &terms).await;
    let ann = scene.caller("ann");
    let results = ann.make_mood(MOODS[4]).await;
    let session = results["session_id"].as_str().expect("a session").to_owned();
    let elsewhere = other.caller("ann");
    assert_eq!(elsewhere.results(&session).await.json()["recommendations"], results["recommendations"]);
    let page = elsewhere.get("/api/playlists?search=melanch").await.json();
    assert_eq!(page["total"], 1, "{page}");

    scene.recommender.kill();
    scene.recommender.start_again().await;
    let kept = ann.get(&format!("/api/playlists/session/{session}")).await.json();
    assert_eq!(kept["recommendations_data"], results["recommendations"]);
    assert_eq!(ann.delete(&format!("/api/playlists/{}", kept["id"])).await.code(), 200);
    assert_eq!(elsewhere.get("/api/playlists").await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_one_process_can_be_followed_at_another() {
    let database = Database::new().await;
    let terms = Terms::lifted().database(&database.url);
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(150)));
    let other = Recommender::start(&scene.proxy, &terms).await;
    let session = scene.caller("ann").start_mood(MOODS[3]).await;
    let elsewhere = other.caller("ann");
    let events = Events::of(&elsewhere, &session, None).await.rest().await;
    assert_eq!(events.last().map(|event| event.name.clone()).as_deref(), Some("complete"), "{events:?}");
    assert_eq!(elsewhere.status(&session).await.json()["status"], "completed");
}
