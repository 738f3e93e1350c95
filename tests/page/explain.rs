use super::console;
use crate::harness::{Stage, ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_explained_without_being_made() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(20, 2);
    stage.get(&ids::list("/v1/track", &[&tracks[0].spotify])).await;
    stage.sim.clear_log();
    let tab = console(&stage).await;
    let both = ids::list("/v1/track", &ids::spotify(&tracks));
    tab.fill("#explain-url", &both).await;
    tab.press("Enter").await;
    tab.until_says("#explained .answer", "partial").await;
    tab.until_says("#explained .answer", "1 upstream call").await;
    tab.until_says("#explained .requests", &tracks[1].spotify).await;
    tab.until_says("#explained summary", "1 fresh").await;
    tab.until_says("#explained table", &tracks[0].spotify).await;
    assert_eq!(stage.calls(), 0, "explaining makes no call");

    tab.fill("#explain-url", "/v1/track?ids=<img src=x onerror=alert(1)>").await;
    tab.click("#explain-form [type=submit]").await;
    tab.until("another answer", "!document.querySelector('#explained').innerText.includes('partial')").await;
    assert_eq!(tab.value::<usize>("document.querySelectorAll('img').length").await, 0);
    tab.done(&["status of 400"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_request_says_so() {
    let stage = Stage::lifted().await;
    let request = "/v1/track/search?searchText=love&size=5000";
    super::deny(&stage, &[(request, "must be less than 51")]).await;
    let tab = console(&stage).await;
    tab.fill("#explain-url", request).await;
    tab.press("Enter").await;
    tab.until_says("#explained .answer", "denied").await;
    tab.until_says("#explained", "must be less than 51").await;
    tab.done(&[]).await;
}
