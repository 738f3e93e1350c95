use super::slow;
use crate::harness::Setup;
use crate::harness::recommender::{Caller, MOODS, Terms, list, listed};
use crate::row::Seen;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const RUNS: usize = 20;

pub(super) async fn twenty() -> Seen {
    let mut seen = Seen::default();
    // So slow that 20 runs are everywhere between start and end, so fast that they do end.
    let setup = Setup::lifted().set("budget.max_in_flight", "12");
    let mut scene = slow(&setup, &Terms::lifted()).await;
    let users: Vec<Caller> = (0..4).map(|user| scene.caller(&format!("user-{user}"))).collect();
    let mut sessions = Vec::new();
    for at in 0..RUNS {
        let prompt = format!("{} for {}", MOODS[at % 10], ["one", "two"][at / 10]);
        let caller = &users[at % 4];
        sessions.push((caller.clone(), caller.start(&json!({ "mood_prompt": prompt })).await));
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let mut at_the_kill: BTreeMap<String, usize> = BTreeMap::new();
    for (caller, session) in &sessions {
        let status = caller.status(session).await.json();
        *at_the_kill.entry(status["status"].as_str().unwrap_or("?").to_owned()).or_default() += 1;
    }
    scene.recommender.kill();
    seen.note(format!("killed at {at_the_kill:?}"));
    scene.recommender.start_again().await;

    let (mut ends, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (caller, session) in &sessions {
        let status = caller.ended(session).await;
        wrong.extend(half(caller, session, &status).await);
        *ends.entry(status["status"].as_str().unwrap_or("?").to_owned()).or_default() += 1;
    }
    seen.note(format!("ended {ends:?}"));
    seen.must_be_none(&wrong);
    let mut kept = 0;
    for user in &users {
        kept += user.get("/api/playlists").await.json()["total"].as_u64().unwrap_or_default();
    }
    seen.must(kept == 20, format!("{kept} playlists kept"));
    seen
}

/// What is halfway about a run that has ended.
async fn half(caller: &Caller, session: &str, status: &Value) -> Vec<String> {
    let results = caller.results(session).await.json();
    let kept = caller.get(&format!("/api/playlists/session/{session}")).await.json();
    let rows = list(&results, "recommendations");
    let mut wrong = listed::wrong(&results);
    if kept["track_count"] != rows.len() || list(&kept, "recommendations_data").len() != rows.len() {
        wrong.push(format!("{session}: {} kept, {} told", kept["track_count"], rows.len()));
    }
    let duration: u64 = rows.iter().filter_map(|row| row["duration_ms"].as_u64()).sum();
    if kept["duration_ms"] != duration {
        wrong.push(format!("{session}: lasts {} or {duration}", kept["duration_ms"]));
    }
    let completed = status["status"] == "completed";
    if completed && (rows.len() < 16 || results["completed_at"].is_null()) {
        wrong.push(format!("{session}: completed with {} tracks", rows.len()));
    }
    if !completed && (status["error"].as_str().is_none_or(str::is_empty) || !rows.is_empty()) {
        wrong.push(format!("{session}: {} without a reason or with tracks", status["status"]));
    }
    wrong
}
