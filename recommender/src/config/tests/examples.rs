//! The examples hold what they promise, and only what differs from the defaults.

use std::fs;
use std::path::{Path, PathBuf};

use recobeat_ops::settings::{Node, keys};
use rstest::rstest;
use serde_json::Value;

use super::schema::validator;
use crate::config::{AuthMode, Config, ConfigError, Sources};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples").join(name)
}

/// An example, with the token that some need beside it.
fn load(name: &str, token: Option<&str>) -> Result<Config, ConfigError> {
    let token = token.map(|token| ("RECOMMENDER_AUTH__SERVICE_TOKEN".to_owned(), token.to_owned()));
    let sources = Sources { path: Some(path(name)), env: token.into_iter().collect(), set: Vec::new() };
    Config::load(sources).map(|loaded| loaded.config)
}

#[rstest]
fn an_example_fits_the_schema_and_says_what_differs_only(
    #[values("recommender-small.yaml", "recommender-replicated.yaml")] name: &str,
) {
    let text = fs::read_to_string(path(name)).expect("the example");
    assert!(text.starts_with("# yaml-language-server: $schema=../recommender.schema.json\n"));
    let tree = Node::of_yaml(&text).expect("YAML");
    assert!(validator().is_valid(&tree.to_json()));
    let config = serde_json::to_value(load(name, Some("abc")).expect("a good example")).expect("JSON");
    let default = serde_json::to_value(Config::default()).expect("JSON");
    let at = |config: &Value, key: &str| config.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    let given: Vec<_> = keys::<Config>().into_iter().filter(|key| tree.find(key).is_some()).collect();
    let idle: Vec<_> = given.iter().filter(|key| at(&config, key) == at(&default, key)).collect();
    assert_eq!(idle, Vec::<&String>::new(), "these are the default");
    assert!(given.len() > 3, "{given:?}");
}

#[test]
fn the_small_one_is_small_and_calls_nobody_by_itself() {
    let config = load("recommender-small.yaml", None).expect("a good example");
    let default = Config::default();
    assert!(config.limits.concurrent_runs < default.limits.concurrent_runs);
    assert!(config.proxy.concurrency < default.proxy.concurrency);
    assert_eq!(config.schedule.warm_at, None);
    assert_eq!((config.listen, config.database_url), (default.listen, default.database_url));
}

#[test]
fn the_replicated_one_shares_its_stores_and_asks_for_a_token() {
    let told = load("recommender-replicated.yaml", None).expect_err("no token").to_string();
    assert!(told.contains("`auth.service_token` is not set"), "{told}");
    let config = load("recommender-replicated.yaml", Some("abc")).expect("a good example");
    assert_eq!(config.auth.mode, AuthMode::Service);
    assert!(config.database_url.starts_with("postgres://"));
    assert!(config.redis_url.is_some());
    assert!(config.listen.ip().is_unspecified());
}

#[test]
fn the_settings_of_the_kubernetes_example_are_good() {
    let load = |token| load("../kubernetes/settings/recommender.yaml", token);
    assert_eq!(load(Some("of-the-secret")).expect("good settings").auth.mode, AuthMode::Service);
    assert!(load(None).is_err());
}
