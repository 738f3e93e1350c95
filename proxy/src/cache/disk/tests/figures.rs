//! Measures instead of testing; how the figures in the documents came about:
//! `cargo test --profile quick -p recobeat-proxy --lib figures -- --ignored --nocapture`

use std::fs;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::api::{Entity, Id, SpotifyId};

/// Bytes of typical rows.
const KINDS: [(&str, usize); 5] =
    [("track", 480), ("features", 330), ("artist", 150), ("mapping", 36), ("missing", 0)];

fn about(kind: &str, n: u128, random: &mut StdRng) -> Key {
    let uuid = Uuid::from_bits(random.random());
    let spotify = SpotifyId::parse(&format!("{:022}", n * 7_919 % 1_000_000_007)).unwrap();
    match kind {
        "track" => Key::Row(RowKind::Track, uuid),
        "features" => Key::Row(RowKind::Features, uuid),
        "artist" => Key::Row(RowKind::Artist, uuid),
        "mapping" => Key::Mapping(Entity::Track, Id::Spotify(spotify)),
        _ => Key::Missing(RowKind::Track, Id::Spotify(spotify)),
    }
}

#[test]
#[ignore = "prints figures and asserts nothing: run by hand with --ignored --nocapture"]
fn figures_of_bytes_per_row() {
    let mut random = StdRng::seed_from_u64(1);
    for (kind, length) in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let disk = start(&folder);
        for n in 0..100_000_u32 {
            let key = about(kind, u128::from(n), &mut random);
            disk.put(&key, at(u64::from(n) * 10, vec![b'x'; length]));
            if n % 2_000 == 0 {
                assert!(disk.flush(LONG));
            }
        }
        assert!(disk.flush(LONG));
        let (weight, whole) = (disk.state().bytes / 100_000, disk.state().file_bytes / 100_000);
        println!("{kind}: body {length}, estimated {weight}, on disk {whole} bytes a row");
    }
}

#[test]
#[ignore = "prints figures and asserts nothing: run by hand with --ignored --nocapture"]
fn figures_of_a_large_file() {
    let mut random = StdRng::seed_from_u64(2);
    let folder = tempfile::tempdir().unwrap();
    let bound = 1_200 << 20;
    let disk = Disk::start(Settings { max_bytes: bound, ..settings(folder.path()) });
    assert!(disk.settled(LONG));
    let began = Instant::now();
    let (mut keys, mut commits, mut most) = (Vec::new(), Vec::new(), 0);
    while began.elapsed() < Duration::from_secs(240) && keys.len() < 2_600_000 {
        for _ in 0..20_000 {
            let n = keys.len() as u64;
            let key = key(random.random());
            disk.put(&key, at(n * 10, vec![b'x'; 480]));
            keys.push(key);
        }
        let before = Instant::now();
        assert!(disk.flush(LONG));
        commits.push(before.elapsed());
        most = most.max(disk.state().file_bytes);
    }
    println!("{} rows in {:?}; {:?}; most {most} of {bound}", keys.len(), began.elapsed(), disk.state());
    println!("commit of 20,000 rows: first {:?}, last {:?}", commits[0], commits[commits.len() - 1]);
    for rows in [1, 50, 400] {
        let mut took = Vec::new();
        for _ in 0..20 {
            (0..rows).for_each(|_| disk.put(&key(random.random()), at(50_000_000, vec![b'x'; 480])));
            let before = Instant::now();
            assert!(disk.flush(LONG));
            took.push(before.elapsed());
        }
        took.sort_unstable();
        println!("commit of {rows} rows: median {:?}, slowest {:?}", took[10], took[19]);
    }
    let kept: Vec<Key> = keys.into_iter().rev().take(500_000).collect();
    let measure = |disk: &Disk, what: &str| {
        let mut random = StdRng::seed_from_u64(3);
        let mut took = Vec::new();
        for _ in 0..20_000 {
            let key = &kept[random.random_range(0..kept.len())];
            let before = Instant::now();
            assert!(get(disk, key).is_some());
            took.push(before.elapsed());
        }
        took.sort_unstable();
        println!(
            "get {what}: median {:?}, 99 % {:?}, slowest {:?}",
            took[10_000], took[19_800], took[19_999]
        );
    };
    measure(&disk, "found");

    // What a kill leaves behind: the file as it is, without the writer's goodbye.
    let copied = tempfile::tempdir().unwrap();
    fs::create_dir(copied.path().join("data")).unwrap();
    let path = settings(copied.path()).path;
    fs::copy(settings(folder.path()).path, &path).unwrap();
    // Or the open would wait for the copy to reach the disk.
    fs::File::open(&path).unwrap().sync_all().unwrap();
    let before = Instant::now();
    let copy = Disk::start(Settings { max_bytes: bound, ..settings(copied.path()) });
    assert!(copy.settled(LONG) && copy.state().up);
    println!("open after a kill: {:?} for {} bytes", before.elapsed(), copy.state().file_bytes);
    measure(&copy, "found, after the restart");
    assert!(copy.close(LONG));

    let before = Instant::now();
    assert!(disk.close(LONG));
    println!("close: {:?}", before.elapsed());
    let before = Instant::now();
    let disk = Disk::start(Settings { max_bytes: bound, ..settings(folder.path()) });
    assert!(disk.settled(LONG) && disk.state().up);
    println!("open after a stop: {:?}", before.elapsed());
}
