//! What RecoBeat is asked, and by whom.

use crate::harness::recommender::Scene;
use crate::taste;
use recobeat_sim::Endpoint;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_proxy_speaks_to_recobeat_and_in_batches() {
    let scene = Scene::lifted().await;
    let before = scene.counted().await;
    scene.caller("ann").make(&taste(&scene, 0)).await;
    let calls = scene.calls();
    assert!(!calls.is_empty());
    for call in &calls {
        let agent = call.headers.get("user-agent").map_or("", String::as_str);
        assert!(agent.starts_with("recobeat-proxy/"), "{agent} asked for {}?{}", call.path, call.query);
        let single = matches!(call.endpoint, Endpoint::Track | Endpoint::TrackFeatures | Endpoint::Artist);
        assert!(!single, "a single call: {}", call.path);
        assert!(call.ids <= 40, "{} ids", call.ids);
        assert!(!call.headers.contains_key("authorization") && !call.headers.contains_key("x-user-id"));
        let good = call.status == Some(200);
        assert!(good, "refused: {:?} {}?{}", call.status, call.path, call.query);
    }
    let asked = scene.counted().await - before;
    assert!(asked.not_hits() <= 24, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_ahead_serves_the_run_that_follows() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let body = taste(&scene, 80);
    let data = serde_json::json!({"top_tracks": body["top_tracks"], "top_artists": body["top_artists"]});
    let told = ann.post("/api/agents/recommendations/prefetch-cache", &data).await;
    assert!(told.is_ok(), "{}", told.brief());
    assert_eq!(
        (&told.json()["status"], &told.json()["user_id"]),
        (&"prefetch_started".into(), &"ann".into())
    );
    scene.quiet(Duration::from_millis(500)).await;
    let endpoints: Vec<Endpoint> = scene.calls().iter().map(|call| call.endpoint).collect();
    assert!(
        endpoints.contains(&Endpoint::Features) && endpoints.contains(&Endpoint::ArtistTracks),
        "{endpoints:?}"
    );
    scene.sim.clear_log();
    ann.make(&body).await;
    let top = body["top_tracks"][0]["id"].as_str().expect("an id");
    let again: Vec<String> =
        scene.calls().into_iter().map(|call| call.query).filter(|query| query.contains(top)).collect();
    assert!(again.iter().all(|query| query.contains("seeds=")), "asked for what was known: {again:?}");
}
