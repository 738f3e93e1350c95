use crate::harness::{Setup, Stage, ids};
use crate::row::Seen;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

const UP: &str = r#"recobeat_tier_up{tier="disk"}"#;
const ROWS: usize = 400;

pub(crate) async fn all() -> Seen {
    let mut seen = Seen::default();
    for (name, harm) in [("truncated", truncate as fn(&Path)), ("noise", scribble)] {
        let (mut stage, folder) = warm().await;
        stage.proxy.kill();
        harm(&folder.path().join("cache.redb"));
        stage.proxy.start_again().await;
        serves(&mut seen, name, &stage, "moved aside", 1.0).await;
    }
    full(&mut seen).await;
    read_only(&mut seen).await;
    seen
}

fn target() -> String {
    ids::list("/v1/track", &ids::spotify(&ids::tracks(0, ROWS)))
}

/// Rows in a file, and the proxy that holds them.
async fn warm() -> (Stage, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stage = Stage::with(&Setup::lifted().disk(&folder.path().join("cache.redb"))).await;
    assert!(stage.get(&target()).await.is_ok());
    // Twice the time a write may wait.
    sleep(Duration::from_secs(2)).await;
    (stage, folder)
}

fn truncate(file: &Path) {
    let opened = fs::OpenOptions::new().write(true).open(file).expect("it is there");
    let length = opened.metadata().expect("it is ours").len();
    opened.set_len(length / 2).expect("it can be shortened");
}

fn scribble(file: &Path) {
    let length = fs::metadata(file).expect("it is there").len();
    let noise = (0..length).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29).to_le_bytes()[0]);
    fs::write(file, noise.collect::<Vec<_>>()).expect("it can be written");
}

/// It answers, remembers what it answered, and has said once what is wrong.
async fn serves(seen: &mut Seen, name: &str, stage: &Stage, line: &str, up: f64) {
    let says = stage.proxy.comes_to(UP, up).await;
    let cold = stage.get(&target()).await;
    let warm = stage.get(&target()).await;
    let served = cold.row_ids().len() == ROWS && warm.is_hit();
    let warnings = stage.proxy.log.warnings();
    let clear = warnings.len() == 1 && warnings[0].contains(line);
    let lines = format!("{} line", warnings.len());
    seen.must(served && clear && says, format!("{name}: serves, {lines} ({line}), tier up: {up}"));
    if !clear {
        seen.must_be_none(&warnings);
    }
}

async fn full(seen: &mut Seen) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let setup = Setup::lifted().disk(&folder.path().join("cache.redb")).small_disk(folder.path(), 6 << 20);
    let stage = Stage::with(&setup).await;
    let filler = stage.proxy.sees(&folder.path().join("filler"));
    let written = fs::write(&filler, vec![1; 8 << 20]);
    seen.must(written.is_err(), "disk full: a file system of 6 MiB without room");
    for at in 0..300 {
        stage.get(&format!("/v1/track/search?searchText=a%20&size=50&page={at}")).await;
        if stage.proxy.metric(UP).await == Some(0.0) {
            break;
        }
    }
    serves(seen, "disk full", &stage, "serving from memory alone", 0.0).await;
    fs::remove_file(filler).expect("it is ours");
    let back = stage.proxy.comes_to(UP, 1.0).await && stage.proxy.log.about("is back").len() == 1;
    seen.must(back, "in use again when there is room, and says so once");
}

async fn read_only(seen: &mut Seen) {
    let (stage, folder) = warm().await;
    drop(stage);
    let setup = Setup::lifted().disk(&folder.path().join("cache.redb")).read_only(folder.path());
    let stage = Stage::with(&setup).await;
    serves(seen, "read-only (a bind mount)", &stage, "serving from memory alone", 0.0).await;
}
