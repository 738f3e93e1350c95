use crate::harness::{Proxy, Setup, Stage, ids};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

const UP: &str = r#"recobeat_tier_up{tier="disk"}"#;
const ENTRIES: &str = "recobeat_disk_entries";

/// A folder and the file that the proxy is told to keep in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("cache.redb");
    (folder, file)
}

async fn stage(file: &Path) -> Stage {
    Stage::with(&Setup::lifted().disk(file)).await
}

/// Waits until everything asked so far is in the file.
async fn kept(proxy: &Proxy, entries: usize) {
    for _ in 0..500 {
        if proxy
            .metric(ENTRIES)
            .await
            .is_some_and(|kept| kept >= f64::from(u32::try_from(entries).unwrap_or(0)))
        {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?} of {entries} entries are in the file", proxy.metric(ENTRIES).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_survives_a_kill() {
    let (_folder, file) = place();
    let mut stage = stage(&file).await;
    let tracks = ids::tracks(0, 400);
    let rows = ids::list("/v1/track", &ids::spotify(&tracks));
    let features = ids::list("/v1/audio-features", &ids::uuids(&tracks));
    let search = "/v1/track/search?searchText=love";
    let before = [stage.get(&rows).await, stage.get(&features).await, stage.get(search).await];
    // Rows, features and mappings.
    kept(&stage.proxy, 3 * tracks.len()).await;

    stage.proxy.kill();
    stage.proxy.start_again().await;
    stage.sim.clear_log();
    for (target, before) in [rows.as_str(), &features, search].into_iter().zip(before) {
        let after = stage.get(target).await;
        assert!(after.is_hit(), "{}", after.brief());
        assert_eq!(after.body, before.body, "other bytes than before");
    }
    assert_eq!(stage.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn absences_and_refusals_survive_too() {
    let (_folder, file) = place();
    let mut stage = stage(&file).await;
    let absent = ids::list("/v1/track", &ids::unknown(0, 5));
    let refused = format!("/v1/track/recommendation?size=5&seeds={}", ids::unknown(0, 1)[0]);
    assert!(stage.get(&absent).await.is_ok());
    assert_eq!(stage.get(&refused).await.code(), 400);
    kept(&stage.proxy, 6).await;

    stage.proxy.kill();
    stage.proxy.start_again().await;
    stage.sim.clear_log();
    assert!(stage.get(&absent).await.is_hit());
    assert_eq!(stage.get(&refused).await.code(), 400);
    assert_eq!(stage.calls(), 0);
}

/// A killed proxy with something in its file, and what it knows.
async fn killed() -> (Stage, TempDir, PathBuf, String) {
    let (folder, file) = place();
    let mut stage = stage(&file).await;
    let target = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 40)));
    assert!(stage.get(&target).await.is_ok());
    kept(&stage.proxy, 80).await;
    stage.proxy.kill();
    (stage, folder, file, target)
}

/// It serves with a file that it began anew, and has said so once.
async fn begins_anew(stage: &mut Stage, file: &Path, target: &str) {
    stage.proxy.start_again().await;
    stage.sim.clear_log();
    assert_eq!(stage.get(target).await.row_ids().len(), 40);
    assert_eq!(stage.calls(), 1, "nothing was left to answer from");
    let warnings = stage.proxy.log.warnings();
    assert!(matches!(&warnings[..], [one] if one.contains("moved aside")), "{warnings:#?}");
    assert_eq!(stage.proxy.metric("recobeat_disk_files_set_aside_total").await, Some(1.0));
    assert_eq!(stage.proxy.metric(UP).await, Some(1.0));
    let folder = file.parent().expect("a file is in a folder");
    let names = fs::read_dir(folder).expect("the folder can be read").flatten();
    let aside = names.filter(|entry| entry.file_name().to_string_lossy().contains(".damaged-")).count();
    assert_eq!(aside, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_file_is_moved_aside() {
    let (mut stage, _folder, file, target) = killed().await;
    let length = fs::metadata(&file).expect("it is there").len();
    let opened = fs::OpenOptions::new().write(true).open(&file).expect("it is ours");
    opened.set_len(length / 3).expect("it can be shortened");
    begins_anew(&mut stage, &file, &target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_is_moved_aside() {
    let (mut stage, _folder, file, target) = killed().await;
    let noise = (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]);
    fs::write(&file, noise.collect::<Vec<_>>()).expect("it can be written");
    begins_anew(&mut stage, &file, &target).await;
}

/// It serves from memory, and has said once why.
async fn serves_from_memory(stage: &Stage) {
    let target = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 40)));
    assert!(stage.proxy.comes_to(UP, 0.0).await, "the metric says that the disk is up");
    assert_eq!(stage.get(&target).await.row_ids().len(), 40);
    assert!(stage.get(&target).await.is_hit());
    let warnings = stage.proxy.log.warnings();
    assert!(matches!(&warnings[..], [one] if one.contains("serving from memory alone")), "{warnings:#?}");
    assert_eq!(stage.proxy.admin("/health/ready").await.code(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_is_done_without() {
    let (mut stage, folder, file, _) = killed().await;
    drop(stage);
    stage = Stage::with(&Setup::lifted().disk(&file).read_only(folder.path())).await;
    serves_from_memory(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_done_without_until_there_is_room() {
    let (folder, file) = place();
    let setup = Setup::lifted().disk(&file).small_disk(folder.path(), 6 << 20);
    let stage = Stage::with(&setup).await;
    assert_eq!(stage.proxy.metric(UP).await, Some(1.0));
    let filler = stage.proxy.sees(&folder.path().join("filler"));
    let _ = fs::write(&filler, vec![1; 8 << 20]);
    // Pages of 50 rows, until one does not fit.
    for at in 0..300 {
        stage.get(&format!("/v1/track/search?searchText=a%20&size=50&page={at}")).await;
        if stage.proxy.metric(UP).await == Some(0.0) {
            break;
        }
    }
    serves_from_memory(&stage).await;
    fs::remove_file(filler).expect("it is ours");
    assert!(stage.proxy.comes_to(UP, 1.0).await, "it did not come back: {}", stage.proxy.log.tail());
    kept(&stage.proxy, 40).await;
}
