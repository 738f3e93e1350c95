//! The recommender's page: a mood in, a list out.

use super::tab::Tab;
use crate::harness::recommender::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_mood_becomes_a_list() {
    let scene = Scene::lifted().await;
    let tab = Tab::open(&format!("http://{}/", scene.recommender.addr)).await;
    tab.until("popular moods", "document.querySelectorAll('#moods button').length === 10").await;
    tab.fill("#prompt", "calm and relaxing").await;
    tab.press("Enter").await;
    tab.until("a list", "document.querySelectorAll('#tracks tr').length > 5").await;
    tab.until_says("#summary", "calm and relaxing").await;
    let titles: Vec<String> = tab.value("[...document.querySelectorAll('#tracks td:nth-child(2) span:first-child')].map((it) => it.textContent)").await;
    let known: Vec<&str> = scene.catalogue().tracks().iter().map(|track| track.title.as_str()).collect();
    assert!(titles.iter().all(|title| known.contains(&title.as_str())), "{titles:?}");
    assert_eq!(
        tab.value::<String>("document.activeElement.id").await,
        "result-title",
        "the focus is on the list"
    );
    for width in [390, 768, 1280] {
        tab.show("light", width).await;
        let wide: bool = tab.value("document.documentElement.scrollWidth > innerWidth").await;
        assert!(!wide, "the page scrolls sideways at {width} px");
    }
    tab.screenshots("recommender").await;
    tab.done(&[]).await;
}
