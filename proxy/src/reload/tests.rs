//! Every key of the model, and what becomes of it when the file says something else.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::change::shown;
use super::{FIXED, Outcome, Report, Running};
use crate::budget::Permit;
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::engine::Engine;
use crate::front::Terms;
use crate::parts::{Parts, engine_settings, front_settings, target_settings};
use crate::upstream::{CallError, Reply, Request, Target, Upstream};

struct Nobody;

#[async_trait]
impl Upstream for Nobody {
    async fn call(&self, _: Permit, _: Request) -> Result<Reply, CallError> {
        Err(CallError::Connect("nobody is there".to_owned()))
    }
}

/// All parts, and a file that they go by.
struct Scene {
    folder: TempDir,
    running: Arc<Running>,
    parts: Arc<Parts>,
    log: Arc<Mutex<String>>,
}

impl Scene {
    /// With a disk tier in a folder of its own.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let set = format!("cache.disk.path={}", folder.path().join("cache.redb").display());
        Self::with(folder, "", &[], &[&set])
    }

    /// With memory alone.
    fn plain(text: &str) -> Self {
        Self::with(TempDir::new().unwrap(), text, &[], &["cache.disk.enabled=false"])
    }

    fn with(folder: TempDir, text: &str, env: &[(&str, &str)], set: &[&str]) -> Self {
        fs::write(folder.path().join("proxy.yaml"), text).unwrap();
        let sources = Sources {
            path: Some(folder.path().join("proxy.yaml")),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            set: set.iter().map(ToString::to_string).collect(),
        };
        let loaded = Config::load(sources.clone()).unwrap();
        let config = &loaded.config;
        let target = Arc::new(Target::new(target_settings(config)).unwrap());
        let engine =
            Engine::new(&engine_settings(config, None), Arc::new(Nobody), Clock::tokio(), &Handle::current());
        let terms = Terms::new(&front_settings(config, &target));
        let log = Arc::new(Mutex::new(config.telemetry.log.clone()));
        let written = Arc::clone(&log);
        let write = move |directives: &str| {
            directives.clone_into(&mut written.lock().unwrap());
            Ok(())
        };
        let parts = Arc::new(Parts { engine: Arc::clone(&engine), target, terms, log: Box::new(write) });
        let told = Arc::clone(&parts);
        let metrics = Arc::clone(engine.metrics());
        let running = Running::new(sources, &loaded, metrics, move |config| told.apply(config));
        Self { folder, running, parts, log }
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("proxy.yaml"), text).unwrap();
    }

    async fn reload(&self, text: &str) -> Report {
        self.write(text);
        self.running.reload("a test").await
    }

    /// What all parts go by, as they keep it.
    fn in_force(&self) -> String {
        let Parts { engine, target, terms, .. } = &*self.parts;
        let (log, token) = (self.log.lock().unwrap(), &self.running.config().admin.token);
        format!("{} {} {} {log} {token:?}", engine.in_force(), target.in_force(), terms.in_force())
    }

    fn metric(&self, name: &str) -> String {
        let text = self.parts.engine.metrics().render(&self.parts.engine.gauges());
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name}")).to_owned()
    }
}

/// Another value for each key than its default.
fn others(folder: &TempDir) -> Vec<(&'static str, String)> {
    let pem = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let cert = pem("cert.pem", "-----BEGIN CERTIFICATE-----");
    let key = pem("key.pem", "-----BEGIN PRIVATE KEY-----");
    let (cert, key) = (cert.display(), key.display());
    let mut others = vec![
        ("listen", "127.0.0.1:8081".to_owned()),
        ("tls", format!("{{ cert: {cert}, key: {key} }}")),
        ("admin.listen", "127.0.0.1:9091".to_owned()),
        ("admin.token", "open-sesame".to_owned()),
        ("upstream.base_url", "https://example.org".to_owned()),
        ("upstream.user_agent", "somebody".to_owned()),
        ("upstream.ca_file", cert.to_string()),
        ("cache.disk.path", folder.path().join("other.redb").display().to_string()),
        ("cache.redis.url", "redis://:open-sesame@127.0.0.1:1".to_owned()),
        ("cors.allowed_origins", "[https://example.org]".to_owned()),
        ("telemetry.log", "debug".to_owned()),
        ("telemetry.format", "json".to_owned()),
        ("telemetry.otlp_endpoint", "http://127.0.0.1:4318".to_owned()),
        ("batch.oversize", "reject".to_owned()),
        ("cache.recommendation_no_cache", "ignore".to_owned()),
        ("cache.redis.prefix", "other".to_owned()),
    ];
    for key in leaves(&shown(&Config::default())) {
        if !others.iter().any(|(other, _)| *other == key) {
            let value = another(&value_at(&shown(&Config::default()), &key));
            others.push((Box::leak(key.into_boxed_str()), value));
        }
    }
    others
}

fn exports_traces() -> bool {
    recobeat_ops::trace::check(Some("http://127.0.0.1:4318")).is_ok()
}

