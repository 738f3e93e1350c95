use super::MOOD;
use crate::harness::Setup;
use crate::harness::recommender::{Caller, Claims, Key, Scene, Terms};
use crate::row::Seen;
use serde_json::{Value, json};

const SYSTEM: [&str; 4] = [
    "/api/agents/system/status",
    "/api/agents/system/cache/stats",
    "/api/agents/system/profiling/metrics",
    "/api/agents/workflows/recent",
];

pub(super) async fn refused() -> Seen {
    let mut seen = Seen::default();
    let terms = Terms::lifted()
        .tokens("RS256", Key::PUBLIC)
        .set("auth.jwt.issuer", "https://id.example.org")
        .set("auth.jwt.audience", "playlists");
    let scene = Scene::with(&Setup::lifted(), &terms).await;
    let claims = |user: &str| {
        let (iss, aud) = (Some("https://id.example.org".to_owned()), Some("playlists".to_owned()));
        Claims { iss, aud, ..Claims::of(user) }
    };
    let ann = scene.recommender.bearer(&Key::Private.sign(&claims("ann")));
    let secret = "a prompt nobody else may read";
    let results = ann.make(&json!({ "mood_prompt": secret })).await;
    let session = results["session_id"].as_str().unwrap_or_default().to_owned();
    let kept = ann.get(&format!("/api/playlists/session/{session}")).await.json();

    let mut wrong = Vec::new();
    let ben = scene.recommender.bearer(&Key::Private.sign(&claims("ben")));
    let mut tried = probe(&ben, &session, &kept["id"], &[404], secret, &mut wrong).await;
    for (name, token) in forged(&claims("ann")) {
        let stranger = scene.recommender.bearer(&token);
        let before = wrong.len();
        tried += probe(&stranger, &session, &kept["id"], &[401], secret, &mut wrong).await;
        let start = stranger.ask_start(&json!({ "mood_prompt": MOOD })).await;
        if start.code() != 401 {
            wrong.push(format!("start: {}", start.brief()));
        }
        wrong[before..].iter_mut().for_each(|what| *what = format!("{name}: {what}"));
    }
    for target in SYSTEM {
        tried += 1;
        let answer = ben.get(target).await;
        if !matches!(answer.code(), 401 | 403) || answer.text().contains(secret) {
            wrong.push(format!("{target} of an operator: {}", answer.brief()));
        }
    }
    seen.must(
        ann.results(&session).await.json() == results,
        format!("{tried} requests; the list is untouched"),
    );
    let stats = scene.recommender.nobody().get("/api/stats/public").await.json();
    seen.must(stats["total_playlists"] == 1, format!("{} playlist stored", stats["total_playlists"]));
    forwarded(&mut seen, &mut wrong).await;
    seen.must_be_none(&wrong);
    seen
}

fn forged(claims: &Claims) -> Vec<(&'static str, String)> {
    let good = Key::Private.sign(claims);
    let parts: Vec<&str> = good.split('.').collect();
    let other = Key::Private.sign(&Claims { sub: Some("eve".to_owned()), ..claims.clone() });
    let other: Vec<&str> = other.split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    vec![
        ("expired", Key::Private.sign(&claims.clone().expired())),
        ("without an end", Key::Private.sign(&Claims { exp: None, ..claims.clone() })),
        ("without a name", Key::Private.sign(&Claims { sub: None, ..claims.clone() })),
        ("with an empty name", Key::Private.sign(&Claims { sub: Some(String::new()), ..claims.clone() })),
        (
            "of another issuer",
            Key::Private.sign(&Claims { iss: Some("https://evil.example".into()), ..claims.clone() }),
        ),
        ("without issuer", Key::Private.sign(&Claims { iss: None, ..claims.clone() })),
        ("for others", Key::Private.sign(&Claims { aud: Some("mail".into()), ..claims.clone() })),
        ("for nobody", Key::Private.sign(&Claims { aud: None, ..claims.clone() })),
        ("by a stranger's key", Key::Stranger.sign(claims)),
        ("HS256 by the public key", Key::CONFUSED.sign(claims)),
        ("HS256 by the trimmed public key", Key::Secret(Key::PUBLIC.trim_ascii()).sign(claims)),
        ("HS256 by a secret", Key::SECRET.sign(claims)),
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg none, signed", format!("{none}.{}.{}", parts[1], parts[2])),
        ("other claims under the signature", format!("{}.{}.{}", parts[0], other[1], parts[2])),
        ("cut", good[..good.len() - 4].to_owned()),
        ("no token", "ann".to_owned()),
        ("empty", String::new()),
    ]
}

/// Everything about one run and its playlist; how much was tried.
async fn probe(
    caller: &Caller,
    session: &str,
    id: &Value,
    allowed: &[u16],
    secret: &str,
    wrong: &mut Vec<String>,
) -> usize {
    let run = format!("/api/agents/recommendations/{session}");
    let mut answers = Vec::new();
    for verb in ["status", "results", "playlist", "stream", "events"] {
        answers.push((verb, caller.get(&format!("{run}/{verb}")).await));
    }
    answers.push(("row", caller.get(&format!("/api/playlists/{id}")).await));
    answers.push(("session", caller.get(&format!("/api/playlists/session/{session}")).await));
    answers.push(("cancel", caller.delete(&run).await));
    answers.push(("delete", caller.delete(&format!("/api/playlists/{id}")).await));
    let edit = json!({"edit_type": "reorder", "track_id": "0000000000000000000000", "new_position": 1});
    answers.push(("edit", caller.post(&format!("/api/playlists/{session}/edit"), &edit).await));
    let remix = json!({ "playlist_id": id });
    answers.push(("remix", caller.post("/api/agents/recommendations/remix", &remix).await));
    for (what, answer) in &answers {
        if !allowed.contains(&answer.code()) || answer.text().contains(secret) {
            wrong.push(format!("{what}: {}", answer.brief()));
        }
    }
    answers.len()
}

/// An open service must not be opened further by whoever stands in front of it.
async fn forwarded(seen: &mut Seen, wrong: &mut Vec<String>) {
    let scene = Scene::lifted().await;
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "playlists.example.org"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.7;proto=https"),
    ] {
        let caller = scene.caller("ann").header(name, value);
        let start = caller.ask_start(&json!({ "mood_prompt": MOOD })).await;
        let list = caller.get("/api/playlists").await;
        let system = caller.get("/api/agents/system/status").await;
        for answer in [start, list, system] {
            if !matches!(answer.code(), 401 | 403) {
                wrong.push(format!("{name}: {}", answer.brief()));
            }
        }
    }
    let total = scene.caller("ann").get("/api/playlists").await.json()["total"].clone();
    seen.must(total == 0, format!("open, forwarded: {total} stored"));
}
