//! What editors are told is what the reader reads.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::sample::Sample;
use crate::settings::reader::read;
use crate::settings::{Node, schema};

fn document() -> Json {
    serde_json::from_str(&schema::<Sample>()).unwrap()
}

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::validator_for(&document()).unwrap());

/// What the schema and the reader say of a text.
fn said(text: &str) -> (bool, bool) {
    let node = Node::of_yaml(text).unwrap();
    let fits = VALIDATOR.is_valid(&node.to_json());
    let mut problems = Vec::new();
    read::<Sample>(node, &mut problems);
    (fits, problems.is_empty())
}

#[test]
fn a_key_tells_its_form_its_default_and_what_it_is_for() {
    let document = document();
    assert_eq!(
        document["properties"]["listen"],
        json!({
            "description": "where (an address and port)",
            "type": "string",
            "pattern": "^.+:[0-9]+$",
            "default": "127.0.0.1:80",
        })
    );
    let count = &document["properties"]["numbers"]["properties"]["count"];
    assert_eq!(
        *count,
        json!({
            "description": "a whole number from 1 to 1000",
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "default": 1,
        })
    );
    assert_eq!(document["properties"]["colour"]["enum"], json!(["red", "blue"]));
}

#[test]
fn a_section_admits_its_own_keys_only() {
    let numbers = &document()["properties"]["numbers"];
    assert_eq!(numbers["additionalProperties"], json!(false));
    assert_eq!(numbers["type"], json!(["object", "null"]));
    let names: Vec<_> = numbers["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["count", "part", "on", "bytes"]);
}

#[test]
fn comments_explain_what_they_stand_beside_or_above() {
    let document = document();
    let description = |pointer: &str| document.pointer(pointer).unwrap()["description"].clone();
    assert_eq!(description("/properties/numbers"), "Numbers of all kinds.");
    assert_eq!(description("/properties/numbers/properties/part"), "half (a number from 0 to 1)");
    assert_eq!(description("/properties/long"), "old");
    // One comment for a line of several keys is about the first; a `#` in quotes begins none.
    assert_eq!(description("/properties/long/properties/ttl"), "a duration from 1s to 90d");
    assert_eq!(description("/properties/name"), "a name");
}

#[test]
fn an_empty_section_or_value_is_as_good_as_none() {
    assert_eq!(said("numbers:\nlong: {}\ntoken: null\n"), (true, true));
    assert_eq!(said("numbers: { count: }\n"), (false, false));
    assert_eq!(said("tls: { cert: null, key: }\n"), (true, true));
}

#[test]
fn both_refuse_what_is_plainly_wrong() {
    for text in [
        "lisen: 127.0.0.1:80",
        "numbers: { cuont: 1 }",
        "numbers: 5",
        "numbers: { count: \"5\" }",
        "numbers: { count: 1001 }",
        "numbers: { count: 1.5 }",
        "numbers: { part: half }",
        "numbers: { on: yes }",
        "numbers: { bytes: 256M }",
        "numbers: { bytes: 12 }",
        "long: { ttl: 30 }",
        "long: { ttl: 0 }",
        "long: { ttl: 1m1h }",
        "long: { ttl: -1s }",
        "listen: 8080",
        "url: example.org",
        "url: https://me@example.org",
        "colour: green",
        "token: [a]",
        "allowed_origins: https://a.example",
        "allowed_origins: [a.example]",
    ] {
        assert_eq!(said(text), (false, false), "{text}");
    }
}

/// A value as somebody may write it: of the form wanted, a slip away from it, or anything.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,5}",
        "-?[0-9]{1,3}(\\.[0-9]{0,3})?(e[0-9])?",
        "([0-9]{1,3}d)?([0-9]{1,3}h)?([0-9]{1,2}m)?([0-9]{1,2}s)?([0-9]{1,3}ms)?",
        "[0-9]{1,6}[KkMG]?[iI]?[Bb]?",
        "true|false|yes|null|red|blue|info|warn,a=debug|\\*",
        "(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,6}",
        "https?://[a-z0-9.:-]{1,12}(/[a-z@]{0,4})?",
        "[!-~]{1,12}",
        "\\PC{1,8}",
    ]
}

const KEYS: [&str; 14] = [
    "listen",
    "url",
    "token",
    "name",
    "colour",
    "log",
    "allowed_origins",
    "numbers.count",
    "numbers.part",
    "numbers.on",
    "numbers.bytes",
    "long.ttl",
    "long.stale",
    "short.stale",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_reader_accepts_the_schema_accepts(
        key in prop::sample::select(&KEYS[..]),
        value in value(),
        quoted: bool,
        listed: bool,
    ) {
        let value = if quoted { format!("'{}'", value.replace('\'', "''")) } else { value };
        let value = if listed && key == "allowed_origins" { format!("[{value}]") } else { value };
        let text = match key.split_once('.') {
            Some((section, name)) => format!("{section}:\n  {name}: {value}\n"),
            None => format!("{key}: {value}\n"),
        };
        // Much of what is plain is no YAML.
        prop_assume!(Node::of_yaml(&text).is_ok());
        let (fits, good) = said(&text);
        prop_assert!(fits || !good, "the reader accepts what the schema refuses: {text}");
    }
}
