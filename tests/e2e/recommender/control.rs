//! What can be done with a run: cancel, edit, make another of it.

use crate::harness::recommender::{Caller, Events, Scene, list, listed};
use recobeat_sim::Latency;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stops_asking() {
    let scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(500)));
    let ann = scene.caller("ann");
    let session = ann.start_mood("late night vibes").await;
    while scene.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cancelled = ann.delete(&format!("/api/agents/recommendations/{session}")).await;
    assert!(cancelled.is_ok(), "{}", cancelled.brief());
    assert_eq!(
        (&cancelled.json()["status"], &cancelled.json()["session_id"]),
        (&"cancelled".into(), &json!(session))
    );
    assert_eq!(ann.status(&session).await.json()["status"], "cancelled");
    let events = Events::of(&ann, &session, None).await.rest().await;
    assert!(!events.is_empty());
    let calls = scene.calls().len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(scene.calls().len() <= calls + 8, "it went on: {} calls, then {}", calls, scene.calls().len());
    assert_eq!(ann.status(&session).await.json()["status"], "cancelled");
    assert_eq!(
        ann.delete("/api/agents/recommendations/7c1f0a52-3f0e-4b7e-9a43-0123456789ab").await.code(),
        404
    );
}

async fn edit(ann: &Caller, session: &str, body: Value) -> Value {
    let answer = ann.post(&format!("/api/playlists/{session}/edit"), &body).await;
    assert!(answer.is_ok(), "{body}: {}", answer.brief());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_can_be_edited() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let results = ann.make_mood("romantic and intimate").await;
    let session = results["session_id"].as_str().expect("a session");
    let ids = |results: &Value| -> Vec<String> {
        let rows = list(results, "recommendations").iter();
        rows.map(|row| row["track_id"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let before = ids(&results);

    let told = edit(&ann, session, json!({"edit_type": "remove", "track_id": before[3]})).await;
    assert_eq!(
        (&told["edit_type"], &told["recommendation_count"]),
        (&"remove".into(), &json!(before.len() - 1))
    );
    edit(&ann, session, json!({"edit_type": "reorder", "track_id": before[0], "new_position": 2})).await;
    let new =
        scene.catalogue().tracks().iter().find(|track| !before.contains(&track.spotify)).expect("another");
    let uri = format!("spotify:track:{}", new.spotify);
    edit(&ann, session, json!({"edit_type": "add", "track_uri": uri})).await;

    let after = ann.results(session).await.json();
    let mut wanted = before.clone();
    wanted.remove(3);
    let first = wanted.remove(0);
    wanted.insert(2, first);
    wanted.push(new.spotify.clone());
    assert_eq!(ids(&after), wanted);
    let positions: Vec<u64> =
        list(&after, "recommendations").iter().filter_map(|row| row["position"].as_u64()).collect();
    assert_eq!(positions, (0..wanted.len() as u64).collect::<Vec<_>>());
    let kept = ann.get(&format!("/api/playlists/session/{session}")).await.json();
    assert_eq!(kept["track_count"], wanted.len(), "{}", kept["track_count"]);

    let wrong = json!({"edit_type": "remove", "track_id": "0000000000000000000000"});
    let refused = ann.post(&format!("/api/playlists/{session}/edit"), &wrong).await;
    assert!((400..500).contains(&refused.code()), "{}", refused.brief());
    let unknown = ann.post(&format!("/api/playlists/{session}/edit"), &json!({"edit_type": "explode"})).await;
    assert!((400..500).contains(&unknown.code()), "{}", unknown.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_can_be_remixed() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let results = ann.make_mood("party vibes").await;
    let kept =
        ann.get(&format!("/api/playlists/session/{}", results["session_id"].as_str().expect("one"))).await;
    let body = json!({"playlist_id": kept.json()["id"], "mood_prompt": "the same, but calm"});
    let started = ann.post("/api/agents/recommendations/remix", &body).await;
    assert!(started.status.is_success(), "{}", started.brief());
    assert!(started.json()["source_tracks_count"].as_u64() >= Some(15), "{}", started.brief());
    let session = started.json()["session_id"].as_str().expect("a session").to_owned();
    assert_eq!(ann.ended(&session).await["status"], "completed");
    let remixed = ann.results(&session).await.json();
    assert_ne!(remixed["recommendations"], results["recommendations"]);
    assert_eq!(listed::wrong(&remixed), Vec::<String>::new());

    let foreign = scene.caller("ben").post("/api/agents/recommendations/remix", &body).await;
    assert_eq!(foreign.code(), 404, "{}", foreign.brief());
}
