use super::MOOD;
use crate::harness::Setup;
use crate::harness::recommender::{Caller, Scene, Terms};
use crate::row::Seen;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The rows as they were sent.
#[derive(Deserialize)]
struct Rows<'a> {
    #[serde(borrow)]
    recommendations: &'a RawValue,
}

pub(super) async fn twice() -> Seen {
    let mut seen = Seen::default();
    let setup = Setup::lifted();
    let mut scene = Scene::with(&setup, &Terms::lifted().without_mood_cache()).await;
    let tracks = scene.catalogue().tracks();
    let known: Vec<Value> = tracks
        .iter()
        .filter(|track| track.popularity > 40)
        .take(10)
        .map(|track| json!({"id": track.spotify}))
        .collect();
    let bodies = [
        ("a mood", json!({ "mood_prompt": MOOD })),
        ("a taste", json!({"mood_prompt": "walking home late", "top_tracks": known})),
        ("mentions", json!({"mood_prompt": "more like these", "mentioned_tracks": known[..3]})),
    ];
    let mut firsts = Vec::new();
    for (name, body) in &bodies {
        let first = rows(&scene.caller("ann"), body).await;
        let again = rows(&scene.caller("ann"), body).await;
        seen.must(
            first == again,
            format!("{name}: {} bytes, again the same: {}", first.len(), first == again),
        );
        let other = rows(&scene.caller("ben"), body).await;
        seen.must(first == other, format!("for another user: {}", first == other));
        firsts.push(first);
    }
    scene.quiet(super::SILENCE).await;
    scene.recommender.kill();
    scene.recommender.start_again().await;
    scene.sim.clear_log();
    let mut same = 0;
    for ((_, body), first) in bodies.iter().zip(&firsts) {
        same += usize::from(rows(&scene.caller("eve"), body).await == *first);
    }
    seen.must(same == bodies.len(), format!("after a restart: {same} of {}", bodies.len()));
    seen.must(scene.calls().is_empty(), format!("{} upstream calls for that", scene.calls().len()));
    seen
}

async fn rows(caller: &Caller, body: &Value) -> String {
    let session = caller.start(body).await;
    caller.ended(&session).await;
    let results = caller.results(&session).await;
    let text = results.text();
    let rows: Rows =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {}", results.brief()));
    rows.recommendations.get().to_owned()
}
