//! `check`, as an operator meets it before a start: the real binaries, real files.
//!
//! The broken configurations and what must be told of each stand in `tests/harness/broken`.

use crate::harness::broken;
use crate::harness::proxy::run;
use std::path::Path;

#[test]
fn each_broken_configuration_is_told_by_place_name_and_remedy() {
    let wrong: Vec<String> = broken::all().iter().filter_map(|broken| broken.check().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_case_stands_twice() {
    let mut cases: Vec<_> = broken::all().iter().map(|broken| broken.case).collect();
    let all = cases.len();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len(), all);
}

#[test]
fn a_good_configuration_is_said_to_be_good_and_what_it_amounts_to() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/strict.yaml");
    let path = path.to_str().expect("a path in letters");
    let (code, printed, complaints) = run(&["check", "--config", path, "--set", "listen=127.0.0.1:7070"]);
    assert_eq!((code, complaints.as_str()), (Some(0), ""));
    assert_eq!(
        printed,
        format!(
            "{path}: good\n\
             clients at 127.0.0.1:7070, admin at 127.0.0.1:9090\n\
             upstream https://api.reccobeats.com with at most 40 calls a minute, 3 at a time\n"
        )
    );
}

#[test]
fn the_schema_is_printed_even_beside_a_broken_configuration() {
    let (code, printed, _) = run(&["schema", "--set", "listen=nowhere"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/proxy.schema.json");
    assert_eq!(code, Some(0));
    let committed = std::fs::read_to_string(path).expect("the committed schema");
    assert!(printed == committed, "what is printed is not config/proxy.schema.json");
}
