//! `config/proxy.yaml` is the documentation of the keys, so it has to be true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use recobeat_ops::settings::{Node, keys};

use crate::config::{Config, Sources};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/proxy.yaml")
}

#[test]
fn the_shipped_file_is_the_default() {
    let path = shipped();
    let loaded = Config::load(Sources { path: Some(path.clone()), ..Sources::default() }).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.path, Some(path));
}

#[test]
fn the_shipped_file_has_every_key() {
    let text = std::fs::read_to_string(shipped()).unwrap();
    let tree = Node::of_yaml(&text).unwrap();
    let model = keys::<Config>();
    // A section that is off by default is written as `null`.
    let given = |key: &&String| {
        let section = key.rsplit_once('.').map_or("", |(section, _)| section);
        tree.find(key).is_some() || tree.find(section).is_some_and(|entry| entry.node.is_null())
    };
    let missing: Vec<_> = model.iter().filter(|key| !given(key)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn the_shipped_file_says_why_for_every_key() {
    let text = std::fs::read_to_string(shipped()).unwrap();
    let told: BTreeSet<_> = text
        .lines()
        .filter(|line| line.contains(" # "))
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(key, _)| key)
        .collect();
    // The categories are told in one comment above them.
    let keys = keys::<Config>().into_iter().filter(|key| !key.starts_with("cache.categories."));
    let silent: Vec<_> = keys
        .filter(|key| !key.starts_with("tls."))
        .filter(|key| !told.contains(key.rsplit('.').next().unwrap()))
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn what_is_shown_loads_as_the_same_configuration() {
    let set = [
        "listen=[::1]:8081",
        "upstream.base_url=http://127.0.0.1:9000/api",
        "upstream.breaker.ratio=0.25",
        "budget.rate_per_minute=0",
        "batch.oversize=reject",
        "cache.memory.max_bytes=6MB",
        "cache.disk.max_bytes=1234567",
        "cache.redis.url=valkey://127.0.0.1",
        "cache.recommendation_no_cache=ignore",
        "cache.categories.search={ttl: 1h30m, stale: 0}",
        "cors.allowed_origins=[https://a.example, 'http://b.example:81']",
        "telemetry={log: 'warn,recobeat_proxy=debug', format: json}",
    ];
    let config = super::load_with("", &[], &set).unwrap();
    let shown = serde_json::to_string_pretty(&config).unwrap();
    assert_eq!(super::load(&shown).unwrap(), config);
    assert_ne!(config, Config::default());
}

#[test]
fn values_are_shown_in_the_form_of_the_file() {
    let shown = serde_json::to_value(Config::default()).unwrap();
    assert_eq!(shown["cache"]["categories"]["features"]["ttl"], "90d");
    assert_eq!(shown["budget"]["min_interval"], "750ms");
    assert_eq!(shown["cache"]["categories"]["denied"]["stale"], "0");
    assert_eq!(shown["cache"]["memory"]["max_bytes"], "256MiB");
    assert_eq!(shown["upstream"]["base_url"], "https://api.reccobeats.com");
    assert_eq!(shown["batch"]["oversize"], "split");
}

#[test]
fn secrets_are_neither_shown_nor_logged() {
    let set = ["admin.token=hunter2", "cache.redis.url=redis://me:hunter2@redis:6379/0"];
    let config = super::load_with("", &[], &set).unwrap();
    let shown = serde_json::to_value(&config).unwrap();
    assert_eq!(config.admin.token.as_deref(), Some("hunter2"));
    assert_eq!(shown["admin"]["token"], "***");
    assert_eq!(shown["cache"]["redis"]["url"], "redis://***@redis:6379/0");
    assert!(!shown.to_string().contains("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}
