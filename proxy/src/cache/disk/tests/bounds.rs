//! The file stays within its bound, and what has expired goes.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

fn bounded(folder: &TempDir, max_bytes: u64) -> Disk {
    let disk = Disk::start(Settings { max_bytes, ..settings(folder.path()) });
    assert!(disk.settled(LONG));
    disk
}

#[test]
fn the_bound_holds_under_a_long_random_load() {
    const BOUND: u64 = 32 << 20;
    let folder = tempfile::tempdir().unwrap();
    let disk = bounded(&folder, BOUND);
    let mut random = StdRng::seed_from_u64(1);
    let mut most = 0;
    for step in 0..200_u64 {
        for _ in 0..300 {
            let length = if random.random_ratio(1, 50) { 30_000 } else { 600 };
            let body = vec![b'x'; random.random_range(1..length)];
            disk.put(&key(random.random()), at(step * 1_000, body));
        }
        assert!(disk.flush(LONG));
        most = most.max(disk.state().file_bytes);
    }
    assert!(disk.state().bytes <= BOUND, "{:?}", disk.state());
    assert!(most <= BOUND, "{most} bytes of disk for a bound of {BOUND}");
    assert!(disk.state().bytes > BOUND / 2, "it is used: {:?}", disk.state());
    assert!(disk.state().entries < 60_000, "it evicts");
}

#[test]
fn what_was_stored_longest_ago_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let disk = bounded(&folder, 4 << 20);
    for n in 0..8_000_u64 {
        disk.put(&key(u128::from(n)), at(n * 1_000, vec![b'x'; 500]));
    }
    assert!(disk.flush(LONG));
    assert!(get(&disk, &key(7_999)).is_some());
    assert!(get(&disk, &key(0)).is_none());
    let kept = (0..8_000).filter(|n| get(&disk, &key(*n)).is_some()).count();
    assert_eq!((8_000 - kept..8_000).filter(|n| get(&disk, &key(*n as u128)).is_some()).count(), kept);
}

#[test]
fn a_lowered_bound_is_reached_in_steps() {
    let folder = tempfile::tempdir().unwrap();
    let disk = bounded(&folder, 64 << 20);
    (0..20_000).for_each(|n| disk.put(&key(n), entry(vec![b'x'; 500])));
    assert!(disk.close(LONG));
    let disk = bounded(&folder, 4 << 20);
    assert!(disk.shared.wait(LONG, |state| state.file.is_some() && !state.size.over));
    assert!(disk.state().bytes <= 4 << 20);
    assert!(disk.state().entries > 1_000);
    let before = disk.state().file_bytes;
    assert!(disk.close(LONG));
    let after = std::fs::metadata(settings(folder.path()).path).unwrap().len();
    assert!(after < before, "a regular stop gives the free end back: {before} before, {after} after");
}

#[test]
fn a_sweep_drops_what_has_expired_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    // Each may be served for 200 s after it was stored.
    (0..20_000).for_each(|n| disk.put(&key(n), at(if n % 3 == 0 { 0 } else { 1_000 }, "x")));
    assert!(disk.flush(LONG));
    disk.sweep(Timestamp(200_999));
    assert!(disk.shared.wait(LONG, |state| state.sweep.is_none()));
    assert_eq!(disk.state().entries, 13_333);
    assert!(get(&disk, &key(1)).is_some());
    assert!(get(&disk, &key(3)).is_none());
    disk.sweep(Timestamp(201_000));
    assert!(disk.shared.wait(LONG, |state| state.sweep.is_none()));
    assert_eq!((disk.state().entries, disk.state().bytes), (0, 0));
}

#[test]
fn an_entry_stored_anew_outlives_its_first_life() {
    let folder = tempfile::tempdir().unwrap();
    let disk = start(&folder);
    disk.put(&key(1), at(0, "first"));
    assert!(disk.flush(LONG));
    disk.put(&key(1), at(100_000, "second"));
    assert!(disk.flush(LONG));
    disk.sweep(Timestamp(250_000));
    assert!(disk.shared.wait(LONG, |state| state.sweep.is_none()));
    assert_eq!(get(&disk, &key(1)), Some(at(100_000, "second")));
}
