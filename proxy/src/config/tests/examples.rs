//! The examples hold what they promise, and only what differs from the defaults.

use std::fs;
use std::path::{Path, PathBuf};

use recobeat_ops::settings::{Node, keys};
use rstest::rstest;
use serde_json::Value;

use super::schema::validator;
use crate::config::{Config, ConfigError, NoCache, Oversize, Sources};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples").join(name)
}

/// An example, with the token that some need beside it.
fn load(name: &str, token: Option<&str>) -> Result<Config, ConfigError> {
    let token = token.map(|token| ("RECOBEAT_ADMIN__TOKEN".to_owned(), token.to_owned()));
    let sources = Sources { path: Some(path(name)), env: token.into_iter().collect(), set: Vec::new() };
    Config::load(sources).map(|loaded| loaded.config)
}

#[rstest]
fn an_example_fits_the_schema_and_says_what_differs_only(
    #[values("small.yaml", "replicated.yaml", "strict.yaml")] name: &str,
) {
    let text = fs::read_to_string(path(name)).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=../proxy.schema.json\n"));
    let tree = Node::of_yaml(&text).unwrap();
    assert!(validator().is_valid(&tree.to_json()));
    let config = serde_json::to_value(load(name, Some("abc")).unwrap()).unwrap();
    let default = serde_json::to_value(Config::default()).unwrap();
    let at = |config: &Value, key: &str| config.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    let given: Vec<_> = keys::<Config>().into_iter().filter(|key| tree.find(key).is_some()).collect();
    let idle: Vec<_> = given.iter().filter(|key| at(&config, key) == at(&default, key)).collect();
    assert_eq!(idle, Vec::<&String>::new(), "these are the default");
    assert!(given.len() > 4, "{given:?}");
}

#[test]
fn the_small_one_is_small() {
    let config = load("small.yaml", None).unwrap();
    let default = Config::default();
    assert!(config.cache.memory.max_bytes <= 64 << 20);
    assert!(config.cache.disk.max_bytes <= 512 << 20);
    assert!(config.limits.connections < default.limits.connections);
    assert!(config.cache.disk.enabled);
    assert!(config.listen.ip().is_loopback());
    // Fewer connections, and still one for each call of the budget.
    assert_eq!(config.budget, default.budget);
    assert!(config.upstream.pool.max >= config.budget.max_in_flight);
}

#[test]
fn the_replicated_one_shares_a_redis_and_asks_for_a_token() {
    let told = load("replicated.yaml", None).unwrap_err().to_string();
    assert!(
        told.contains("but `admin.token` is not set") && told.contains("RECOBEAT_ADMIN__TOKEN"),
        "{told}"
    );
    let config = load("replicated.yaml", Some("abc")).unwrap();
    assert!(config.cache.redis.url.is_some());
    assert!(config.budget.replicas > 1);
    assert!(config.listen.ip().is_unspecified() && config.admin.listen.ip().is_unspecified());
}

#[test]
fn the_strict_one_changes_nothing_and_calls_less() {
    let config = load("strict.yaml", None).unwrap();
    let default = Config::default();
    assert!(!config.guard.repair);
    assert_eq!(config.batch.oversize, Oversize::Reject);
    assert_eq!(config.cache.recommendation_no_cache, NoCache::Honour);
    assert!(!config.cache.read_ahead && !config.cache.early_refresh);
    assert!(!config.cache.serve_spotify_ids_in_paths);
    assert!(config.budget.rate_per_minute < default.budget.rate_per_minute);
    let categories = serde_json::to_value(&config.cache.categories).unwrap();
    let stale: Vec<_> = categories.as_object().unwrap().values().map(|category| &category["stale"]).collect();
    assert_eq!(stale, ["0"; 10]);
}
