use super::console;
use crate::harness::{Setup, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_searched_by_key() {
    let stage = Stage::with(&Setup::lifted().set("budget.queue_timeout", "17s")).await;
    let tab = console(&stage).await;
    tab.until_says("#configuration-count", "All").await;
    tab.fill("#configuration-filter", "queue_timeout").await;
    tab.until_says("#configuration-count", "1 of").await;
    tab.until_says("#configuration-keys", "budget.queue_timeout").await;
    tab.until_says("#configuration-keys", "17s").await;
    tab.done(&[]).await;
}

/// A proxy with a file of its own, which tests change.
async fn with_file(text: &str) -> (Stage, std::path::PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("proxy.yaml");
    std::fs::write(&file, text).expect("a file");
    let setup = Setup::lifted().variable("RECOBEAT_CONFIG", &file.display().to_string());
    (Stage::with(&setup).await, file, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_read_again_at_the_press_of_a_button() {
    let (stage, file, _folder) = with_file("batch: { linger: 10ms }\n").await;
    let tab = console(&stage).await;
    std::fs::write(&file, "batch: { linger: 25ms }\n").expect("a file");
    tab.key("#reload", "Enter").await;
    tab.until_says("#reload-told", "Reloaded").await;
    let running = stage.proxy.admin("/config").await.json();
    assert_eq!(running["batch"]["linger"], "25ms", "{running}");

    std::fs::write(&file, "batch: { lingre: 25ms }\n").expect("a file");
    tab.key("#reload", "Enter").await;
    tab.until_says("#standing", "refused").await;
    tab.until_says("#standing", "lingre").await;
    tab.until_says("#verdict-text", "The configuration file was refused").await;

    std::fs::write(&file, "batch: { linger: 25ms }\ncache: { redis: { pool: 51 } }\n").expect("a file");
    tab.key("#reload", "Enter").await;
    tab.until_says("#standing", "cache.redis.pool").await;
    tab.until_says("#verdict-text", "A restart is needed").await;
    tab.done(&["status of 422"]).await;
}
