//! The table as it stands in `config/metrics.md`.

use std::fs;

use recobeat_ops::metrics::{Kind, section, with_section};

use super::GROUPS;

#[test]
fn the_reference_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/metrics.md");
    let kept = fs::read_to_string(path).unwrap();
    let written = with_section(&kept, "recobeat-proxy", &section("recobeat-proxy", GROUPS));
    if std::env::var_os("UPDATE_METRICS").is_some() {
        fs::write(path, written).unwrap();
    } else {
        assert!(
            kept == written,
            "config/metrics.md is not what the table says: run the tests with UPDATE_METRICS=1"
        );
    }
}

#[test]
fn names_tell_what_is_counted() {
    for metric in GROUPS.iter().flat_map(|group| group.metrics) {
        let counter = metric.kind.name() == "counter";
        assert_eq!(metric.name.ends_with("_total"), counter, "{}", metric.name);
        let vector = matches!(metric.kind, Kind::IntCounterVec | Kind::GaugeVec | Kind::HistogramVec);
        assert_eq!(metric.labels.is_empty(), !vector, "{}", metric.name);
    }
}
