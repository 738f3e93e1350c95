//! `config/metrics.md`, read back.

use std::collections::{BTreeMap, BTreeSet};

use crate::kept;

/// Labels by metric, and their values; `None` where they cannot all be listed.
pub(crate) struct Reference(BTreeMap<String, Described>);

pub(crate) struct Described {
    pub(crate) kind: String,
    pub(crate) labels: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Reference {
    pub(crate) fn read() -> Self {
        let text = kept("metrics.md");
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        Self(
            rows.map(|line| described(line).unwrap_or_else(|| panic!("no row of a metric: {line}")))
                .collect(),
        )
    }

    /// The metric that a series belongs to: histograms have three kinds of them.
    pub(crate) fn of(&self, series: &str) -> Option<&Described> {
        let histogram = ["_bucket", "_sum", "_count"]
            .into_iter()
            .filter_map(|part| self.0.get(series.strip_suffix(part)?))
            .find(|found| found.kind == "histogram");
        histogram.or_else(|| self.0.get(series).filter(|found| found.kind != "histogram"))
    }
}

fn described(row: &str) -> Option<(String, Described)> {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
    let [name, kind, labels, ..] = &cells[..] else { return None };
    let labels = labels.split("; ").filter(|label| !label.is_empty()).map(|label| {
        let (name, values) = label.split_once(": ").expect("a label has values");
        let values: Vec<&str> = values.split(", ").collect();
        let listed = values.iter().all(|value| value.starts_with('`'));
        (bare(name), listed.then(|| values.into_iter().map(bare).collect()))
    });
    Some((bare(name), Described { kind: (*kind).to_owned(), labels: labels.collect() }))
}

fn bare(text: &str) -> String {
    text.trim_matches('`').to_owned()
}

#[test]
fn both_services_are_in_it() {
    let reference = Reference::read();
    let calls = reference.of("recobeat_upstream_call_seconds_bucket").expect("a histogram");
    assert!(calls.labels["endpoint"].as_ref().is_some_and(|values| values.contains("/v1/track")));
    assert!(reference.of("recommender_runs_total").is_some_and(|runs| runs.kind == "counter"));
    assert!(
        reference.of("recobeat_upstream_call_seconds").is_none(),
        "a histogram has no series of its name"
    );
}
