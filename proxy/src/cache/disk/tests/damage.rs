//! Files that are not what they should be. Nothing here may panic or serve a wrong body.

use std::fs;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::{Database, TableDefinition};

use super::*;

const ENTRIES: u128 = 1_500;

fn body(n: u128) -> String {
    format!("{n}").repeat(50)
}

/// A file as a regular stop leaves it, or as a kill does.
fn written(regular: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    (0..ENTRIES).for_each(|n| disk.put(&key(n), entry(body(n))));
    assert!(disk.flush(LONG));
    if regular {
        assert!(disk.close(LONG));
    }
    fs::read(settings(folder.path()).path).unwrap()
}

fn laid(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(settings(folder.path()).path, bytes).unwrap();
    folder
}

/// Opens it, reads everything, writes, and reads that too, in whatever state the file is.
fn survives(bytes: &[u8]) -> (usize, usize) {
    let folder = laid(bytes);
    let disk = start_with(&folder, opener(), Duration::from_millis(1));
    let found: Vec<_> = (0..ENTRIES).map(|n| (n, get(&disk, &key(n)))).collect();
    let hits = found.iter().filter(|(_, found)| found.is_some()).count();
    for (n, found) in found {
        assert!(found.is_none_or(|found| found == entry(body(n))), "a wrong body for {n}");
    }
    disk.put(&key(ENTRIES), entry("new"));
    disk.shared.wait(LONG, |state| state.file.is_some());
    while !disk.flush(LONG) {
        assert!(disk.shared.wait(LONG, |state| state.file.is_some()), "{:?}", disk.state());
    }
    assert_eq!(get(&disk, &key(ENTRIES)), Some(entry("new")));
    (hits, ruins(&folder))
}

#[test]
fn a_file_as_it_was_left_is_whole() {
    for regular in [true, false] {
        assert_eq!(survives(&written(regular)), (ENTRIES as usize, 0));
    }
}

#[test]
fn a_truncated_file_is_moved_aside() {
    let whole = written(true);
    for share in [1, 2, 10, 100, 400, 500, 900, 990, 999] {
        let length = whole.len() * share / 1_000;
        let (hits, ruins) = survives(&whole[..length]);
        assert_eq!((hits, ruins), (0, 1), "cut to {length} of {}", whole.len());
    }
}

#[test]
fn an_empty_file_is_a_new_one() {
    assert_eq!(survives(&[]), (0, 0));
}

#[test]
fn what_is_no_database_is_moved_aside() {
    let mut noise = vec![0; 100_000];
    StdRng::seed_from_u64(3).fill(&mut noise[..]);
    assert_eq!(survives(&noise), (0, 1));
    assert_eq!(survives(b"hello"), (0, 1));
    assert_eq!(survives(&[0; 4096]), (0, 1));
}

#[test]
fn noise_anywhere_costs_entries_at_most() {
    let mut random = StdRng::seed_from_u64(4);
    for regular in [true, false] {
        let whole = written(regular);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            let length = random.random_range(1..5_000);
            let from = random.random_range(0..bytes.len() - length);
            random.fill(&mut bytes[from..from + length]);
            survives(&bytes);
        }
    }
}

#[test]
fn a_flipped_bit_costs_entries_at_most() {
    let mut random = StdRng::seed_from_u64(5);
    let whole = written(true);
    for _ in 0..100 {
        let mut bytes = whole.clone();
        let place = random.random_range(0..bytes.len());
        bytes[place] ^= 1 << random.random_range(0..8);
        survives(&bytes);
    }
}

#[test]
fn a_file_of_a_newer_version_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    drop(start(&folder));
    {
        let database = Database::open(settings(folder.path()).path).unwrap();
        let transaction = database.begin_write().unwrap();
        let about: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
        transaction.open_table(about).unwrap().insert("format", 2).unwrap();
        transaction.commit().unwrap();
    }
    let disk = start(&folder);
    assert!(disk.state().up);
    assert_eq!(ruins(&folder), 1);
}

#[test]
fn a_database_of_somebody_else_is_moved_aside() {
    let folder = laid(&[]);
    {
        let database = Database::create(settings(folder.path()).path).unwrap();
        let transaction = database.begin_write().unwrap();
        let entries: TableDefinition<'_, u64, u64> = TableDefinition::new("entries");
        transaction.open_table(entries).unwrap().insert(1, 1).unwrap();
        transaction.commit().unwrap();
    }
    assert!(start(&folder).state().up);
    assert_eq!(ruins(&folder), 1);
}

#[test]
fn only_the_latest_ruin_is_kept() {
    let folder = laid(b"no database");
    let path = settings(folder.path()).path;
    for ruin in ["1", "22"] {
        fs::write(format!("{}.damaged-{ruin}", path.display()), "older").unwrap();
    }
    let others = [".damaged-", ".damaged-x", ".damaged-1.gz"];
    others.iter().for_each(|end| fs::write(format!("{}{end}", path.display()), "somebody's").unwrap());
    let disk = start(&folder);
    assert!(disk.state().up);
    assert_eq!(ruins(&folder), 1 + others.len());
}
