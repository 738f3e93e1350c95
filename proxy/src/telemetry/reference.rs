//! The table as it stands in `config/metrics.md`.

use recobeat_ops::metrics::{misnamed, reference_holds};

use super::GROUPS;

#[test]
fn the_reference_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/metrics.md");
    assert!(
        reference_holds(path, "recobeat-proxy", GROUPS).unwrap(),
        "config/metrics.md is not what the table says: run the tests with UPDATE_METRICS=1"
    );
}

#[test]
fn names_tell_what_is_counted() {
    assert_eq!(misnamed(GROUPS), Vec::<&str>::new());
}
