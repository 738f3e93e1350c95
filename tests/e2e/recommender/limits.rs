use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms};
use serde_json::json;

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
