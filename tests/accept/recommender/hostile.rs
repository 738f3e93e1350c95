use crate::harness::Setup;
use crate::harness::recommender::{Caller, Scene, Terms, escaped, listed};
use crate::harness::{Answer, Ask};
use crate::row::Seen;
use http::Method;
use serde_json::{Value, json};

const START: &str = "/api/agents/recommendations/start";

const TEXTS: [&str; 6] = [
    "'; DROP TABLE playlists; --",
    "\" OR 1=1 --",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "100%_\\ {{7*7}} ${jndi:ldap://x} ../../etc/passwd",
    "\u{202e}\u{0}\u{7f}\u{fffd} \u{1f3b5}",
];

pub(super) async fn fields() -> Seen {
    let mut seen = Seen::default();
    let scene = Scene::with(&Setup::lifted(), &Terms::lifted()).await;
    let ann = scene.caller("ann");
    let mut wrong = Vec::new();
    let (mut taken, mut named) = (0, 0);
    for text in TEXTS {
        for body in bodies(text) {
            let answer = ann.ask_start(&body).await;
            match answer.code() {
                422 => named += 1,
                code if (200..300).contains(&code) => {
                    taken += 1;
                    wrong.extend(as_text(&ann, &answer, &body).await);
                }
                _ => wrong.push(format!("{body}: {}", answer.brief())),
            }
        }
    }
    seen.note(format!("{taken} bodies taken as text, {named} refused with the field"));
    let stored = ann.get("/api/playlists?limit=1").await.json()["total"].as_u64().unwrap_or_default();
    seen.must(stored == taken, format!("{stored} stored"));
    for query in queries() {
        let answer = ann.get(&query).await;
        if answer.status.is_server_error() {
            wrong.push(format!("{query}: {}", answer.brief()));
        }
    }
    refused(&mut seen, &mut wrong, &ann).await;
    let after = ann.get("/api/playlists?limit=1").await.json()["total"].as_u64().unwrap_or_default();
    seen.must(after == stored, format!("{} stored of what was refused", after - stored));
    let health = ann.get("/health").await.is_ok();
    seen.must(health, "alive");
    seen.must_be_none(&wrong);
    seen
}

/// The text in each field that takes text.
fn bodies(text: &str) -> Vec<Value> {
    let id = "6rqhFgbbKwnb9MLmUQDhG6";
    let mut bodies = vec![json!({ "mood_prompt": text })];
    for (field, value) in [
        ("mentioned_tracks", json!([{"track_name": text, "artist_name": text}])),
        ("mentioned_artists", json!([text])),
        ("top_tracks", json!([{"id": id, "name": text, "artists": [text]}])),
        ("top_tracks", json!([{"id": text, "name": "x"}])),
        ("top_artists", json!([{"name": text, "genres": [text]}])),
        ("remix_tracks", json!([{"id": id, "name": text, "artists": [text]}])),
        ("negative_tracks", json!([text])),
        ("genres", json!([text])),
        ("artist_recommendations", json!([text])),
        ("language_preferences", json!([text])),
        ("preferred_regions", json!([text])),
        ("excluded_regions", json!([text])),
        ("excluded_themes", json!([text])),
        ("temporal_context", json!({"decade": text, "era": text})),
        ("target_features", json!({ text: [0, 1] })),
    ] {
        bodies.push(json!({"mood_prompt": "calm and relaxing", field: value}));
    }
    bodies
}

/// What went in comes out, and nothing else happened.
async fn as_text(ann: &Caller, answer: &Answer, body: &Value) -> Vec<String> {
    let told = answer.json();
    let Some(session) = told["session_id"].as_str() else { return vec![format!("no session for {body}")] };
    let status = ann.ended(session).await;
    let mut wrong = Vec::new();
    if status["status"] == "failed" && status["error"].as_str().is_none_or(str::is_empty) {
        wrong.push(format!("{body}: failed without a reason"));
    }
    let results = ann.results(session).await;
    if !results.header("content-type").starts_with("application/json") {
        wrong.push(format!("{body}: told as {}", results.header("content-type")));
    }
    wrong.extend(listed::wrong(&results.json()));
    let asked = body["mood_prompt"].as_str().unwrap_or_default().trim();
    if results.json()["mood_prompt"] != asked {
        wrong.push(format!("{body} became {}", results.json()["mood_prompt"]));
    }
    wrong
}

fn queries() -> Vec<String> {
    let mut queries = Vec::new();
    for text in TEXTS {
        let text = escaped(text);
        for parameter in ["search", "sort_by", "sort_order", "exclude_statuses", "limit", "offset"] {
            queries.push(format!("/api/playlists?{parameter}={text}"));
        }
        queries.push(format!("/api/playlists/{text}"));
        queries.push(format!("/api/playlists/session/{text}"));
        queries.push(format!("/api/agents/recommendations/{text}/status"));
        queries.push(format!("/api/agents/system/profiling/samples/{text}"));
        queries.push(format!("/api/agents/system/profiling/metrics?metric_name={text}"));
    }
    queries.extend(
        ["?limit=-1", "?limit=99999999999999999999", "?offset=-5", "?limit=0"]
            .map(|query| format!("/api/playlists{query}")),
    );
    queries
}

/// What must not be taken at all, and how it must be refused.
async fn refused(seen: &mut Seen, wrong: &mut Vec<String>, ann: &Caller) {
    let post =
        |body: Vec<u8>| Ask::new(Method::POST, START).header("content-type", "application/json").body(body);
    let text = |body: &str| post(body.as_bytes().to_vec());
    let megabyte = json!({"mood_prompt": "a".repeat(1_000_000)}).to_string();
    let deep = format!("{{\"mood_prompt\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: Vec<(&str, Ask, &[u16])> = vec![
        ("a prompt of 1 MB", text(&megabyte), &[413]),
        ("a deep body", text(&deep), &[400, 413, 422]),
        ("no JSON", text("mood_prompt=calm"), &[400, 422]),
        ("no text", post(vec![0xff, 0xfe, 0x00]), &[400, 422]),
        ("a list", text("[]"), &[400, 422]),
        ("a number", text(r#"{"mood_prompt": 7}"#), &[400, 422]),
        ("no number", text(r#"{"mood_prompt": "calm", "target_count": "many"}"#), &[400, 422]),
        ("infinite", text(r#"{"mood_prompt": "calm", "genre_strictness": 1e999}"#), &[400, 422]),
        ("no range", text(r#"{"mood_prompt": "calm", "target_features": {"energy": [1]}}"#), &[400, 422]),
        (
            "another type",
            Ask::new(Method::POST, START).header("content-type", "text/plain").body("{}"),
            &[400, 415, 422],
        ),
        ("501 letters", text(&json!({"mood_prompt": "é".repeat(501)}).to_string()), &[422]),
    ];
    let count = cases.len();
    for (case, ask, codes) in cases {
        // A refusal may come before the whole body was sent; the connection may then be gone.
        match ann.try_ask(ask).await {
            Ok(answer) if codes.contains(&answer.code()) && answer.json()["detail"].is_null() => {
                wrong.push(format!("{case}: no detail: {}", answer.brief()));
            }
            Ok(answer) if codes.contains(&answer.code()) => {}
            Ok(answer) => wrong.push(format!("{case}: {}", answer.brief())),
            Err(lost) => wrong.push(format!("{case}: {lost}")),
        }
    }
    seen.note(format!("{count} bodies that are none"));
}
