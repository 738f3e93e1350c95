use super::tab::Tab;
use crate::harness::{Setup, Stage};
use serde_json::Value;

const DENIED: &[&str] = &["status of 401"];

async fn guarded() -> (Stage, Tab) {
    let stage = Stage::with(&Setup::lifted().set("admin.token", "open-sesame")).await;
    let tab = Tab::open(&format!("http://{}/#purge", stage.proxy.admin)).await;
    tab.until("the question", "document.querySelector('#token-dialog').open").await;
    (stage, tab)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_asked_for_and_kept_for_the_tab() {
    let (stage, tab) = guarded().await;
    tab.until_says("#token-dialog", "admin.token").await;
    tab.fill("#token", "wrong").await;
    tab.press("Enter").await;
    tab.until_says("#token-wrong", "did not take").await;
    tab.fill("#token", "open-sesame").await;
    tab.press("Enter").await;
    tab.until_says("#verdict-text", "All is well").await;
    tab.until_says("#denials-count", "Nothing is denied").await;
    assert!(tab.value::<String>("location.hash").await == "#purge", "the place is kept");

    tab.reload().await;
    tab.until_says("#verdict-text", "All is well").await;
    assert!(!tab.value::<bool>("document.querySelector('#token-dialog').open").await);
    assert_eq!(tab.value::<usize>("localStorage.length").await, 0, "not beyond this tab");
    assert!(!stage.proxy.log.lines().concat().contains("open-sesame"));
    tab.done(DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_later_is_told_and_asked_again_when_they_act() {
    let (_stage, tab) = guarded().await;
    tab.click("#token-later").await;
    tab.until_says("#verdict-text", "figures need the admin token").await;
    tab.fill("#ids-id", "9f26b92d-22c6-485f-ba01-9ff8a308762f").await;
    tab.press("Enter").await;
    tab.until("the question again", "document.querySelector('#token-dialog').open").await;
    tab.fill("#token", "open-sesame").await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "Nothing is known").await;
    tab.until_says("#verdict-text", "All is well").await;
    tab.done(DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_can_be_given_by_its_button() {
    let (_stage, tab) = guarded().await;
    tab.press("Escape").await;
    tab.until_says("#verdict-text", "figures need the admin token").await;
    tab.key("#token-open", "Enter").await;
    tab.fill("#token", "open-sesame").await;
    tab.click("#token-form [type=submit]").await;
    tab.until_says("#verdict-text", "All is well").await;
    tab.done(DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_works_before_any_figures_were_shown() {
    let (_stage, tab) = guarded().await;
    tab.click("#token-later").await;
    tab.fill("#warm-items", "/v1/track/search?searchText=love").await;
    tab.click("#warm-plan").await;
    tab.until("the question again", "document.querySelector('#token-dialog').open").await;
    tab.fill("#token", "open-sesame").await;
    tab.press("Enter").await;
    tab.until_says("#warm-told", "1 to fetch in").await;
    tab.done(DENIED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_no_header_carries_is_not_taken() {
    let (_stage, tab) = guarded().await;
    let _: Value = tab.value("document.querySelector('#token').value = 'open–sesame'").await;
    tab.click("#token-form [type=submit]").await;
    tab.until_says("#token-wrong", "did not take").await;
    assert_eq!(tab.value::<usize>("sessionStorage.length").await, 0, "it is not kept");
    tab.fill("#token", "open-sesame").await;
    tab.press("Enter").await;
    tab.until_says("#verdict-text", "All is well").await;
    tab.done(DENIED).await;
}
