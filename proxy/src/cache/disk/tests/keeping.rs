//! What is written is read, before and after a restart.

use std::collections::HashMap;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::cache::form::tests::{any_entry, any_key};

#[test]
fn an_entry_is_known_before_it_is_written_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    disk.put(&key(1), entry("one"));
    assert_eq!(get(&disk, &key(1)), Some(entry("one")));
    assert!(disk.flush(LONG));
    assert_eq!(get(&disk, &key(1)), Some(entry("one")));
    assert!(disk.close(LONG));
    drop(disk);
    let disk = start(&folder);
    assert_eq!(get(&disk, &key(1)), Some(entry("one")));
    assert_eq!((disk.state().entries, ruins(&folder)), (1, 0));
}

#[test]
fn a_stop_writes_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    (0..1_000).for_each(|n| disk.put(&key(n), entry(n.to_string())));
    assert!(disk.close(LONG));
    let disk = start(&folder);
    assert!((0..1_000).all(|n| get(&disk, &key(n)) == Some(entry(n.to_string()))));
}

#[test]
fn what_is_forgotten_stays_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    disk.put(&key(1), entry("one"));
    assert!(disk.flush(LONG));
    disk.forget(&key(1));
    assert_eq!(get(&disk, &key(1)), None, "the file still has it");
    assert!(disk.flush(LONG));
    assert_eq!(get(&disk, &key(1)), None);
    drop(disk);
    assert_eq!(get(&start(&folder), &key(1)), None);
}

#[test]
fn denials_are_walked_as_waiting_writes_have_changed_them() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    let denied = |text: &str| Key::Denied(text.into());
    let walk = || {
        let mut found = Vec::new();
        let view = View::of(Arc::clone(&disk.shared)).expect("up");
        view.denials(|key, entry| found.push((key.to_string(), entry.body)));
        found.sort();
        found
    };
    for text in ["kept", "changed", "forgotten"] {
        disk.put(&denied(text), entry(text.to_owned()));
    }
    disk.put(&Key::Body("kept".into()), entry("a body"));
    disk.put(&key(1), entry("a row"));
    assert!(disk.flush(LONG));
    disk.put(&denied("changed"), entry("anew"));
    disk.forget(&denied("forgotten"));
    let expected = [("denied:changed".to_owned(), "anew".into()), ("denied:kept".to_owned(), "kept".into())];
    assert_eq!(walk(), expected);
    assert!(disk.flush(LONG));
    assert_eq!(walk(), expected);
}

#[test]
fn what_is_written_while_it_is_read_wins() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    disk.put(&key(1), entry("old"));
    assert!(disk.flush(LONG));
    let mut view = View::of(Arc::clone(&disk.shared)).expect("up");
    assert_eq!(view.get(&key(1), |_| ()), Some(entry("old")));
    // The view's snapshot is from before these.
    disk.put(&key(1), entry("new"));
    assert!(disk.flush(LONG));
    let promoted = Mutex::new(Vec::new());
    let found = view.get(&key(1), |entry| promoted.lock().unwrap().push(entry.clone()));
    assert_eq!(found, Some(entry("new")));
    disk.forget(&key(1));
    assert!(disk.flush(LONG));
    assert_eq!(view.get(&key(1), |entry| promoted.lock().unwrap().push(entry.clone())), None);
    assert_eq!(*promoted.lock().unwrap(), [entry("new")]);
}

#[test]
fn another_open_handle_is_told_apart_from_damage() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(&folder);
    let second = start_with(&folder, opener(), Duration::from_millis(1));
    let state = second.state();
    assert_eq!(state.away.as_deref(), Some("another process has the file open"));
    assert_eq!((state.up, ruins(&folder)), (false, 0));
    second.put(&key(1), entry("waits"));
    assert!(first.close(LONG));
    assert!(second.shared.wait(LONG, |state| state.file.is_some()), "it tries again");
    assert!(second.flush(LONG));
    assert_eq!(get(&second, &key(1)), Some(entry("waits")));
}

#[test]
fn a_folder_that_cannot_be_made_leaves_the_tier_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "a file").unwrap();
    let disk = start(&folder);
    assert!(!disk.state().up);
    assert!(disk.state().away.is_some());
    disk.put(&key(1), entry("one"));
    assert!(!disk.flush(LONG));
    assert!(disk.close(LONG));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_history_is_kept(
        steps in prop::collection::vec((any_key(), prop::option::of(any_entry()), 0..6), 1..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = start(&folder);
        let mut expected = HashMap::new();
        for (key, write, then) in steps {
            match write.clone() {
                Some(entry) => disk.put(&key, entry),
                None => disk.forget(&key),
            }
            expected.insert(key, write);
            match then {
                0 => prop_assert!(disk.flush(LONG)),
                1 => {
                    prop_assert!(disk.close(LONG));
                    disk = start(&folder);
                }
                _ => {}
            }
            for (key, entry) in &expected {
                prop_assert_eq!(&get(&disk, key), entry);
            }
        }
        prop_assert!(disk.flush(LONG));
        prop_assert_eq!(disk.state().entries, expected.values().flatten().count() as u64);
    }
}
