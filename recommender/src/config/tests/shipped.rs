//! `config/recommender.yaml` is the documentation of the keys, so it has to be true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use recobeat_ops::settings::{Node, keys};

use crate::config::{Config, Moods, Run, Sources};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/recommender.yaml")
}

#[test]
fn the_shipped_file_is_the_default() {
    let config = Config::load(Sources { path: Some(shipped()), ..Sources::default() });
    assert_eq!(config.expect("a good file").config, Config::default());
}

#[test]
fn the_shipped_file_has_every_key_and_says_why() {
    let text = std::fs::read_to_string(shipped()).expect("the file");
    let tree = Node::of_yaml(&text).expect("YAML");
    let told: BTreeSet<_> = text
        .lines()
        .filter(|line| line.contains(" # "))
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(key, _)| key)
        .collect();
    for key in keys::<Config>() {
        assert!(tree.find(&key).is_some(), "{key} is missing");
        assert!(told.contains(key.rsplit('.').next().expect("a name")), "{key} is not explained");
    }
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(super::load("").expect("an empty file"), Config::default());
    assert_eq!(super::load("# nothing\nrun:\nmoods: {}\n").expect("empty sections"), Config::default());
    assert_eq!(Config::default().run, Run::default());
    assert_eq!(Config::default().moods, Moods::default());
}

#[test]
fn what_is_shown_loads_as_the_same_configuration() {
    let set = [
        "listen=[::1]:8081",
        "limits.body=1MiB",
        "run={strategy_timeout: 1h, deadline: 1h, rounds: 0}",
        "moods.starter_seeds={ Calm  and relaxing: [2ZyXwVuTsRqPoNmLkJiHgF] }",
        "schedule.warm_at=23:59",
        "cors.allowed_origins=[https://a.example, 'http://b.example:81']",
        "redis_url=valkey://127.0.0.1",
        "telemetry={log: 'warn,recobeat_recommender=debug', format: json}",
    ];
    let config = super::load_with("", &[], &set).expect("good settings");
    let shown = serde_json::to_string_pretty(&config).expect("a configuration serializes");
    assert_eq!(super::load(&shown).expect("what was shown"), config);
    assert_ne!(config, Config::default());
    assert_eq!(config.moods.starter_seeds["calm and relaxing"], ["2ZyXwVuTsRqPoNmLkJiHgF"]);
}

#[test]
fn secrets_are_neither_shown_nor_logged() {
    let secret = "hunter2hunter2hunter2hunter2hunter2";
    let url = format!("postgres://me:{secret}@db/lists");
    let redis = format!("redis://:{secret}@redis:6379/0");
    let env = [
        ("DATABASE_URL", url.as_str()),
        ("REDIS_URL", redis.as_str()),
        ("RECOMMENDER_AUTH__MODE", "jwt"),
        ("RECOMMENDER_AUTH__JWT__ALGORITHM", "HS256"),
        ("RECOMMENDER_AUTH__JWT__KEY", secret),
        ("RECOMMENDER_AUTH__SERVICE_TOKEN", secret),
        ("RECOMMENDER_PROXY__ADMIN_TOKEN", secret),
        ("RECOMMENDER_LLM__API_KEY", secret),
    ];
    let config = super::load_with("", &env, &["auth.admin_token=hunter2"]).expect("good settings");
    assert_eq!(config.database_url, url);
    assert_eq!(config.auth.jwt.key.as_deref(), Some(secret));
    let shown = serde_json::to_value(&config).expect("a configuration serializes");
    assert_eq!(shown["database_url"], "postgres://***@db/lists");
    assert_eq!(shown["auth"]["jwt"]["key"], "***");
    let parts = format!("{:?} {:?} {:?}", config.auth, config.proxy, config.llm);
    for text in [shown.to_string(), format!("{config:?}"), format!("{config:#?}"), parts] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
