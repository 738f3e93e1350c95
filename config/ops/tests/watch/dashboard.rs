//! `config/grafana/recobeat.json`: panels that are drawn, of metrics that exist.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kept;
use crate::promql::unknown;
use crate::reference::Reference;

/// Columns of the grid.
const WIDTH: u64 = 24;

fn dashboard() -> Value {
    serde_json::from_str(&kept("grafana/recobeat.json")).expect("JSON")
}

/// Without the headings of rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().expect("panels");
    panels.iter().filter(|panel| panel["type"] != "row").collect()
}

#[test]
fn every_name_in_the_dashboard_is_in_the_tables() {
    let (dashboard, reference) = (dashboard(), Reference::read());
    for panel in panels(&dashboard) {
        let targets = panel["targets"].as_array().filter(|targets| !targets.is_empty());
        for target in targets.unwrap_or_else(|| panic!("{} asks nothing", panel["title"])) {
            let wrong = unknown(target["expr"].as_str().expect("an expression"), &reference);
            assert!(wrong.is_empty(), "{}: {wrong:?}", panel["title"]);
        }
    }
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    let queries = variables.iter().filter(|variable| variable["type"] == "query");
    for query in queries.map(|variable| variable["query"].as_str().expect("a query")) {
        // `label_values(metric, label)`: the label stands where a metric could.
        let metric = query.split_once(',').map_or(query, |(metric, _)| metric);
        assert!(unknown(metric, &reference).is_empty(), "{query}");
    }
}

#[test]
fn every_panel_has_a_title_a_unit_and_the_chosen_source() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        assert!(
            !title.is_empty() && !panel["description"].as_str().unwrap_or_default().is_empty(),
            "{panel}"
        );
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
    }
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}: its id is taken", panel["title"]);
    }
}

#[test]
fn no_panel_lies_on_another_one() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().expect("a place"));
        assert!(w > 0 && h > 0 && x + w <= WIDTH, "{}", panel["title"]);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} lies on another panel at {cell:?}", panel["title"]);
        }
    }
}
