use super::console;
use crate::harness::{Stage, ids};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn plots_show_what_happened_and_read_it_out() {
    let stage = Stage::lifted().await;
    let list = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 30)));
    for _ in 0..4 {
        stage.get(&list).await;
    }
    let tab = console(&stage).await;
    tab.until(
        "calls that were made",
        "document.querySelector('#calls path[data-series=made]')?.getAttribute('d')",
    )
    .await;
    let told = stage.proxy.admin("/history?window=15m").await.json();
    let sum = |column: &Value| column.as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(sum(&told["series"]["calls"]), 1, "{told}");
    assert_eq!(sum(&told["series"]["lookups"]["track"]["hit"]), 90, "{told}");
    for (strip, part) in
        [("calls", "avoided: "), ("hit-rate", "75.0 %"), ("budget", "/ 60,000"), ("queue", "none refused")]
    {
        tab.until_says(&format!("#{strip} .side"), part).await;
    }
    let points =
        "document.querySelectorAll('#latency path[data-series=p95]')[0]?.getAttribute('d').length > 3";
    tab.until("a latency", points).await;
    assert_eq!(tab.value::<usize>("document.querySelectorAll('#strips .strip').length").await, 5);

    // The cursor is one for all plots, and the keyboard moves it.
    tab.key("#hit-rate .plot", "Home").await;
    tab.until("a cursor in every plot", "document.querySelectorAll('#strips .needle').length === 5").await;
    let words: String =
        tab.value("document.querySelector('#hit-rate .plot').getAttribute('aria-valuetext')").await;
    assert!(words.contains("all 75") && words.contains("track 75"), "{words}");
    let moment: String = tab.value("document.querySelector('#calls .moment').textContent").await;
    assert!(words.starts_with(&moment), "{words} against {moment}");
    tab.press("Escape").await;
    tab.until("no cursor", "document.querySelectorAll('#strips .needle').length === 0").await;

    // A series can be left out.
    tab.key("#calls .series", "Enter").await;
    tab.until("a plot without it", "!document.querySelector('#calls path[data-series=made]')").await;
    assert_eq!(tab.value::<String>("document.querySelector('#calls .series').ariaPressed").await, "false");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_window_is_other_steps() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.until_says("#plots-note", "Steps of 10 s").await;
    tab.key("#windows input:checked", "ArrowRight").await;
    tab.until_says("#plots-note", "Steps of 30 s").await;
    tab.key("#windows input:checked", "ArrowRight").await;
    tab.until_says("#plots-note", "Steps of 10 min").await;
    assert!(tab.asked("history?window=1h") && tab.asked("history?window=24h"));
    assert_eq!(stage.proxy.admin("/history?window=2h").await.code(), 400);
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_and_identity_are_told() {
    let stage = Stage::lifted().await;
    stage.get(&ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 20)))).await;
    let tab = console(&stage).await;
    let entries = stage.proxy.admin("/stats").await.json()["cache"]["memory"]["entries"].to_string();
    tab.until_says("#tier-rows", &entries).await;
    tab.until_says("#tier-rows", "256 MiB").await;
    tab.until_says("#tier-rows", "No tier behind memory").await;
    tab.until_says("#identity", env!("CARGO_PKG_VERSION")).await;
    tab.until_says("#verdict-text", "All is well").await;
    tab.done(&[]).await;
}
