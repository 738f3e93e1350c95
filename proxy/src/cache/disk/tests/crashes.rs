//! Ends without a goodbye.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Set for the process that is to be killed: where it writes.
const CHILD: &str = "RECOBEAT_TEST_DISK_CHILD";

#[test]
fn a_copy_taken_between_commits_holds_everything_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    (0..100).for_each(|n| disk.put(&key(n), entry("flushed")));
    assert!(disk.flush(LONG));
    let copied = tempfile::tempdir().unwrap();
    fs::create_dir(copied.path().join("data")).unwrap();
    fs::copy(settings(folder.path()).path, settings(copied.path()).path).unwrap();
    let copy = start(&copied);
    assert!((0..100).all(|n| get(&copy, &key(n)) == Some(entry("flushed"))));
    assert_eq!(ruins(&copied), 0);
}

#[test]
fn copies_taken_while_writing_open_and_serve_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    for round in 0..20_u64 {
        (0..200).for_each(|n| disk.put(&key(n), at(round * 1_000, format!("round {round}"))));
        let copied = tempfile::tempdir().unwrap();
        fs::create_dir(copied.path().join("data")).unwrap();
        disk.shared.lock().flush = true;
        disk.shared.work.notify_one();
        fs::copy(settings(folder.path()).path, settings(copied.path()).path).unwrap();
        let copy = start(&copied);
        for found in (0..200).filter_map(|n| get(&copy, &key(n))) {
            let written = found.stored_at.0 / 1_000;
            assert_eq!(found, at(written * 1_000, format!("round {written}")));
        }
        assert!(copy.state().up);
    }
}

#[test]
fn a_killed_process_loses_at_most_what_was_not_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cache::disk::tests::crashes::writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let flushed =
        printed.map_while(Result::ok).filter_map(|line| line.strip_prefix("flushed ")?.parse().ok());
    let flushed: u128 = flushed.into_iter().nth(4).expect("it keeps writing");
    child.kill().unwrap();
    child.wait().unwrap();

    let disk = start(&folder);
    assert_eq!(ruins(&folder), 0, "a kill is no damage");
    assert!(flushed > 0);
    assert!((0..flushed).all(|n| get(&disk, &key(n)) == Some(entry(n.to_string()))));
}

/// Only for the test above; by itself it does nothing.
#[test]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let disk = Disk::start(settings(Path::new(&folder)));
    assert!(disk.settled(LONG));
    for n in 0.. {
        disk.put(&key(n), entry(n.to_string()));
        if n % 500 == 499 {
            assert!(disk.flush(LONG));
            println!("flushed {}", n + 1);
        }
    }
}
