//! `config/proxy.schema.json` is what editors check files against, so it has to agree with the reader.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use recobeat_ops::settings::{Node, schema};
use rstest::rstest;

use super::load;
use crate::config::Config;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

pub(super) fn validator() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(&schema::<Config>()).unwrap()).unwrap()
}

#[test]
fn the_committed_schema_is_that_of_the_model() {
    let path = folder().join("proxy.schema.json");
    let model = schema::<Config>();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &model).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == model, "config/proxy.schema.json is old: run this test with UPDATE_SCHEMA=1");
}

#[test]
fn every_key_is_described_by_the_shipped_file() {
    let schema: serde_json::Value = serde_json::from_str(&schema::<Config>()).unwrap();
    let description = |pointer: &str| schema.pointer(pointer).unwrap()["description"].clone();
    assert_eq!(
        description("/properties/budget/properties/min_interval"),
        "between two call starts, so that they are spread evenly (a duration from 0 to 10m)"
    );
    assert_eq!(description("/properties/upstream"), "The API behind the proxy.");
}

#[test]
fn the_shipped_file_fits() {
    let text = fs::read_to_string(folder().join("proxy.yaml")).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=proxy.schema.json\n"));
    assert!(validator().is_valid(&Node::of_yaml(&text).unwrap().to_json()));
}

#[rstest]
#[case::unknown_key("budgets: { replicas: 2 }")]
#[case::key_in_the_wrong_section("budget: { max_ids: 20 }")]
#[case::value_for_a_section("upstream: https://api.example.org")]
#[case::list_for_a_value("listen: [127.0.0.1:8080]")]
#[case::number_in_quotes("batch: { max_ids: \"20\" }")]
#[case::number_beyond_its_bound("batch: { max_ids: 41 }")]
#[case::fraction("budget: { replicas: 1.5 }")]
#[case::duration_without_unit("budget: { queue_timeout: 30 }")]
#[case::negative_duration("budget: { min_interval: -1s }")]
#[case::duration_that_must_not_be_zero("upstream: { timeouts: { connect: 0 } }")]
#[case::ambiguous_size("cache: { memory: { max_bytes: 256M } }")]
#[case::misspelt_choice("batch: { oversize: spilt }")]
#[case::yes_for_true("guard: { repair: yes }")]
#[case::base_url_without_scheme("upstream: { base_url: api.example.org }")]
#[case::redis_of_another_scheme("cache: { redis: { url: http://redis:6379 } }")]
#[case::port_alone("listen: 8080")]
fn schema_and_reader_refuse_alike(#[case] text: &str) {
    assert!(load(text).is_err());
    assert!(!validator().is_valid(&Node::of_yaml(text).unwrap().to_json()));
}
