use crate::harness::recommender::{Scene, list, listed};
use recobeat_sim::Latency;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn runs_outlive_a_power_cut() {
    let mut scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(200)));
    let ann = scene.caller("ann");
    let done = ann.make_mood("party vibes").await;
    let mut sessions = Vec::new();
    for at in 0..4 {
        sessions.push(ann.start(&json!({"mood_prompt": format!("calm piano number {at}")})).await);
    }
    while scene.calls().len() < 25 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    scene.recommender.kill();
    scene.recommender.start_again().await;
    for session in &sessions {
        let status = ann.ended(session).await;
        let results = ann.results(session).await.json();
        let rows = list(&results, "recommendations").len();
        match status["status"].as_str() {
            Some("completed") => assert_eq!((rows >= 16, listed::wrong(&results)), (true, Vec::new())),
            _ => assert!(rows == 0 && status["error"].is_string(), "{status}"),
        }
    }
    let session = done["session_id"].as_str().expect("a session");
    let kept: Value = ann.results(session).await.json();
    assert_eq!(kept["recommendations"], done["recommendations"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_signal_ends_it_though_runs_are_under_way() {
    let mut scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_secs(1)));
    let ann = scene.caller("ann");
    let session = ann.start_mood("calm and relaxing").await;
    scene.recommender.terminate();
    assert!(scene.recommender.ends().await.is_some(), "it does not end");
    scene.sim.settings(|behaviour| behaviour.latency = Latency::None);
    scene.recommender.start_again().await;
    let status = ann.ended(&session).await;
    assert!(status["status"] == "completed" || status["error"].is_string(), "{status}");
}
