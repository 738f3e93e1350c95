//! `config/prometheus/alerts.yml`: each rule says what happens, to whom it matters and what to do.

use recobeat_ops::settings::{Node, Value};

use crate::kept;
use crate::promql::unknown;
use crate::reference::Reference;

fn rules() -> Vec<Node> {
    let file = Node::of_yaml(&kept("prometheus/alerts.yml")).expect("YAML");
    let groups = list(file.entry("groups").map(|entry| &entry.node));
    groups.iter().flat_map(|group| list(group.entry("rules").map(|entry| &entry.node))).collect()
}

fn list(node: Option<&Node>) -> Vec<Node> {
    match node.map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.clone(),
        _ => panic!("a list is missing"),
    }
}

fn text(rule: &Node, path: &str) -> String {
    match rule.find(path).map(|entry| &entry.node.value) {
        Some(Value::Scalar { text, .. }) => text.clone(),
        _ => panic!("`{path}` is missing in {}", rule.shown()),
    }
}

#[test]
fn every_name_in_an_alert_is_in_the_tables() {
    let reference = Reference::read();
    for rule in rules() {
        let wrong = unknown(&text(&rule, "expr"), &reference);
        assert!(wrong.is_empty(), "{}: {wrong:?}", text(&rule, "alert"));
    }
}

#[test]
fn every_alert_says_what_happens_and_what_to_do() {
    let rules = rules();
    assert!(rules.len() >= 13, "{} rules", rules.len());
    for rule in rules {
        let name = text(&rule, "alert");
        assert!(["critical", "warning"].contains(&text(&rule, "labels.severity").as_str()), "{name}");
        let (summary, description) =
            (text(&rule, "annotations.summary"), text(&rule, "annotations.description"));
        assert!(summary.len() > 10 && description.len() > summary.len(), "{name}");
        let runbook = text(&rule, "annotations.runbook");
        let section =
            runbook.strip_prefix("config/runbook.md#").unwrap_or_else(|| panic!("{name}: {runbook}"));
        assert!(kept("runbook.md").contains(&format!("\n## {section}\n")), "{name}: no section {section}");
    }
}
