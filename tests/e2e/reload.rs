//! Another configuration for a proxy that runs, by each of the ways to tell it.

use crate::harness::{Answer, Ask, Line, Proxy, Setup, Stage, proxy};
use http::Method;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const LIFTED: &str = "budget: { rate_per_minute: 60000, min_interval: 0ms, max_in_flight: 64 }\n";
const APPLIED: &str = r#"recobeat_config_reloads_total{outcome="applied"}"#;
const UNCHANGED: &str = r#"recobeat_config_reloads_total{outcome="unchanged"}"#;
const REFUSED: &str = r#"recobeat_config_reloads_total{outcome="refused"}"#;
const GOOD: &str = "recobeat_config_good";

/// A proxy that goes by a file.
struct Scene {
    stage: Stage,
    folder: TempDir,
}

impl Scene {
    async fn new(text: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("proxy.yaml");
        fs::write(&path, text).expect("ours");
        Self { stage: Stage::with(&Setup::default_limits().file(&path)).await, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("proxy.yaml")
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).expect("ours");
    }

    fn proxy(&self) -> &Proxy {
        &self.stage.proxy
    }

    async fn reload(&self) -> (u16, Value) {
        let answer = self.proxy().admin_ask(Ask::new(Method::POST, "/reload")).await;
        (answer.code(), answer.json())
    }

    async fn rate(&self) -> Value {
        self.proxy().admin("/config").await.json()["budget"]["rate_per_minute"].clone()
    }
}

fn search(page: usize) -> String {
    format!("/v1/track/search?searchText=love&page={page}")
}

