use super::{seconds, slow};
use crate::harness::Setup;
use crate::harness::recommender::{Caller, MOODS, Scene, Terms, list, listed};
use crate::harness::workload::percentile;
use crate::row::Seen;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const HANDS: usize = 10;
const USERS: usize = 10;
/// Beyond the 120 s of a run: a look at it every two seconds.
const LATEST: Duration = Duration::from_secs(123);

/// One start as its caller saw it.
struct Story {
    status: String,
    took: Duration,
    tracks: usize,
    partial: bool,
    error: Option<String>,
    wrong: Vec<String>,
}

/// Ten times what is allowed by default. Gaps of 75 ms are within what a busy machine blurs on the way
/// to the upstream; they are printed only.
fn tenfold() -> Setup {
    Setup::default_limits()
        .set("budget.rate_per_minute", "800")
        .set("budget.min_interval", "75ms")
        .set("budget.max_in_flight", "60")
}

pub(super) async fn wide() -> Seen {
    let mut seen = Seen::default();
    let scene = slow(&tenfold(), &Terms::lifted()).await;
    let stories = run(&scene, starts(&scene)).await;
    tell(&mut seen, &stories);
    seen.must(stories.iter().all(|story| story.status == "completed"), "all must complete");
    budget(&mut seen, &scene, 800, 0.0, 60);
    seen
}

pub(super) async fn warm() -> Seen {
    let plain = |_: &Scene| (0..100).map(|at| (at / 10, json!({"mood_prompt": MOODS[at % 10]}))).collect();
    after_warming(plain).await
}

pub(super) async fn warm_with_tastes() -> Seen {
    after_warming(starts).await
}

