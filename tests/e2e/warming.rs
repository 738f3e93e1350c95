//! `POST /warm` and `recobeat-proxy warm`: fetched ahead, resumed, cancelled.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use http::Method;
use recobeat_sim::{Fault, Rule, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::harness::proxy::{Running, run};
use crate::harness::{Ask, Setup, Stage, ids};

/// Each id that was asked in lists of this path, as often as it was.
fn asked(sim: &Simulator, path: &str) -> Vec<String> {
    let log = sim.log();
    let queries = log.iter().filter(|call| call.path == path).map(|call| call.query.as_str());
    let lists = queries.filter_map(|query| query.strip_prefix("ids="));
    lists.flat_map(|ids| ids.split(',').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A file with the Spotify ids of so many tracks, one per line.
fn file(folder: &TempDir, count: usize) -> String {
    let mut text = String::from("# tracks\n\n");
    for track in ids::tracks(0, count) {
        let _ = writeln!(text, "{}", track.spotify);
    }
    let path = folder.path().join("tracks.txt");
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn admin(stage: &Stage) -> String {
    format!("http://{}", stage.proxy.admin)
}

/// Ten starts a second: slow enough to be interrupted.
fn ten_a_second(disk: &Path) -> Setup {
    Setup::default_limits()
        .disk(disk)
        .set("budget.rate_per_minute", "600")
        .set("budget.min_interval", "100ms")
        .set("budget.adaptive", "false")
}

async fn calls_made(stage: &Stage, least: usize) {
    for _ in 0..1_500 {
        if stage.calls() >= least {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{} calls of {least}", stage.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_warmed_with_its_plan_first_and_asked_for_once() {
    let stage = Stage::lifted().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (file, admin) = (file(&folder, 200), admin(&stage));
    let search = "/v1/track/search?searchText=love";
    let (code, out, err) = run(&["warm", search, "--file", &file, "--dry-run", "--admin", &admin]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("401 items: 0 held, 0 known to be missing, 401 to fetch\n11 calls, "), "{out}");
    assert_eq!(stage.calls(), 0);

    let (code, out, err) = run(&["warm", search, "--file", &file, "--admin", &admin]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        out.starts_with("complete: 0 held, 401 fetched, 0 missing upstream, 0 failed, of 401; 11 calls"),
        "{out}"
    );
    assert!(err.contains("401 to fetch"), "{err}");
    assert_eq!(stage.calls(), 11);
    for path in ["/v1/track", "/v1/audio-features"] {
        assert!(stage.get(&ids::list(path, &ids::spotify(&ids::tracks(0, 200)))).await.is_hit(), "{path}");
    }
    let (code, out, _) = run(&["warm", search, "--file", &file, "--admin", &admin]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("complete: 401 held, 0 fetched"), "{out}");
    assert_eq!(stage.calls(), 11);
    assert_eq!(stage.proxy.metric(r#"recobeat_warm_items_total{result="fetched"}"#).await, Some(401.0));
    assert_eq!(stage.proxy.metric("recobeat_warm_jobs_running").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_same_command_asks_only_for_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::with(&ten_a_second(&folder.path().join("cache.redb"))).await;
    let (file, admin) = (file(&folder, 2_000), admin(&stage));
    let arguments = ["warm", "--rows", "track", "--file", &file, "--admin", &admin];
    let mut first = Running::start(&arguments);
    calls_made(&stage, 25).await;
    stage.proxy.kill();
    let before = asked(&stage.sim, "/v1/track");
    stage.sim.clear_log();
    stage.proxy.start_again().await;
    assert_eq!(first.ends().await, Some(0), "it finds the proxy again: {}", first.log.tail());
    assert!(first.log.tail().contains("restarted"), "{}", first.log.tail());
    let after = asked(&stage.sim, "/v1/track");
    let before: HashSet<&String> = before.iter().collect();
    let twice = after.iter().filter(|id| before.contains(id)).count();
    // What the last second had learned may be lost with the process, and the calls under way are.
    assert!(twice <= (10 + 6) * 40, "{twice} of {} asked twice", after.len());
    let all: HashSet<&String> = after.iter().chain(before.iter().copied()).collect();
    assert_eq!((after.iter().collect::<HashSet<_>>().len(), all.len()), (after.len(), 2_000));

    stage.sim.clear_log();
    let (code, out, _) = run(&arguments);
    assert_eq!((code, stage.calls()), (Some(0), 0), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_command_cancels_its_job_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::with(&ten_a_second(&folder.path().join("cache.redb"))).await;
    let (file, admin) = (file(&folder, 2_000), admin(&stage));
    let mut warm = Running::start(&["warm", "--file", &file, "--admin", &admin]);
    calls_made(&stage, 3).await;
    warm.interrupt();
    assert_eq!(warm.ends().await, Some(1));
    assert!(warm.log.tail().contains("the same command again"), "{}", warm.log.tail());
    assert!(stage.proxy.comes_to("recobeat_warm_jobs_running", 0.0).await);
    let jobs = stage.proxy.admin("/warm").await.json();
    assert_eq!(jobs["jobs"][0]["state"], "cancelled", "{jobs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outlives_the_connection_that_started_it_and_its_events_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::with(&ten_a_second(&folder.path().join("cache.redb"))).await;
    let tracks = ids::tracks(0, 400);
    let order = json!({ "ids": ids::uuids(&tracks), "rows": ["track"] }).to_string();
    let started = stage.proxy.admin_ask(Ask::new(Method::POST, "/warm").body(order)).await;
    assert_eq!(started.code(), 202, "{}", started.brief());
    let started = started.json();
    assert_eq!((&started["plan"]["calls"], &started["plan"]["wanted"]), (&10.into(), &400.into()));
    let path = format!("/warm/{}", started["id"].as_str().expect("an id"));
    let events =
        |after: &str| Ask::get(&path).header("accept", "text/event-stream").header("last-event-id", after);
    let told = stage.proxy.admin_ask(events("0")).await.text();
    let named: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!((named.first(), named.last()), (Some(&"plan"), Some(&"done")), "{told}");
    let last = told.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().expect("numbered");
    let again =
        stage.proxy.admin_ask(events(&(last.parse::<u64>().expect("a number") - 1).to_string())).await;
    assert_eq!(again.text().matches("event: ").count(), 1, "{}", again.text());
    let status = stage.proxy.admin(&path).await.json();
    assert_eq!(
        (&status["state"], &status["progress"]["fetched"]),
        (&"complete".into(), &400.into()),
        "{status}"
    );
    assert_eq!(stage.proxy.admin("/warm/none").await.code(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_all_named_before_anything_starts() {
    let stage = Stage::lifted().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.txt");
    let good = ids::tracks(0, 1)[0].id.as_str();
    std::fs::write(&path, format!("{good}\noops\n/v1/nothing\n")).expect("a file");
    let (file, admin) = (path.display().to_string(), admin(&stage));
    let (code, _, err) = run(&["warm", "--file", &file, "--admin", &admin]);
    assert_eq!(code, Some(2));
    for named in ["bad.txt:2: \"oops\"", "bad.txt:3: \"/v1/nothing\"", "--skip-bad"] {
        assert!(err.contains(named), "{named}: {err}");
    }
    let order = json!({ "ids": [good, "oops"], "urls": ["/v1/track/recommendation?seeds=&size=5", "x"] });
    let told = stage.proxy.admin_ask(Ask::new(Method::POST, "/warm").body(order.to_string())).await;
    assert_eq!(told.code(), 400);
    let errors: Vec<Value> = told.json()["errors"].as_array().expect("a list").clone();
    let errors: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
    assert!(errors[0].starts_with("ids[1] \"oops\""), "{errors:?}");
    assert!(errors[1].contains("urls[0]") && errors[1].contains("refuses for certain"), "{errors:?}");
    assert!(errors[2].contains("urls[1]"), "{errors:?}");
    assert_eq!(stage.calls(), 0);
    let (code, out, err) =
        run(&["warm", "--skip-bad", "--rows", "track", "--file", &file, "--admin", &admin]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("1 fetched") && err.contains("bad.txt:2"), "{out}{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_end_with_one_and_a_started_job_can_be_left_alone() {
    let stage = Stage::with(&Setup::lifted().without_retries()).await;
    let admin = admin(&stage);
    let id = ids::tracks(0, 1)[0].id.as_str();
    stage.sim.add_fault(Rule::any(Fault::InternalError));
    let (code, out, err) = run(&["warm", id, "--rows", "track", "--admin", &admin]);
    assert_eq!(code, Some(1));
    assert!(out.contains("1 failed") && err.contains(id), "{out}{err}");
    stage.sim.clear_faults();
    let (code, out, _) = run(&["warm", id, "--rows", "track", "--detach", "--admin", &admin]);
    assert_eq!(code, Some(0));
    assert!(out.contains("GET /warm/"), "{out}");
    assert!(stage.proxy.comes_to(r#"recobeat_warm_items_total{result="fetched"}"#, 1.0).await);
}
