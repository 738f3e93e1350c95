use super::console;
use crate::harness::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn the_theme_follows_the_system_until_somebody_chooses() {
    let stage = Stage::lifted().await;
    let tab = console(&stage).await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light: String = tab.value(ground).await;
    tab.show("dark", 1280).await;
    tab.until("a dark ground", &format!("{ground} !== {light:?}")).await;
    tab.key("#theme", "Enter").await;
    tab.until_says("#theme", "light").await;
    tab.until("a light ground", &format!("{ground} === {light:?}")).await;
    tab.reload().await;
    tab.until_says("#theme", "light").await;
    tab.until("a light ground again", &format!("{ground} === {light:?}")).await;
    tab.click("#theme").await;
    tab.until_says("#theme", "dark").await;
    tab.until("a dark ground by choice", &format!("{ground} !== {light:?}")).await;
    tab.done(&[]).await;
}