async fn after_warming(starts: impl Fn(&Scene) -> VecDeque<(usize, Value)>) -> Seen {
    let mut seen = Seen::default();
    let scene = slow(&Setup::default_limits(), &Terms::default_limits()).await;
    let told = scene.caller("op").post("/api/agents/system/cache/warm-popular-moods", &json!({})).await;
    assert!(told.status.is_success(), "{}", told.brief());
    let begun = Instant::now();
    while held(&scene).await < 10 {
        assert!(begun.elapsed() < Duration::from_secs(600), "the moods do not get warm");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    seen.note(format!("warmed in {}", seconds(begun.elapsed())));
    scene.quiet(super::SILENCE).await;
    scene.sim.clear_log();
    let stories = run(&scene, starts(&scene)).await;
    tell(&mut seen, &stories);
    seen.must(stories.iter().all(|story| story.status == "completed"), "all must complete");
    budget(&mut seen, &scene, 80, 730.0, 6);
    seen
}

pub(super) async fn cold() -> Seen {
    let mut seen = Seen::default();
    let scene = slow(&Setup::default_limits(), &Terms::default_limits()).await;
    let stories = run(&scene, starts(&scene)).await;
    tell(&mut seen, &stories);
    let ended =
        |story: &Story| story.status == "completed" || (story.status == "failed" && story.error.is_some());
    seen.must(stories.iter().all(ended), "each completed, or said why not");
    seen.must(stories.iter().all(|story| story.took < LATEST), "each within 120 s");
    budget(&mut seen, &scene, 80, 730.0, 6);
    seen
}

async fn held(scene: &Scene) -> u64 {
    let stats = scene.caller("op").get("/api/agents/system/cache/stats").await.json();
    stats["popular_moods"]["held"].as_u64().unwrap_or_default()
}

/// Ten users whose tastes overlap by half with the next one's, ten moods each.
fn starts(scene: &Scene) -> VecDeque<(usize, Value)> {
    let catalogue = scene.catalogue();
    let known: Vec<_> = catalogue.tracks().iter().filter(|track| track.popularity >= 30).collect();
    let body = |user: usize, mood: &str| {
        let own = &known[user * 10..user * 10 + 20];
        let name = |track: &recobeat_sim::Track| catalogue.artists()[track.artists[0]].name.clone();
        let tracks: Vec<Value> = own
            .iter()
            .map(|track| json!({"id": track.spotify, "name": track.title, "artists": [name(track)]}))
            .collect();
        let artists: Vec<Value> = own[..6]
            .iter()
            .map(|track| &catalogue.artists()[track.artists[0]])
            .map(|artist| json!({"id": artist.spotify, "name": artist.name}))
            .collect();
        json!({"mood_prompt": mood, "top_tracks": tracks, "top_artists": artists})
    };
    (0..10)
        .flat_map(|mood| (0..USERS).map(move |user| (user, mood)))
        .map(|(user, mood)| (user, body(user, MOODS[mood])))
        .collect()
}

async fn run(scene: &Scene, starts: VecDeque<(usize, Value)>) -> Vec<Story> {
    let waiting = Arc::new(Mutex::new(starts));
    let mut crowd = JoinSet::new();
    for hand in 0..HANDS {
        let waiting = Arc::clone(&waiting);
        let callers: Vec<Caller> = (0..USERS)
            .map(|user| scene.caller(&format!("user-{user}")).looking_every(Duration::from_secs(2)))
            .map(|caller| caller.from(u8::try_from(hand + 2).unwrap_or(2)))
            .collect();
        crowd.spawn(async move {
            let mut stories = Vec::new();
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some((user, body)) = next() {
                stories.push(one(&callers[user], &body).await);
            }
            stories
        });
    }
    crowd.join_all().await.into_iter().flatten().collect()
}

async fn one(caller: &Caller, body: &Value) -> Story {
    // Whoever is over the limit of starts comes back as told; a run counts from its acceptance.
    let (begun, started) = loop {
        let begun = Instant::now();
        let started = caller.ask_start(body).await;
        match started.retry_after() {
            Some(seconds) if started.code() == 429 => tokio::time::sleep(Duration::from_secs(seconds)).await,
            _ => break (begun, started),
        }
    };
    let Some(session) = started.json()["session_id"].as_str().map(str::to_owned) else {
        let error = Some(started.brief());
        return Story {
            status: "refused".to_owned(),
            took: begun.elapsed(),
            tracks: 0,
            partial: false,
            error,
            wrong: Vec::new(),
        };
    };
    let status = caller.ended(&session).await;
    let took = begun.elapsed();
    let results = caller.results(&session).await.json();
    Story {
        status: status["status"].as_str().unwrap_or("?").to_owned(),
        took,
        tracks: list(&results, "recommendations").len(),
        partial: results["metadata"]["partial"].as_bool().unwrap_or(false),
        error: status["error"].as_str().map(str::to_owned),
        wrong: listed::wrong(&results),
    }
}

fn tell(seen: &mut Seen, stories: &[Story]) {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    stories.iter().for_each(|story| *ends.entry(&story.status).or_default() += 1);
    let partial = stories.iter().filter(|story| story.partial).count();
    seen.must(stories.len() == 100, format!("{ends:?}, {partial} partial"));
    let at = |percent| seconds(percentile(stories.iter().map(|story| story.took), percent));
    seen.note(format!("p50 {}, p95 {}, slowest {}", at(50), at(95), at(100)));
    let tracks = stories.iter().filter(|story| story.status == "completed").map(|story| story.tracks);
    seen.note(format!("{:?} to {:?} tracks", tracks.clone().min(), tracks.max()));
    let wrong: Vec<String> = stories.iter().flat_map(|story| story.wrong.iter().cloned()).collect();
    seen.must_be_none(&wrong);
    let mut errors: Vec<&str> = stories.iter().filter_map(|story| story.error.as_deref()).collect();
    errors.sort_unstable();
    errors.dedup();
    errors.iter().take(3).for_each(|error| seen.note(*error));
}

fn budget(seen: &mut Seen, scene: &Scene, a_minute: usize, gap: f64, in_flight: usize) {
    let stats = scene.sim.stats();
    seen.must(
        stats.max_in_60s <= a_minute,
        format!("{} calls, at most {} in any 60 s", stats.calls, stats.max_in_60s),
    );
    let smallest = stats.min_gap_ms.unwrap_or(f64::INFINITY);
    seen.must(smallest >= gap, format!("smallest gap {smallest:.0} ms"));
    seen.must(stats.max_in_flight <= in_flight, format!("at most {} in flight", stats.max_in_flight));
}
