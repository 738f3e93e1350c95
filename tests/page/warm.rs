use super::{console, guard, hold, release};
use crate::harness::{Setup, Stage, ids};
use recobeat_sim::Latency;
use serde_json::Value;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_planned_and_then_fetched_to_the_end() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(200, 100);
    stage.get(&ids::list("/v1/track", &ids::spotify(&tracks[..20]))).await;
    stage.sim.clear_log();
    let tab = console(&stage).await;
    let lines = format!("# a list\n{}\n/v1/track/search?searchText=love\n", ids::spotify(&tracks).join("\n"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ids.txt");
    std::fs::write(&file, lines).expect("a file");
    tab.choose_file("#warm-file", &file).await;
    tab.click("[name=rows][value=features]").await;
    tab.key("#warm-plan", "Enter").await;
    tab.until_says("#warm-told", "20 held").await;
    tab.until_says("#warm-told", "81 to fetch in").await;
    assert_eq!(stage.calls(), 0, "a plan makes no call");
    tab.key("#warm-start", "Enter").await;
    tab.until_says("#warm-jobs", "100 %, complete").await;
    let asked = stage.calls();
    assert!((3..=6).contains(&asked), "{asked} calls for 80 ids and a search");
    let whole = ids::list("/v1/track", &ids::spotify(&tracks));
    assert!(stage.get(&whole).await.is_hit(), "all of it is known now");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_found_again_after_a_reload_and_can_be_cancelled() {
    let setup = Setup::lifted().set("budget.min_interval", "500ms").set("budget.max_in_flight", "1");
    let stage = Stage::with(&setup).await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(500)));
    let tab = console(&stage).await;
    let ids = ids::spotify(&ids::tracks(400, 1_600)).join("\\n");
    let typed = format!("(document.querySelector('#warm-items').value = '{ids}').length > 0");
    assert!(tab.value::<bool>(&typed).await);
    tab.click("#warm-plan").await;
    tab.until_says("#warm-told", "to fetch in").await;
    tab.click("#warm-start").await;
    tab.until("progress", "document.querySelector('#warm-jobs progress')?.value > 0").await;
    tab.reload().await;
    tab.until("the job again", "document.querySelector('#warm-jobs progress')?.value > 0").await;
    tab.key("#warm-jobs button", "Enter").await;
    tab.until_says("#warm-jobs", "cancelled").await;
    let asked = stage.calls();
    assert!(asked < 60, "{asked} calls of 80 were made");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_named_and_nothing_is_started() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.fill("#warm-items", "<img src=x onerror=alert(1)>").await;
    tab.click("#warm-plan").await;
    tab.until("a refusal", "document.querySelector('#warm-told').dataset.level === 'bad'").await;
    tab.until_says("#warm-told", "<img src=x").await;
    assert!(tab.value::<bool>("document.querySelector('#warm-start').disabled").await);
    assert_eq!(stage.calls(), 0);
    tab.done(&["status of 400"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_what_was_changed_meanwhile_cannot_be_started() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.fill("#warm-items", "/v1/track/search?searchText=love").await;
    hold(&tab, "POST", "warm").await;
    tab.click("#warm-plan").await;
    tab.until("a plan that is kept back", "window.release").await;
    tab.fill("#warm-items", "/v1/track/search?searchText=hate").await;
    release(&tab).await;
    tab.until_says("#warm-told", "plan it again").await;
    assert!(tab.value::<bool>("document.querySelector('#warm-start').disabled").await);
    tab.click("#warm-plan").await;
    release(&tab).await;
    tab.until_says("#warm-told", "1 to fetch in").await;
    assert!(!tab.value::<bool>("document.querySelector('#warm-start').disabled").await);
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_the_token_and_is_followed_again() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    guard(&tab, "warm/").await;
    tab.fill("#warm-items", "/v1/track/search?searchText=love").await;
    tab.click("#warm-plan").await;
    tab.until_says("#warm-told", "1 to fetch in").await;
    tab.click("#warm-start").await;
    tab.click("#token-later").await;
    tab.until_says("#warm-jobs", "token is needed to follow").await;
    let _: Value = tab.value("window.guarded = false").await;
    tab.key("#token-open", "Enter").await;
    tab.fill("#token", "open-sesame").await;
    tab.press("Enter").await;
    tab.until_says("#warm-jobs", "100 %, complete").await;
    tab.done(&[]).await;
}
