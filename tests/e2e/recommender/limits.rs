use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms};
use serde_json::json;
use std::fs;
use std::time::Duration;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn starts_are_limited_per_caller() {
    let scene = Scene::with(&Setup::lifted(), &Terms::default_limits()).await;
    let (ann, ben) = (scene.caller("ann"), scene.caller("ben"));
    let body = json!({"mood_prompt": "party vibes"});
    for _ in 0..10 {
        ann.start(&body).await;
    }
    let refused = ann.ask_start(&body).await;
    assert_eq!(refused.code(), 429, "{}", refused.brief());
    let told = refused.retry_after().expect("whole seconds");
    assert!(told <= 60, "{told}");
    let said = refused.json();
    assert_eq!(
        (&said["error"], &said["retry_after"]),
        (&"rate_limit_exceeded".into(), &told.into()),
        "{said}"
    );
    assert!(said["detail"].is_string() && !said["limit"].is_null(), "{said}");
    ben.start(&body).await;
    assert!(ann.get("/api/playlists").await.is_ok(), "other endpoints have limits of their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_at_a_run_are_limited() {
    let scene = Scene::with(&Setup::lifted(), &Terms::default_limits()).await;
    let ann = scene.caller("ann");
    let session = ann.start_mood("party vibes").await;
    let mut codes = Vec::new();
    for _ in 0..61 {
        codes.push(ann.status(&session).await.code());
    }
    assert!(codes[..60].iter().all(|code| *code == 200), "{codes:?}");
    assert_eq!(codes[60], 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_file_changes_limits_at_once_and_a_hangup_signal_ends_nothing() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("recommender.yaml");
    fs::write(&file, "limits: { start_per_minute: 1 }\n").expect("ours");
    let terms = Terms::default_limits().variable("RECOMMENDER_CONFIG", &file.display().to_string());
    let mut scene = Scene::with(&Setup::lifted(), &terms).await;
    let body = json!({"mood_prompt": "party vibes"});
    scene.caller("ann").start(&body).await;
    assert_eq!(scene.caller("ann").ask_start(&body).await.code(), 429);
    fs::write(&file, "limits: { start_per_minute: 3, concurrent_runs: 2 }\n").expect("ours");
    let told = said(&scene, "limits.start_per_minute 1 → 3").await;
    assert!(told.contains("limits.concurrent_runs"), "{told}");
    scene.caller("ann").start(&body).await;
    scene.recommender.hang_up();
    said(&scene, "SIGHUP").await;
    assert!(scene.recommender.exit_status().is_none());
}

/// The line of the log with this in it, once it is there.
async fn said(scene: &Scene, what: &str) -> String {
    for _ in 0..1_000 {
        if let Some(line) = scene.recommender.log.lines().into_iter().find(|line| line.contains(what)) {
            return line;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what:?} was never said:\n{}", scene.recommender.log.tail());
}
