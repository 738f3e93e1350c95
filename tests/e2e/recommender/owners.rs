//! Who may see and do what.

use crate::harness::Setup;
use crate::harness::recommender::{Claims, Events, Key, Scene, Terms};
use serde_json::json;

const SESSION: [&str; 4] = ["status", "results", "playlist", "stream"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_its_owners_alone() {
    let scene = Scene::with(&Setup::lifted(), &Terms::lifted().tokens("RS256", Key::PUBLIC)).await;
    let bearer = |user: &str| scene.recommender.bearer(&Key::Private.sign(&Claims::of(user)));
    let (ann, ben, nobody) = (bearer("ann"), bearer("ben"), scene.recommender.nobody());
    let results = ann.make_mood("party vibes").await;
    let session = results["session_id"].as_str().expect("a session");
    let kept = ann.get(&format!("/api/playlists/session/{session}")).await.json();
    let mut targets: Vec<String> =
        SESSION.iter().map(|verb| format!("/api/agents/recommendations/{session}/{verb}")).collect();
    targets.extend([format!("/api/playlists/{}", kept["id"]), format!("/api/playlists/session/{session}")]);
    for target in targets.iter().filter(|target| !target.ends_with("stream")) {
        assert_eq!(ann.get(target).await.code(), 200, "{target}");
    }
    for target in &targets {
        assert_eq!(ben.get(target).await.code(), 404, "{target}");
        assert_eq!(nobody.get(target).await.code(), 401, "{target}");
    }
    let edit = json!({"edit_type": "remove", "track_id": results["recommendations"][0]["track_id"]});
    assert_eq!(ben.post(&format!("/api/playlists/{session}/edit"), &edit).await.code(), 404);
    assert_eq!(ben.delete(&format!("/api/playlists/{}", kept["id"])).await.code(), 404);
    assert_eq!(ben.delete(&format!("/api/agents/recommendations/{session}")).await.code(), 404);
    assert_eq!(ben.get("/api/playlists").await.json()["total"], 0);
    assert_eq!(ann.results(session).await.json(), results);
    let stream = Events::of(&ben, session, None).await;
    assert_eq!(stream.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_have_a_token_of_their_own() {
    let terms = Terms::lifted()
        .tokens("HS256", "a secret of more than thirty-two letters")
        .set("auth.admin_token", "open-sesame-operators");
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    let ann = scene.recommender.bearer(&Key::SECRET.sign(&Claims::of("ann")));
    let operator = scene.recommender.bearer("open-sesame-operators");
    for target in [
        "/api/agents/system/status",
        "/api/agents/system/cache/stats",
        "/api/agents/system/id-registry/stats",
        "/api/agents/system/profiling/metrics",
        "/api/agents/workflows/active",
        "/api/agents/workflows/recent",
    ] {
        assert_eq!(operator.get(target).await.code(), 200, "{target}");
        assert_eq!(ann.get(target).await.code(), 403, "{target}");
        assert_eq!(scene.recommender.nobody().get(target).await.code(), 401, "{target}");
    }
    assert_eq!(ann.post("/api/agents/system/cache/invalidate", &json!({})).await.code(), 403);
    assert!(!scene.recommender.log.lines().concat().contains("open-sesame-operators"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_speaks_for_its_users() {
    let terms =
        Terms::lifted().set("auth.mode", "service").set("auth.service_token", "between-us-and-nobody");
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    let service = scene.recommender.bearer("between-us-and-nobody");
    assert_eq!(service.clone().header("x-user-id", "ann").get("/api/playlists").await.code(), 200);
    let unnamed = service.get("/api/playlists").await.code();
    assert!((400..=401).contains(&unnamed), "{unnamed}");
    assert_eq!(scene.caller("ann").get("/api/playlists").await.code(), 401);
    let forged = scene.recommender.bearer("between-you-and-somebody").header("x-user-id", "ann");
    assert_eq!(forged.get("/api/playlists").await.code(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_service_is_not_opened_to_the_world() {
    let scene = Scene::lifted().await;
    assert_eq!(scene.caller("ann").get("/api/playlists").await.code(), 200);
    for (name, value) in
        [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7"), ("x-forwarded-proto", "https")]
    {
        let forwarded = scene.caller("ann").header(name, value).get("/api/playlists").await;
        assert!(matches!(forwarded.code(), 401 | 403), "{name}: {}", forwarded.brief());
    }
}
