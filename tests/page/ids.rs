use super::console;
use crate::harness::{Stage, ids};

#[tokio::test(flavor = "multi_thread")]
async fn either_id_leads_to_the_other() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(7, 1)[0];
    stage.get(&ids::list("/v1/track", &[&track.spotify])).await;
    let tab = console(&stage).await;
    tab.fill("#ids-id", &track.spotify).await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", &track.id).await;
    tab.until_says("#ids-found", "track row").await;
    tab.until_says("#ids-found", "fresh").await;
    tab.key(&format!("[aria-label='Look up {}']", track.id), "Enter").await;
    tab.until("the other id asked", &format!("document.querySelector('#ids-id').value === {:?}", track.id))
        .await;
    tab.until_says("#ids-found", &track.spotify).await;
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_mark_is_shown_and_forgotten() {
    let stage = Stage::lifted().await;
    let id = ids::unknown(0, 1)[0];
    stage.get(&ids::list("/v1/track", &[id])).await;
    let tab = console(&stage).await;
    tab.fill("#ids-id", id).await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "no track").await;
    tab.click("#ids-found .second").await;
    tab.key("#confirm-yes", "Enter").await;
    tab.until_says("#ids-found", "1 missing mark").await;
    tab.until_says("#ids-found", "Nothing is known").await;
    let known = stage.proxy.admin(&format!("/registry/{id}")).await.json();
    assert_eq!(known["known"].as_array().map(Vec::len), Some(0), "{known}");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_is_told_as_text() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.fill("#ids-id", "<img src=x onerror=alert(1)>").await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "<img src=x onerror=alert(1)>").await;
    tab.until_says("#ids-found", "nothing that an id can be").await;
    assert_eq!(tab.value::<usize>("document.querySelectorAll('img').length").await, 0);
    tab.done(&["status of 400"]).await;
}
