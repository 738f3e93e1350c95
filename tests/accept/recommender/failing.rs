use super::{seconds, slow};
use crate::harness::Setup;
use crate::harness::recommender::{Scene, Terms, list, listed};
use crate::row::Seen;
use recobeat_sim::{Endpoint, Fault, Rule};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A run's own deadline, and what a look at it may add.
const DEADLINE: Duration = Duration::from_secs(121);

/// Failures are seen at once and do not close the way for everything else.
fn frank() -> Setup {
    Setup::lifted()
        .without_retries()
        .set("upstream.breaker.consecutive_failures", "1000000")
        .set("upstream.breaker.ratio", "1.0")
}

async fn scene() -> Scene {
    slow(&frank(), &Terms::lifted().without_mood_cache()).await
}

fn plain() -> Value {
    json!({"mood_prompt": "calm and relaxing"})
}

fn mentioning(scene: &Scene) -> Value {
    let track = scene.catalogue().tracks().iter().find(|track| track.popularity > 60).expect("a known track");
    json!({"mood_prompt": "something like this", "mentioned_tracks": [{"id": track.spotify}]})
}

pub(super) async fn strategies() -> Seen {
    let mut seen = Seen::default();
    let broken = |endpoint| Rule::on(endpoint, Fault::InternalError);
    let hanging = |endpoint| Rule::on(endpoint, Fault::Hang);
    let (seeds, artists) = (Endpoint::Recommendation, Endpoint::ArtistTracks);
    let trials: [(&str, Vec<Rule>); 5] = [
        ("seed-based fails", vec![broken(seeds)]),
        ("artist discovery fails", vec![broken(artists)]),
        ("both fail", vec![broken(seeds), broken(artists)]),
        ("features fail", vec![broken(Endpoint::Features)]),
        ("seed-based hangs", vec![hanging(seeds)]),
    ];
    for (case, rules) in trials {
        for mentions in [false, true] {
            let scene = scene().await;
            for rule in &rules {
                scene.sim.add_fault(rule.clone());
            }
            let body = if mentions { mentioning(&scene) } else { plain() };
            let with = if mentions { " (mentions)" } else { "" };
            tell(&mut seen, &scene, &format!("{case}{with}"), &body).await;
        }
    }
    seen
}

async fn tell(seen: &mut Seen, scene: &Scene, case: &str, body: &Value) {
    let ann = scene.caller("ann");
    let begun = Instant::now();
    let session = ann.start(body).await;
    let status = ann.ended(&session).await;
    let took = begun.elapsed();
    let results = ann.results(&session).await.json();
    let rows = list(&results, "recommendations").len();
    let reason = reason(&results["metadata"]);
    seen.must(
        status["status"] == "completed" && rows > 0 && reason.is_some() && took < DEADLINE,
        format!(
            "{case}: {} {rows} tracks, {}, {}",
            status["status"].as_str().unwrap_or("?"),
            seconds(took),
            reason.unwrap_or_else(|| "no reason".to_owned()),
        ),
    );
    seen.must_be_none(&listed::wrong(&results));
}

/// What the metadata says of what went wrong: any text in it that speaks of failing.
fn reason(metadata: &Value) -> Option<String> {
    const SIGNS: [&str; 6] = ["fail", "answered", "time", "limit", "reach", "no answer"];
    match metadata {
        Value::String(text) => SIGNS.iter().any(|sign| text.contains(sign)).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(reason),
        Value::Object(members) => members.values().find_map(reason),
        _ => None,
    }
}

pub(super) async fn upstream() -> Seen {
    let mut seen = Seen::default();
    let mut scene = slow(&Setup::lifted(), &Terms::lifted().without_mood_cache()).await;
    let ann = scene.caller("ann");
    let before = ann.make(&plain()).await;
    scene.sim.stop().await;
    let begun = Instant::now();
    let after = ann.make(&plain()).await;
    let same = before["recommendations"] == after["recommendations"];
    seen.must(same, format!("upstream down, warm: the same list {same}, {}", seconds(begun.elapsed())));
    for case in ["upstream down, cold", "proxy down"] {
        let begun = Instant::now();
        let session = ann.start(&json!({"mood_prompt": "something for the rain"})).await;
        let status = ann.ended(&session).await;
        let took = begun.elapsed();
        let error = status["error"].as_str().unwrap_or("no reason").to_owned();
        let partly = status["status"] == "completed" && reason(&ann.results(&session).await.json()).is_some();
        let failed = status["status"] == "failed" && error.len() > 10;
        seen.must(
            took < DEADLINE && (failed || partly),
            format!("{case}: {} after {}: {error}", status["status"], seconds(took)),
        );
        scene.proxy.kill();
    }
    seen
}
