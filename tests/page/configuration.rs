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
