//! `config/recommender.schema.json` is what editors check files against, so it has to agree with the reader.

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
    jsonschema::validator_for(&serde_json::from_str(&schema::<Config>()).expect("JSON")).expect("a schema")
}

#[test]
fn the_committed_schema_is_that_of_the_model() {
    let path = folder().join("recommender.schema.json");
    let model = schema::<Config>();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &model).expect("written");
    }
    let committed = fs::read_to_string(&path).expect("the file");
    assert!(committed == model, "config/recommender.schema.json is old: run this test with UPDATE_SCHEMA=1");
}

#[test]
fn every_key_is_described_by_the_shipped_file() {
    let schema: serde_json::Value = serde_json::from_str(&schema::<Config>()).expect("JSON");
    let description = |pointer: &str| schema.pointer(pointer).expect("a key")["description"].clone();
    assert_eq!(
        description("/properties/run/properties/deadline"),
        "for a whole run; then what there is, with the reason (a duration from 1s to 1h)"
    );
    assert_eq!(description("/properties/run"), "How a playlist is made.");
}

#[test]
fn the_shipped_file_fits() {
    let text = fs::read_to_string(folder().join("recommender.yaml")).expect("the file");
    assert!(text.starts_with("# yaml-language-server: $schema=recommender.schema.json\n"));
    assert!(validator().is_valid(&Node::of_yaml(&text).expect("YAML").to_json()));
}

#[rstest]
#[case::unknown_key("limit: { body: 1MiB }")]
#[case::key_in_the_wrong_section("run: { concurrency: 4 }")]
#[case::value_for_a_section("auth: open")]
#[case::list_for_a_value("database_url: [memory]")]
#[case::number_in_quotes("run: { rounds: \"1\" }")]
#[case::number_beyond_its_bound("run: { rounds: 4 }")]
#[case::duration_without_unit("run: { deadline: 120 }")]
#[case::ambiguous_size("limits: { body: 256K }")]
#[case::misspelt_choice("auth: { mode: jtw }")]
#[case::algorithm_that_is_none("auth: { jwt: { algorithm: none } }")]
#[case::database_of_another_kind("database_url: mysql://db/lists")]
#[case::hour_that_is_none("schedule: { warm_at: \"24:00\" }")]
#[case::seeds_without_a_list("moods: { starter_seeds: { calm: 2ZyXwVuTsRqPoNmLkJiHgF } }")]
#[case::proxy_without_scheme("proxy: { url: 'localhost:8080' }")]
fn schema_and_reader_refuse_alike(#[case] text: &str) {
    assert!(load(text).is_err());
    assert!(!validator().is_valid(&Node::of_yaml(text).expect("YAML").to_json()));
}

#[rstest]
#[case::nothing_scheduled("schedule: null")]
#[case::seeds("moods: { starter_seeds: { Calm  and relaxing: [2ZyXwVuTsRqPoNmLkJiHgF] } }")]
#[case::time_without_quotes("schedule: { warm_at: 04:30 }")]
#[case::memory("database_url: memory")]
#[case::number_as_a_name("llm: { model: 5 }")]
fn schema_and_reader_accept_alike(#[case] text: &str) {
    assert!(load(text).is_ok());
    assert!(validator().is_valid(&Node::of_yaml(text).expect("YAML").to_json()));
}
