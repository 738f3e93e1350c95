//! What the documents name exists: links, keys, variables, metrics, make targets, verbs, routes.
//!
//! Names are taken from code (between backticks, or in a fenced block) by their form, so a document needs
//! no marks for this; what only looks like a name is told apart by where names come from.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::Method;
use serde_json::Value;

use crate::harness::proxy::run;
use crate::harness::{Ask, Stage};

const DOCUMENTS: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "config/operations.md",
    "config/runbook.md",
    "config/tuning.md",
    "config/migration.md",
    "config/metrics.md",
];
/// Beside the documents, files that set variables of the services.
const SHIPPED: [&str; 6] = [
    "Dockerfile",
    "config/compose.yaml",
    "config/kubernetes/proxy.yaml",
    "config/kubernetes/recommender.yaml",
    "config/systemd/recobeat-proxy.service",
    "config/systemd/recobeat-recommender.service",
];
/// Endings that make `a.b` a file rather than a key.
const FILES: [&str; 10] = ["conf", "csv", "db", "env", "json", "md", "redb", "rs", "txt", "yaml"];

/// Where a name stands: `README.md:12`.
struct Named {
    at: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Each line with whether it stands in a fenced block.
fn lines(file: &str) -> Vec<(Named, bool)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (number, line) in read(file).lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        lines.push((Named { at: format!("{file}:{}", number + 1), text: line.to_owned() }, fenced));
    }
    lines
}

/// All code of the documents: spans between backticks, and lines of fenced blocks.
fn code() -> Vec<Named> {
    let mut code = Vec::new();
    for (line, fenced) in DOCUMENTS.into_iter().flat_map(lines) {
        if fenced {
            code.push(line);
            continue;
        }
        let spans = line.text.split('`').skip(1).step_by(2);
        code.extend(spans.map(|span| Named { at: line.at.clone(), text: span.to_owned() }));
    }
    assert!(code.len() > 300, "only {} pieces of code were found", code.len());
    code
}

/// Words of these characters.
fn words<'a>(text: &'a str, of: impl Fn(char) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    text.split(move |char: char| !of(char)).filter(|word| !word.is_empty())
}

/// Fails with every name that is not there, and with a count that cannot be true.
fn all_known(what: &str, at_least: usize, named: &[Named], known: impl Fn(&str) -> bool) {
    let unknown: Vec<String> = named
        .iter()
        .filter(|named| !known(&named.text))
        .map(|named| format!("{} names {}", named.at, named.text))
        .collect();
    assert!(unknown.is_empty(), "unknown {what}:\n{}", unknown.join("\n"));
    assert!(named.len() >= at_least, "only {} {what} were found", named.len());
}

/// `a.b.c` of every key and section of a service.
fn keys(service: &str) -> BTreeSet<String> {
    fn walk(schema: &Value, path: &str, keys: &mut BTreeSet<String>) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk(inner, &path, keys);
            for choice in ["anyOf", "oneOf"].into_iter().filter_map(|of| inner[of].as_array()).flatten() {
                walk(choice, &path, keys);
            }
            keys.insert(path);
        }
    }
    let mut keys = BTreeSet::new();
    let schema = read(&format!("config/{service}.schema.json"));
    walk(&serde_json::from_str(&schema).expect("the schema is JSON"), "", &mut keys);
    keys
}

#[test]
fn keys_that_are_named_exist() {
    // The text around a key says whose it is; the key alone does not.
    let keys = &keys("proxy") | &keys("recommender");
    let sections: BTreeSet<&str> = keys.iter().filter_map(|key| key.split('.').next()).collect();
    let mut named = Vec::new();
    for Named { at, text } in code() {
        for word in words(&text, |char| char.is_ascii_alphanumeric() || "._/-<".contains(char)) {
            let word = word.trim_end_matches('.');
            let plain = word.chars().all(|char| char.is_ascii_lowercase() || "._".contains(char));
            let (Some((section, _)), Some((_, end))) = (word.split_once('.'), word.rsplit_once('.')) else {
                continue;
            };
            if plain && sections.contains(section) && !FILES.contains(&end) {
                named.push(Named { at: at.clone(), text: word.to_owned() });
            }
        }
    }
    all_known("keys", 100, &named, |key| keys.contains(key));
}

#[test]
fn variables_that_are_named_set_a_key() {
    let services = [("RECOBEAT_", keys("proxy")), ("RECOMMENDER_", keys("recommender"))];
    let shipped = SHIPPED.into_iter().flat_map(lines).map(|(line, _)| line);
    let mut named = Vec::new();
    for Named { at, text } in code().into_iter().chain(shipped) {
        for word in words(&text, |char| char.is_ascii_uppercase() || char == '_') {
            let ours = services.iter().any(|(prefix, _)| word.starts_with(prefix));
            if ours && word.contains("__") && !word.ends_with('_') {
                named.push(Named { at: at.clone(), text: word.to_owned() });
            }
        }
    }
    all_known("variables", 15, &named, |name| {
        services.iter().any(|(prefix, keys)| {
            let path = name.strip_prefix(prefix).map(|path| path.to_lowercase().replace("__", "."));
            path.is_some_and(|path| keys.contains(&path))
        })
    });
}

#[test]
fn metrics_that_are_named_exist() {
    let table = read("config/metrics.md");
    let known: BTreeSet<&str> = table.split('`').skip(1).step_by(2).collect();
    let mut named = Vec::new();
    for Named { at, text } in code() {
        for word in words(&text, |char| char.is_ascii_alphanumeric() || char == '_') {
            let ours = ["recobeat_", "recommender_", "process_"].iter().any(|start| word.starts_with(start));
            if ours && !at.starts_with("config/metrics.md") {
                named.push(Named { at: at.clone(), text: word.to_owned() });
            }
        }
    }
    all_known("metrics", 40, &named, |name| known.contains(name));
}

