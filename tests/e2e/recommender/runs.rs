use crate::harness::recommender::{Scene, Terms, list, listed};
use crate::harness::{Ask, Setup};
use crate::taste;
use serde_json::{Value, json};
use std::time::Duration;

const START: &str = "/api/agents/recommendations/start";

#[tokio::test(flavor = "multi_thread")]
async fn a_mood_becomes_a_playlist() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let started = ann.ask_start(&json!({"mood_prompt": "calm and relaxing"})).await;
    let told = started.json();
    assert!(started.status.is_success(), "{}", started.brief());
    assert_eq!((&told["status"], &told["mood_prompt"]), (&"started".into(), &"calm and relaxing".into()));
    assert!(told["message"].is_string(), "{told}");
    let session = told["session_id"].as_str().expect("a session");

    let status = ann.ended(session).await;
    assert_eq!(status["status"], "completed", "{}", status["error"]);
    assert_eq!(status["session_id"], session);
    assert_eq!(status["mood_analysis"]["target_features"]["energy"], json!([0.0, 0.4]));
    let count = list(&status, "recommendations").len();
    assert_eq!(status["recommendation_count"], count);
    assert_eq!(status["has_playlist"], false, "nothing was saved anywhere");

    let results = ann.results(session).await.json();
    assert_eq!(list(&results, "recommendations").len(), count);
    assert!(count >= 16, "{count} tracks");
    assert_eq!(results["metadata"]["target_count"], count, "{}", results["metadata"]);
    assert_eq!(listed::wrong(&results), Vec::<String>::new());
    assert!(results["completed_at"].as_str() > results["created_at"].as_str());
    for row in list(&results, "recommendations") {
        let track = scene.catalogue().track(row["reccobeat_id"].as_str().expect("an id")).expect("a track");
        assert_eq!((&row["track_id"], &row["track_name"]), (&json!(track.spotify), &json!(track.title)));
        assert_eq!(row["spotify_uri"], format!("spotify:track:{}", track.spotify));
        assert_eq!(row["features_source"] == "default", track.features_row.is_none(), "{row}");
    }

    let playlist = ann.get(&format!("/api/agents/recommendations/{session}/playlist")).await;
    assert!(playlist.is_ok(), "{}", playlist.brief());
    assert_eq!(playlist.json()["total_tracks"], count);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_run_are_told() {
    let scene = Scene::lifted().await;
    let body = taste(&scene, 0);
    let metadata = scene.caller("ann").make(&body).await["metadata"].clone();
    let gathering = &metadata["seed_gathering_timing"];
    for name in [
        "total_time_seconds",
        "search_user_tracks_seconds",
        "select_anchors_seconds",
        "discover_artists_seconds",
        "fetch_top_tracks_seconds",
        "fetch_top_artists_seconds",
        "build_seed_pool_seconds",
    ] {
        assert!(gathering[name].is_number(), "{name} in {gathering}");
    }
    for name in ["intent_analysis", "mood_analysis", "orchestration", "playlist_ordering"] {
        assert!(metadata["step_timings"][name].is_number(), "{name} in {}", metadata["step_timings"]);
    }
    let orchestration = &metadata["orchestration_timings"];
    for name in ["initial_generation", "final_processing"] {
        assert!(orchestration[name].is_number(), "{name} in {orchestration}");
    }
    assert!(metadata["total_duration"].as_f64() > Some(0.0), "{metadata}");
    assert!(metadata["quality"]["overall"].is_number(), "{metadata}");
    let features = &metadata["features"];
    let number = |name: &str| features[name].as_u64().unwrap_or_else(|| panic!("{name} in {features}"));
    assert_eq!(number("asked"), number("found") + number("defaults"), "{features}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_wait_for_the_answer() {
    let scene = Scene::lifted().await;
    let ann = scene.caller("ann");
    let answer = ann.post(&format!("{START}?wait=30"), &json!({"mood_prompt": "party vibes"})).await;
    assert!(answer.is_ok(), "{}", answer.brief());
    let results = answer.json();
    assert_eq!(results["status"], "completed");
    assert!(list(&results, "recommendations").len() >= 16);
    let session = results["session_id"].as_str().expect("a session");
    assert_eq!(ann.results(session).await.json()["recommendations"], results["recommendations"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_before_a_slow_run_does() {
    let scene = Scene::lifted().await;
    scene.sim.settings(|behaviour| behaviour.latency = recobeat_sim::Latency::Fixed(Duration::from_secs(2)));
    let ann = scene.caller("ann");
    let answer = ann.post(&format!("{START}?wait=1"), &json!({"mood_prompt": "party vibes"})).await;
    assert!(answer.status.is_success(), "{}", answer.brief());
    let session = answer.json()["session_id"].as_str().expect("a session").to_owned();
    assert_ne!(answer.json()["status"], "completed");
    let early = ann.results(&session).await;
    assert_eq!(early.code(), 409, "{}", early.brief());
    let playlist = ann.get(&format!("/api/agents/recommendations/{session}/playlist")).await;
    assert_eq!(playlist.code(), 400, "{}", playlist.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompt_may_be_in_the_query() {
    let scene = Scene::lifted().await;
    let ask = Ask::new(http::Method::POST, format!("{START}?mood_prompt=chill%20evening&wait=30"));
    let answer = scene.caller("ann").ask(ask).await;
    assert!(answer.status.is_success(), "{}", answer.brief());
    assert_eq!(answer.json()["mood_prompt"], "chill evening");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_a_runs_states_never_falls() {
    let scene = Scene::lifted().await;
    scene
        .sim
        .settings(|behaviour| behaviour.latency = recobeat_sim::Latency::Fixed(Duration::from_millis(60)));
    let ann = scene.caller("ann");
    let session = ann.start_mood("morning energy").await;
    let mut seen: Vec<String> = Vec::new();
    loop {
        let status = ann.status(&session).await.json()["status"].as_str().unwrap_or_default().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        if seen.last().is_some_and(|status| status == "completed" || status == "failed") {
            break;
        }
    }
    let order = [
        "pending",
        "analyzing_mood",
        "gathering_seeds",
        "generating_recommendations",
        "evaluating_quality",
        "optimizing_recommendations",
        "completed",
    ];
    let places: Vec<Option<usize>> =
        seen.iter().map(|name| order.iter().position(|one| one == name)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{seen:?}");
    assert!(seen.len() >= 3, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wanted_tracks_are_in_the_list_once() {
    let scene = Scene::lifted().await;
    let tracks: Vec<_> =
        scene.catalogue().tracks().iter().filter(|track| track.popularity > 50).take(2).collect();
    let mentions = json!([
        {"id": tracks[0].spotify},
        {"id": tracks[1].id},
        {"track_name": "No Such Title Anywhere", "artist_name": "Nobody"},
    ]);
    let body =
        json!({"mood_prompt": "something like these", "mentioned_tracks": mentions, "target_count": 18});
    let results = scene.caller("ann").make(&body).await;
    let rows = list(&results, "recommendations");
    assert_eq!(rows.len(), 18);
    for track in tracks {
        let found: Vec<&Value> = rows.iter().filter(|row| row["reccobeat_id"] == track.id).collect();
        assert_eq!(found.len(), 1, "{}", track.title);
        assert_eq!((&found[0]["user_mentioned"], &found[0]["protected"]), (&true.into(), &true.into()));
    }
    assert_eq!(list(&results["metadata"], "unresolved_mentions").len(), 1, "{}", results["metadata"]);
    assert_eq!(listed::wrong(&results), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn explicit_wishes_win() {
    let scene = Scene::lifted().await;
    let body = json!({
        "mood_prompt": "calm and relaxing",
        "target_count": 25,
        "target_features": {"energy": [0.7, 0.9]},
        "feature_weights": {"energy": 1.0},
    });
    let results = scene.caller("ann").make(&body).await;
    assert_eq!(list(&results, "recommendations").len(), 25);
    let mood = &results["mood_analysis"];
    assert_eq!(mood["target_features"]["energy"], json!([0.7, 0.9]));
    assert_eq!(mood["feature_weights"]["energy"], 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_request_gives_equal_bytes() {
    let terms = Terms::lifted().without_mood_cache();
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    let body = taste(&scene, 40);
    let rows = async |user: &str| scene.caller(user).make(&body).await["recommendations"].to_string();
    let first = rows("ann").await;
    scene.quiet(Duration::from_millis(500)).await;
    scene.sim.clear_log();
    assert_eq!(first, rows("ann").await);
    assert_eq!(scene.calls().len(), 0);
    assert_eq!(first, rows("ben").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_in_the_proxys_queue_is_told_apart() {
    let setup = Setup::lifted().set("budget.min_interval", "100ms").set("budget.rate_per_minute", "600");
    let scene = Scene::with(&setup, &Terms::lifted()).await;
    let calls = scene.caller("ann").make(&taste(&scene, 0)).await["metadata"]["calls"].clone();
    assert!(calls["queued_seconds"].as_f64().is_some_and(|queued| queued > 0.1), "{calls}");
}
