use super::tab::Tab;
use super::{console, deny, hold, release};
use crate::harness::{Stage, ids};

/// Presses through the dialog.
async fn purge(tab: &Tab, loss: &str) {
    tab.key("#purge-form [type=submit]", "Enter").await;
    tab.until_says("#confirm-dialog", loss).await;
    tab.key("#confirm-yes", "Enter").await;
    tab.until_says("#purge-told", "Purged at").await;
}

async fn states(stage: &Stage, id: &str) -> Vec<String> {
    let found = stage.proxy.admin(&format!("/cache?id={id}")).await.json();
    let entries = found["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["state"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_and_an_endpoint_are_purged_after_a_word() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(3, 1)[0];
    stage.get(&ids::list("/v1/track", &[&track.spotify])).await;
    let tab = console(&stage).await;

    tab.key("#purge-form [type=submit]", "Enter").await;
    tab.until_says("#confirm-dialog", "All entries of track").await;
    tab.key("#confirm-no", "Enter").await;
    tab.until_says("#purge-told", "Nothing was purged").await;
    let kept = stage.proxy.admin("/cache?category=track").await.json();
    assert!(kept["purged_soft_at"].is_null(), "{kept}");

    purge(&tab, "All entries of track").await;
    let kept = stage.proxy.admin("/cache?category=track").await.json();
    assert!(kept["purged_soft_at"].is_string(), "{kept}");
    assert!(states(&stage, &track.id).await.contains(&"stale".to_owned()));

    tab.choose("#purge-what", "endpoint").await;
    tab.choose("#purge-endpoint", "/v1/track").await;
    tab.click("[name=mode][value=hard]").await;
    purge(&tab, "All answers and rows of /v1/track").await;
    tab.until_says("#purge-told", "hard").await;
    assert!(!states(&stage, &track.id).await.contains(&"stale".to_owned()));
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_a_request_and_everything_are_purged() {
    let stage = Stage::lifted().await;
    let tracks = ids::tracks(10, 3);
    stage.get(&ids::list("/v1/track", &ids::spotify(&tracks))).await;
    stage.get("/v1/track/search?searchText=love").await;
    let tab = console(&stage).await;

    tab.choose("#purge-what", "id").await;
    tab.fill("#purge-id", &tracks[0].id).await;
    purge(&tab, "entr").await;
    assert!(states(&stage, &tracks[0].id).await.contains(&"stale".to_owned()));
    assert!(!states(&stage, &tracks[1].id).await.contains(&"stale".to_owned()));

    tab.choose("#purge-what", "key").await;
    tab.fill("#purge-key", "/v1/track/search?searchText=love").await;
    purge(&tab, "1 entry").await;
    let found = stage.proxy.admin("/cache?key=%2Fv1%2Ftrack%2Fsearch%3FsearchText%3Dlove").await.json();
    assert_eq!(found["entries"][0]["state"], "stale", "{found}");

    tab.choose("#purge-what", "all").await;
    tab.click("[name=mode][value=hard]").await;
    purge(&tab, "Everything that is known").await;
    let left = states(&stage, &tracks[1].id).await;
    assert!(left.iter().all(|state| state == "gone"), "{left:?}");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_purged_is_told() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.choose("#purge-what", "key").await;
    tab.fill("#purge-key", "/elsewhere").await;
    tab.press("Enter").await;
    tab.until_says("#purge-told", "/elsewhere").await;
    assert!(!tab.value::<bool>("document.querySelector('#confirm-dialog').open").await);
    tab.done(&["status of 400"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_another_question_purges_nothing() {
    let stage = Stage::lifted().await;
    let refused = "/v1/track/search?searchText=love&size=5000";
    deny(&stage, &[(refused, "too many")]).await;
    let tab = console(&stage).await;
    hold(&tab, "GET", "cache?").await;
    tab.key("#purge-form [type=submit]", "Enter").await;
    tab.key(&format!("[aria-label='Forget {refused}']"), "Enter").await;
    tab.until_says("#confirm-dialog", refused).await;
    release(&tab).await;
    tab.until_says("#purge-told", "Nothing was purged").await;
    tab.until_says("#confirm-title", "Forget this denial").await;
    tab.key("#confirm-yes", "Enter").await;
    tab.until_says("#denials-told", "Forgotten").await;
    let kept = stage.proxy.admin("/cache?category=track").await.json();
    assert!(kept["purged_soft_at"].is_null(), "{kept}");
    tab.done(&[]).await;
}