/// A little less, or the opposite.
fn another(value: &Value) -> String {
    if let Some(switch) = value.as_bool() {
        return (!switch).to_string();
    }
    if let Some(number) = value.as_u64() {
        return if number > 1 { (number - 1).to_string() } else { "2".to_owned() };
    }
    if let Some(number) = value.as_f64() {
        return (number / 2.0).to_string();
    }
    let text = value.as_str().expect("a text, a number or a switch");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text[..end].parse::<u64>().expect("a size or a length of time") {
        0 => "1s".to_owned(),
        1 => format!("2{}", &text[end..]),
        number => format!("{}{}", number - 1, &text[end..]),
    }
}

fn leaves(shown: &Value) -> Vec<String> {
    fn walk(key: &str, value: &Value, found: &mut Vec<String>) {
        let Some(section) = value.as_object() else { return found.push(key.to_owned()) };
        for (name, value) in section {
            walk(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, value, found);
        }
    }
    let mut found = Vec::new();
    walk("", shown, &mut found);
    found
}

fn value_at(shown: &Value, key: &str) -> Value {
    shown.pointer(&format!("/{}", key.replace('.', "/"))).cloned().expect("a key of the model")
}

/// `a: { b: value }`
fn file(key: &str, value: &str) -> String {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let inner = rest.into_iter().flat_map(|rest| rest.rsplit('.'));
    let inner = inner.fold(value.to_owned(), |inner, part| format!("{{ {part}: {inner} }}"));
    format!("{first}: {inner}\n")
}

#[tokio::test(start_paused = true)]
async fn every_key_is_live_or_named_as_needing_a_restart() {
    let spare = TempDir::new().unwrap();
    for (key, value) in others(&spare) {
        if key == "telemetry.otlp_endpoint" && !exports_traces() {
            continue;
        }
        let scene = match key {
            // Elsewhere the scene has set it already.
            "cache.disk.path" => Scene::plain(""),
            _ => Scene::new(),
        };
        let before = scene.in_force();
        let report = scene.reload(&file(key, &value)).await;
        assert_eq!(report.error, None, "{key}: {value}");
        let is_fixed =
            FIXED.iter().any(|fixed| key == fixed.key || key.starts_with(&format!("{}.", fixed.key)));
        let applied: Vec<_> = report.applied.iter().map(|change| change.key.as_str()).collect();
        let restart: Vec<_> = report.restart.iter().map(|pending| pending.key.as_str()).collect();
        let expected = if is_fixed { (vec![], vec![key]) } else { (vec![key], vec![]) };
        assert_eq!((applied, restart), expected, "{value}");
        assert_eq!(before == scene.in_force(), is_fixed, "{key}: {value}");
        assert_eq!(report.outcome, if is_fixed { Outcome::Unchanged } else { Outcome::Applied });
    }
}

#[test]
fn every_fixed_key_is_one_of_the_model_and_says_why() {
    let shown = shown(&Config::default());
    for fixed in FIXED {
        value_at(&shown, fixed.key);
        assert!(!fixed.why.is_empty(), "{}", fixed.key);
    }
}

