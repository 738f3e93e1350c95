use super::{console, deny};
use crate::harness::Stage;

const REFUSED: &str = "/v1/track/search?searchText=love&size=5000";
const HOSTILE: &str = "<img src=x onerror=\"document.title='taken'\">";

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_shown_as_text_and_forgotten_when_somebody_says_so() {
    let stage = Stage::lifted().await;
    let hostile = "/v1/artist/search?searchText=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&size=9999";
    deny(&stage, &[(REFUSED, "too many"), (hostile, HOSTILE)]).await;
    let tab = console(&stage).await;
    tab.until_says("#denials-count", "2 requests denied").await;
    tab.until_says("#denial-rows", HOSTILE).await;
    assert_eq!(tab.value::<usize>("document.querySelectorAll('img').length").await, 0);
    assert!(!tab.value::<String>("document.title").await.contains("taken"));

    let forget = format!("[aria-label='Forget {REFUSED}']");
    tab.key(&forget, "Enter").await;
    tab.until_says("#confirm-dialog", REFUSED).await;
    tab.press("Escape").await;
    tab.until("no dialog", "!document.querySelector('#confirm-dialog').open").await;
    assert_eq!(stage.proxy.admin("/deny").await.json()["total"], 2, "Escape changes nothing");

    tab.key(&forget, "Enter").await;
    tab.key("#confirm-yes", "Enter").await;
    tab.until_says("#denials-told", "Forgotten").await;
    tab.until_says("#denials-count", "1 request denied").await;
    let left = stage.proxy.admin("/deny").await.json();
    assert_eq!(left["total"], 1, "{left}");
    assert!(!left.to_string().contains("searchText=love"), "{left}");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_that_came_later_is_seen_with_refresh() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.until_says("#denials-count", "Nothing is denied").await;
    deny(&stage, &[(REFUSED, "too many")]).await;
    tab.click("#denials-refresh").await;
    tab.until_says("#denial-rows", "too many").await;
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exempt_requests_are_added_and_taken_back() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    tab.fill("#exempt-request", REFUSED).await;
    tab.press("Enter").await;
    tab.until_says("#denials-told", "Exempt").await;
    let exempt = stage.proxy.admin("/deny/exempt").await.json();
    assert_eq!(exempt["exempt"].as_array().map(Vec::len), Some(1), "{exempt}");
    tab.until_says("#exempt-rows", "size=5000").await;
    tab.click("#exempt-rows button").await;
    tab.until_says("#denials-told", "No longer exempt").await;
    let exempt = stage.proxy.admin("/deny/exempt").await.json();
    assert_eq!(exempt["exempt"].as_array().map(Vec::len), Some(0), "{exempt}");

    tab.fill("#exempt-request", "/nowhere").await;
    tab.press("Enter").await;
    tab.until("the reason", "document.querySelector('#denials-told').dataset.level === 'bad'").await;
    tab.until_says("#denials-told", "/nowhere").await;
    tab.done(&["status of 400"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_denials_are_shown_at_the_press_of_a_button() {
    let stage = Stage::lifted().await;
    let requests: Vec<String> =
        (0..60).map(|more| format!("/v1/track/search?searchText=love&size={}", 5_000 + more)).collect();
    let denied: Vec<_> = requests.iter().map(|request| (request.as_str(), "too many")).collect();
    deny(&stage, &denied).await;
    let tab = console(&stage).await;
    tab.until_says("#denials-count", "60 requests denied; the newest 50 are shown").await;
    tab.key("#denials-all", "Enter").await;
    tab.until("all of them", "document.querySelectorAll('#denial-rows tr').length === 60").await;
    assert_eq!(tab.text("#denials-count").await, "60 requests denied.");
    assert!(!tab.value::<bool>("document.querySelector('#denials-all').checkVisibility()").await);
    for request in &requests {
        let there = format!("document.querySelector(\"[aria-label='Forget {request}']\") !== null");
        assert!(tab.value::<bool>(&there).await, "{request} cannot be forgotten");
    }
    tab.done(&[]).await;
}
