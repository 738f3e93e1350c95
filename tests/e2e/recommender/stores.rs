//! The same service on other stores.

use crate::harness::Setup;
use crate::harness::recommender::{MOODS, Scene, Terms, list};
use crate::harness::redis::Redis;

#[tokio::test(flavor = "multi_thread")]
async fn redis_holds_what_one_process_learned_for_the_next() {
    let redis = Redis::start().await;
    let terms = Terms::lifted().set("redis_url", &redis.url());
    let mut scene = Scene::with(&Setup::lifted(), &terms).await;
    let ann = scene.caller("ann");
    let first = ann.make_mood(MOODS[1]).await;
    assert!(redis.size().await > 0, "nothing is kept in Redis");
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