#[test]
fn make_targets_that_are_named_exist() {
    let makefile = read("Makefile");
    let known: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(target, _)| target)
        .filter(|target| target.chars().all(|char| char.is_ascii_lowercase() || char == '-'))
        .collect();
    let mut named = Vec::new();
    for Named { at, text } in code() {
        let target = text.trim().strip_prefix("make ").and_then(|rest| rest.split_whitespace().next());
        named.extend(target.map(|target| Named { at, text: target.to_owned() }));
    }
    all_known("make targets", 6, &named, |target| known.contains(target));
}

/// `recobeat-proxy warm …`: the word after a binary's name, if it is no option.
#[test]
fn verbs_that_are_named_exist() {
    let mut named = Vec::new();
    for Named { at, text } in code() {
        let Some((_, after)) = text.split_once("recobeat-proxy ") else { continue };
        let verb = after.split_whitespace().next().unwrap_or_default();
        if !verb.is_empty() && verb.chars().all(|char| char.is_ascii_lowercase()) {
            named.push(Named { at, text: verb.to_owned() });
        }
    }
    all_known("verbs", 6, &named, |verb| run(&[verb, "--help"]).0 == Some(0));
}

/// Methods that are refused tell those that are not, so asking changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn routes_of_operators_that_are_named_answer() {
    let stage = Stage::lifted().await;
    let mut count = 0;
    for Named { at, text } in code() {
        let Some((method, path)) = text.split_once(' ') else { continue };
        let operators = ["GET", "PUT", "POST", "DELETE"].contains(&method)
            && path.starts_with('/')
            && !["/api/", "/v1/", "/openapi", "/{"].iter().any(|start| path.starts_with(start));
        if !operators {
            continue;
        }
        let path = path.split(['?', ' ']).next().unwrap_or_default().replace(['<', '>', '{', '}'], "");
        let answer = stage.proxy.admin_ask(Ask::new(Method::OPTIONS, path.as_str())).await;
        let allowed = answer.header("allow");
        assert!(
            answer.code() == 405 && allowed.split(',').any(|allowed| allowed.trim() == method),
            "{at} names {method} {path}, and the proxy says {} {allowed:?}",
            answer.code()
        );
        count += 1;
    }
    assert!(count >= 15, "only {count} routes were found");
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for file in DOCUMENTS {
        let text = read(file);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let here = root().join(file);
            let linked = if path.is_empty() { here } else { here.with_file_name("").join(path) };
            assert!(linked.exists(), "{file} links to {target}, which is not there");
            if !anchor.is_empty() {
                let linked = fs::read_to_string(&linked).unwrap_or_default();
                assert!(
                    anchors(&linked).contains(anchor),
                    "{file} links to {target}, which has no such heading"
                );
            }
            count += 1;
        }
    }
    assert!(count > 20, "only {count} links were found");
}

/// As they are made of headings: lower case, spaces to hyphens, the rest left out.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            words.chars().filter(|char| char.is_alphanumeric() || "-_".contains(*char)).collect()
        })
        .collect()
}

/// What alerts point to is written.
#[test]
fn the_runbook_has_an_entry_for_each_alert() {
    let written = anchors(&read("config/runbook.md"));
    let alerts = read("config/prometheus/alerts.yml");
    let pointed: Vec<&str> = alerts
        .split("runbook.md#")
        .skip(1)
        .filter_map(|rest| rest.split(|char: char| !(char.is_ascii_lowercase() || char == '-')).next())
        .collect();
    assert!(pointed.len() > 5, "only {} alerts point to the runbook", pointed.len());
    for anchor in pointed {
        assert!(written.contains(anchor), "an alert points to #{anchor}, which the runbook does not have");
    }
}

#[test]
fn the_settings_of_the_kubernetes_example_are_good() {
    let own = env::current_exe().expect("the system knows this executable");
    let binaries = own.ancestors().nth(2).expect("tests are in target/<profile>/deps/");
    for service in ["proxy", "recommender"] {
        let environment = environment(&format!("config/kubernetes/{service}.yaml"));
        assert!(environment.len() > 2, "{service} gets only {environment:?}");
        let binary = binaries.join(format!("recobeat-{service}"));
        let mut command = Command::new(&binary);
        command.arg("check").current_dir(env::temp_dir()).env_clear().envs(environment);
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*complaints), (Some(0), ""), "{service}");
    }
}

/// What a manifest gives to its container: plain values, with the mounted folder's place here, and those
/// of the example secret, filled in.
fn environment(manifest: &str) -> Vec<(String, String)> {
    let secret = read("config/kubernetes/secret.example.yaml");
    let of_secret = |key: &str| {
        let found = secret.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("{manifest} names {key}, which the example secret lacks"))
    };
    let settings = root().join("config/kubernetes/settings").display().to_string();
    let text = read(manifest);
    let lines = text.lines().map(str::trim);
    // An entry is two lines: its name, and what it is.
    lines
        .clone()
        .zip(lines.skip(1))
        .filter_map(|(first, second)| {
            let name = first.strip_prefix("- name: ")?;
            let value = if let Some(value) = second.strip_prefix("value: ") {
                value.replace("/etc/recobeat/settings", &settings)
            } else {
                let (_, key) = second.strip_prefix("valueFrom: { secretKeyRef: ")?.split_once("key: ")?;
                // As the secret asks; tokens as short as its own are refused.
                of_secret(key.trim_end_matches([' ', '}'])).replace("replace", "0123456789abcdef")
            };
            Some((name.to_owned(), value))
        })
        .collect()
}
