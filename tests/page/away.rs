use super::{console, guard};
use crate::harness::{Stage, ids};
use recobeat_sim::{Fault, RetryStyle, Rule};

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_gone_leaves_its_last_figures_and_is_found_again() {
    let mut stage = Stage::lifted().await;
    stage.get(&ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 20)))).await;
    let tab = console(&stage).await;
    tab.until_says("#verdict-text", "All is well").await;
    stage.proxy.kill();
    tab.until_says("#verdict-text", "No answer for").await;
    tab.until_says("#verdict-text", "Trying again in").await;
    assert!(tab.value::<bool>("document.body.classList.contains('away')").await);
    assert!(tab.text("#tier-rows").await.contains("in use"), "the last figures stay");
    tab.fill("#ids-id", "9f26b92d-22c6-485f-ba01-9ff8a308762f").await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "does not answer").await;
    stage.proxy.start_again().await;
    tab.until_says("#verdict-text", "All is well").await;
    assert!(!tab.value::<bool>("document.body.classList.contains('away')").await);
    tab.done(&["ERR_CONNECTION", "ERR_EMPTY", "ERR_INCOMPLETE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_comes_back_with_another_token_is_not_told_as_gone() {
    let mut stage = Stage::lifted().await;
    let tab = console(&stage).await;
    stage.proxy.kill();
    tab.until_says("#verdict-text", "No answer for").await;
    guard(&tab, "stats").await;
    stage.proxy.start_again().await;
    tab.click("#token-later").await;
    tab.until_says("#verdict-text", "figures need the admin token").await;
    assert!(!tab.value::<bool>("document.body.classList.contains('away')").await);
    tab.done(&["ERR_CONNECTION", "ERR_EMPTY", "ERR_INCOMPLETE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_after_a_429_is_the_first_thing_said() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    stage.sim.add_fault(Rule::any(Fault::TooMany { retry_after: 60, style: RetryStyle::default() }));
    let addr = stage.proxy.addr;
    let waiting = tokio::spawn(async move {
        crate::harness::Line::to(addr).await.get("/v1/track/search?searchText=love").await
    });
    tab.until_says("#verdict-text", "429").await;
    tab.until_says("#verdict-text", "Calls are held for").await;
    waiting.abort();
    tab.done(&[]).await;
}