#[test]
fn the_document_names_every_fixed_key() {
    let document = include_str!("../../../config/operations.md");
    let told =
        document.split("- **A restart** is needed for").nth(1).and_then(|rest| rest.split(". ").next());
    let told = told.expect("a list of keys");
    let named: Vec<_> = told.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, FIXED.iter().map(|fixed| fixed.key).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_changes_nothing_and_is_told_until_it_is_right_again() {
    let scene = Scene::plain("budget: { rate_per_minute: 60 }");
    let before = scene.in_force();
    let report = scene.reload("budget: { rate_per_minute: 30, max_in_fligt: 1 }").await;
    assert_eq!((report.outcome, before == scene.in_force()), (Outcome::Refused, true));
    let error = report.error.unwrap();
    assert!(error.contains("proxy.yaml:1:") && error.contains("max_in_flight"), "{error}");
    assert_eq!(scene.running.standing().error, Some(error));
    assert_eq!(scene.metric("recobeat_config_good"), "0");
    assert_eq!(scene.metric("recobeat_config_reloads_total{outcome=\"refused\"}"), "1");
    let report = scene.reload("budget: { rate_per_minute: 30 }").await;
    assert_eq!(report.applied[0].to_string(), "budget.rate_per_minute 60 → 30");
    assert_eq!((scene.running.standing().good, scene.metric("recobeat_config_good")), (true, "1".to_owned()));
    assert_eq!(scene.running.shown()["budget"]["rate_per_minute"], 30);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_gone_is_refused_and_not_taken_for_the_defaults() {
    let scene = Scene::plain("budget: { rate_per_minute: 60 }");
    fs::remove_file(scene.folder.path().join("proxy.yaml")).unwrap();
    let report = scene.running.reload("a test").await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(scene.running.config().budget.rate_per_minute, 60);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_emptied_is_refused_and_not_taken_for_the_defaults() {
    let scene = Scene::plain("budget: { rate_per_minute: 60 }");
    let report = scene.reload("# written while the disk was full\n").await;
    assert_eq!(report.outcome, Outcome::Refused);
    let error = report.error.unwrap();
    assert!(error.contains("empty") && error.contains("restart"), "{error}");
    assert_eq!(scene.running.config().budget.rate_per_minute, 60);
    // One that said nothing at the start may go on saying nothing.
    let scene = Scene::plain("");
    assert_eq!(scene.reload("").await.outcome, Outcome::Unchanged);
    scene.reload("budget: { rate_per_minute: 60 }").await;
    assert_eq!(scene.reload("").await.outcome, Outcome::Refused);
}

#[tokio::test(start_paused = true)]
async fn traces_are_refused_by_a_binary_that_cannot_export_them_and_wait_in_others() {
    let scene = Scene::plain("");
    let report = scene
        .reload("{ telemetry: { otlp_endpoint: 'http://127.0.0.1:4318' }, batch: { linger: 5ms } }")
        .await;
    if exports_traces() {
        assert_eq!((report.outcome, report.restart.len()), (Outcome::Applied, 1));
    } else {
        assert_eq!(report.outcome, Outcome::Refused);
        assert!(report.error.unwrap().contains("otlp_endpoint"));
        assert_eq!(scene.running.config().batch, Config::default().batch);
    }
}

#[tokio::test(start_paused = true)]
async fn the_environment_and_the_command_line_stay_stronger_than_the_file() {
    let env = [("RECOBEAT_BUDGET__RATE_PER_MINUTE", "20")];
    let set = ["cache.disk.enabled=false", "batch.max_ids=10"];
    let scene = Scene::with(TempDir::new().unwrap(), "", &env, &set);
    let report = scene.reload("budget: { rate_per_minute: 60 }\nbatch: { max_ids: 20, linger: 5ms }").await;
    assert_eq!(report.applied.iter().map(|change| &*change.key).collect::<Vec<_>>(), ["batch.linger"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_restart_is_named_each_time_and_no_more_once_it_is_undone() {
    let scene = Scene::plain("");
    for _ in 0..2 {
        let report = scene.reload("listen: 127.0.0.1:81\nbatch: { linger: 5ms }").await;
        assert_eq!(
            report.restart[0].to_string(),
            "listen 127.0.0.1:8080 → 127.0.0.1:81 (the address is bound at the start)"
        );
        assert_eq!(scene.metric("recobeat_config_restart_needed"), "1");
    }
    assert_eq!(scene.running.shown()["listen"], "127.0.0.1:8080");
    let report = scene.reload("{}").await;
    assert_eq!((report.restart, scene.running.standing().restart), (vec![], vec![]));
    assert_eq!(scene.metric("recobeat_config_restart_needed"), "0");
}

#[tokio::test(start_paused = true)]
async fn a_refused_reload_leaves_standing_what_waits_for_a_restart() {
    let scene = Scene::plain("");
    scene.reload("listen: 127.0.0.1:81").await;
    scene.reload("listen: nowhere").await;
    assert_eq!(scene.running.standing().restart.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn secrets_change_without_being_shown() {
    let scene = Scene::plain("admin: { token: open-sesame }");
    let report =
        scene.reload("admin: { token: hunter2 }\ncache: { redis: { url: redis://:hunter2@h } }").await;
    assert_eq!(scene.running.config().admin.token.as_deref(), Some("hunter2"));
    assert_eq!(report.applied[0].to_string(), "admin.token *** → ***");
    assert_eq!(
        report.restart[0].to_string(),
        "cache.redis.url null → redis://***@h (tiers are opened at the start)"
    );
    let said =
        serde_json::to_string(&json!([report, scene.running.shown(), scene.running.standing()])).unwrap();
    assert!(!said.contains("hunter2") && !said.contains("open-sesame"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_others_reach_is_never_left_without_a_token() {
    let scene = Scene::plain("admin: { listen: '0.0.0.0:9090', token: open-sesame }");
    // Good at a start; here the address stays and the token would go.
    let report = scene.reload("admin: { listen: '127.0.0.1:9090' }").await;
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(report.error.unwrap().contains("0.0.0.0:9090"));
    assert_eq!(scene.running.config().admin.token.as_deref(), Some("open-sesame"));
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_allowed_than_the_pool_that_runs_has_connections() {
    let scene = Scene::plain("upstream: { pool: { max: 10, idle: 5 } }");
    let report =
        scene.reload("{ upstream: { pool: { max: 20, idle: 5 } }, budget: { max_in_flight: 15 } }").await;
    assert_eq!(report.outcome, Outcome::Refused);
    let report =
        scene.reload("{ upstream: { pool: { max: 20, idle: 5 } }, budget: { max_in_flight: 9 } }").await;
    assert_eq!((report.outcome, report.restart.len()), (Outcome::Applied, 1));
}