/// Seconds that an answer is still fresh for.
fn ttl(answer: &Answer) -> i64 {
    let cache_status = answer.header("cache-status");
    let told = cache_status.split("ttl=").nth(1).unwrap_or_else(|| panic!("no ttl in {cache_status}"));
    told.split(';').next().and_then(|ttl| ttl.trim().parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_file_changes_rate_and_lifetimes_while_a_client_keeps_asking() {
    let scene = Scene::new(LIFTED).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut line, stopped) = (scene.stage.line().await, Arc::clone(&stop));
    let asking = tokio::spawn(async move {
        let mut asked = 0;
        while !stopped.load(Ordering::Relaxed) {
            assert!(line.get(&search(0)).await.is_ok());
            asked += 1;
        }
        (asked, line.opened)
    });
    assert!(ttl(&scene.stage.get(&search(1)).await) > 3_600);

    scene.write(
        "budget: { rate_per_minute: 600, min_interval: 0ms }\n\
         cache: { jitter: 0, categories: { search: { ttl: 100s } } }\n",
    );
    assert!(scene.proxy().comes_to(APPLIED, 1.0).await, "{}", scene.proxy().log.tail());
    assert_eq!(scene.rate().await, 600);
    assert_eq!(scene.proxy().metric("recobeat_budget_rate_per_minute").await, Some(600.0));
    assert_eq!(ttl(&scene.stage.get(&search(2)).await), 100);
    assert!(ttl(&scene.stage.get(&search(1)).await) > 3_600, "kept as it was stored");

    stop.store(true, Ordering::Relaxed);
    let (asked, opened) = asking.await.expect("every answer is good");
    assert!(asked > 1 && opened == 1, "{asked} answers over {opened} connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_leaves_the_good_one_in_force_and_is_told_until_it_is_corrected() {
    let scene = Scene::new("budget: { rate_per_minute: 600 }\n").await;
    scene.write("batch: { linger: 20ms }\nbudget: { rate_per_minut: 300 }\n");
    assert!(scene.proxy().comes_to(GOOD, 0.0).await, "{}", scene.proxy().log.tail());
    assert_eq!(scene.rate().await, 600);
    let standing = scene.proxy().admin("/reload").await.json();
    let error = standing["error"].as_str().expect("a reason");
    assert!(error.contains("proxy.yaml:2:") && error.contains("rate_per_minute"), "{error}");
    assert_eq!(scene.proxy().log.about("configuration refused").len(), 1, "{}", scene.proxy().log.tail());
    scene.write("budget: { rate_per_minute: 300 }\n");
    assert!(scene.proxy().comes_to(GOOD, 1.0).await, "{}", scene.proxy().log.tail());
    assert_eq!((scene.rate().await, scene.proxy().metric(REFUSED).await), (300.into(), Some(1.0)));
    let told = scene.proxy().log.about("configuration reloaded");
    assert!(told[0].contains("budget.rate_per_minute 600 → 300"), "{told:?}");
}

/// As volumes are mounted from configuration maps.
fn mount(folder: &Path, version: &str, text: &str) {
    fs::create_dir(folder.join(version)).expect("ours");
    fs::write(folder.join(version).join("proxy.yaml"), text).expect("ours");
    symlink(version, folder.join("..data_tmp")).expect("ours");
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_volume_is_read() {
    let folder = TempDir::new().expect("a folder");
    mount(folder.path(), "..1", "budget: { rate_per_minute: 600 }\n");
    symlink("..data/proxy.yaml", folder.path().join("proxy.yaml")).expect("ours");
    let path = folder.path().join("proxy.yaml");
    let scene = Scene { stage: Stage::with(&Setup::default_limits().file(&path)).await, folder };
    for (times, version, rate) in [(1.0, "..2", 300), (2.0, "..3", 200)] {
        mount(scene.folder.path(), version, &format!("budget: {{ rate_per_minute: {rate} }}\n"));
        assert!(scene.proxy().comes_to(APPLIED, times).await, "{}", scene.proxy().log.tail());
        assert_eq!(scene.rate().await, rate);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_signal_reads_the_file_again_and_ends_nothing() {
    let mut scene = Scene::new("budget: { rate_per_minute: 600 }\n").await;
    scene.proxy().hang_up();
    assert!(scene.proxy().comes_to(UNCHANGED, 1.0).await, "{}", scene.proxy().log.tail());
    assert!(scene.stage.proxy.exit_status().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_reloads_for_those_who_have_the_token_and_the_token_changes_too() {
    let scene = Scene::new("admin: { token: open-sesame-1 }\n").await;
    let post =
        |token: &str| Ask::new(Method::POST, "/reload").header("authorization", format!("Bearer {token}"));
    let mut line = Line::to(scene.proxy().admin).await;
    assert_eq!(line.ask(Ask::new(Method::POST, "/reload")).await.code(), 401);
    assert_eq!(line.ask(post("wrong")).await.code(), 401);
    // The file is watched as well; whoever comes second finds nothing to do.
    scene.write("admin: { token: open-sesame-2 }\n");
    let told = [line.ask(post("open-sesame-1")).await.code(), line.ask(post("open-sesame-2")).await.code()];
    assert!(told.contains(&200), "{told:?}");
    assert_eq!(line.ask(post("open-sesame-1")).await.code(), 401);
    let report = line.ask(post("open-sesame-2")).await;
    assert_eq!((report.code(), &report.json()["outcome"]), (200, &"unchanged".into()), "{}", report.brief());
    let log = scene.proxy().log.lines().concat();
    assert!(!log.contains("open-sesame"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_restart_is_named_with_both_values_and_what_is_wrong_with_its_line() {
    let scene = Scene::new("").await;
    scene.write("limits: { connections: 100 }\ntelemetry: { format: json }\n");
    let (code, report) = scene.reload().await;
    assert_eq!((code, &report["outcome"]), (200, &"unchanged".into()), "{report}");
    let restart = report["restart"].as_array().expect("a list");
    let keys: Vec<_> = restart.iter().map(|pending| &pending["key"]).collect();
    assert_eq!(keys, ["limits.connections", "telemetry.format"]);
    assert_eq!((&restart[0]["running"], &restart[0]["file"]), (&20_000.into(), &100.into()));
    assert_eq!(scene.proxy().metric("recobeat_config_restart_needed").await, Some(2.0));
    assert_eq!(scene.proxy().admin("/config").await.json()["limits"]["connections"], 20_000);
    let waiting = &scene.proxy().admin("/config").await.json()["restart_needed"];
    assert_eq!(waiting, &report["restart"]);
    scene.write("limits: { connections: many }\n");
    let (code, report) = scene.reload().await;
    assert_eq!((code, &report["outcome"]), (422, &"refused".into()), "{report}");
    assert!(report["error"].as_str().is_some_and(|error| error.contains("proxy.yaml:1:")), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_reloads_under_load_fail_no_request() {
    let scene = Scene::new(LIFTED).await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let (addr, stop) = (scene.proxy().addr, Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut line, mut asked) = (Line::to(addr).await, 0);
                while !stop.load(Ordering::Relaxed) {
                    // Every other one is new, so hits and calls are both under way.
                    let new = format!("/v1/track/search?searchText=love{client}n{asked}");
                    let answer = line.get(&if asked % 2 == 0 { search(client) } else { new }).await;
                    assert!(answer.is_ok(), "{}", answer.brief());
                    asked += 1;
                }
                (asked, line.opened)
            })
        })
        .collect();
    for turn in 1..=10 {
        let rate = 60_000 + turn;
        scene.write(&format!(
            "budget: {{ rate_per_minute: {rate}, min_interval: 0ms, max_in_flight: {} }}\n\
             batch: {{ max_ids: {} }}\nlimits: {{ uri: {}KiB }}\nguard: {{ deny: {} }}\n",
            40 + turn,
            30 + turn % 10,
            8 + turn,
            turn % 2 == 0,
        ));
        let (code, report) = scene.reload().await;
        assert_eq!((code, scene.rate().await), (200, rate.into()), "{report}");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        let (asked, opened) = client.await.expect("every answer is good");
        assert!(asked > 0 && opened == 1, "{asked} answers over {opened} connections");
    }
    assert_eq!(scene.proxy().metric(GOOD).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verb_asks_the_running_proxy_and_prints_what_became_of_it() {
    let scene = Scene::new("budget: { rate_per_minute: 600 }\n").await;
    let admin = format!("admin.listen={}", scene.proxy().admin);
    let reload = || {
        let admin = admin.clone();
        tokio::task::spawn_blocking(move || proxy::run(&["reload", "--set", &admin]))
    };
    scene.write("limits: { connections: 100 }\n");
    let (code, out, err) = reload().await.expect("no panic");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("limits.connections 20000 → 100"), "{out}");
    scene.write("limits: { connection: 100 }\n");
    let (code, out, err) = reload().await.expect("no panic");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("proxy.yaml:1:") && err.contains("connections"), "{err}");
    drop(scene);
    let (code, _, err) = reload().await.expect("no panic");
    assert_eq!(code, Some(1));
    assert!(err.contains(&admin["admin.listen=".len()..]), "{err}");
}
