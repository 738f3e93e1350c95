//! Moods that many ask for.

use crate::harness::Setup;
use crate::harness::recommender::{MOODS, Scene, Terms, list};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const WARM: &str = "/api/agents/system/cache/warm-popular-moods";

async fn coverage(scene: &Scene) -> Value {
    let stats = scene.caller("op").get("/api/agents/system/cache/stats").await;
    assert!(stats.is_ok(), "{}", stats.brief());
    stats.json()["popular_moods"].clone()
}

async fn all_held(scene: &Scene, wanted: u64) {
    for _ in 0..600 {
        if coverage(scene).await["held"].as_u64() >= Some(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not all are held: {}", coverage(scene).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ten_moods_are_warmed_and_then_cost_nothing() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let told = ann.post(WARM, &json!({})).await;
    assert!(told.status.is_success(), "{}", told.brief());
    assert_eq!(told.json()["status"], "warming_started");
    let moods: BTreeSet<String> =
        list(&told.json(), "moods").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    assert_eq!(moods, MOODS.iter().map(|mood| (*mood).to_owned()).collect());
    all_held(&scene, 10).await;
    assert_eq!(coverage(&scene).await["total"], 10);

    scene.quiet(Duration::from_millis(500)).await;
    scene.sim.clear_log();
    let before = scene.counted().await;
    for mood in MOODS {
        let spelt = format!("  {}  ", mood.to_uppercase());
        let results = ann.make(&json!({ "mood_prompt": spelt })).await;
        assert!(list(&results, "recommendations").len() >= 16, "{mood}");
    }
    assert_eq!(scene.calls().len(), 0);
    assert_eq!((scene.counted().await - before).all, 0, "the proxy is not even asked");
    assert_eq!(ann.get("/api/playlists").await.json()["total"], 10, "kept like any other");
}

#[tokio::test(flavor = "multi_thread")]
async fn own_moods_can_be_warmed_and_dropped() {
    let terms = Terms::lifted().set("moods.own", "[\"rainy sunday\"]");
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    assert_eq!(coverage(&scene).await["total"], 11);
    let ann = scene.caller("ann");
    let told = ann.post(WARM, &json!({"moods": ["rainy sunday"]})).await;
    assert!(told.status.is_success(), "{}", told.brief());
    all_held(&scene, 1).await;
    let dropped =
        ann.post("/api/agents/system/cache/invalidate?category=popular_mood_cache", &json!({})).await;
    assert!(dropped.is_ok() && dropped.json()["removed"].as_u64() >= Some(1), "{}", dropped.brief());
    assert_eq!(coverage(&scene).await["held"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_with_a_taste_gets_a_list_of_their_own() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let common = ann.make_mood("chill evening").await;
    let mut body = crate::taste(&scene, 0);
    body["mood_prompt"] = "chill evening".into();
    let own = ann.make(&body).await;
    assert_ne!(common["recommendations"], own["recommendations"]);
}
