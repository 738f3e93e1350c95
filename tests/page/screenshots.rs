//! Pictures of the page with real figures, for eyes.

use super::{console, deny};
use crate::harness::{Setup, Stage, crowd, ids};
use recobeat_sim::Latency;
use std::time::Duration;
use tokio::time::interval;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_with_real_figures() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let setup = Setup::default_limits()
        .set("budget.rate_per_minute", "200")
        .set("budget.min_interval", "150ms")
        .disk(&folder.path().join("cache.redb"))
        .read_ahead();
    let stage = Stage::with(&setup).await;
    stage.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(300), sigma: 0.5 };
    });
    let clients = tokio::spawn(crowded(stage.proxy.addr));
    let hostile = "/v1/artist/search?searchText=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&size=99";
    let love = "/v1/track/search?searchText=love&size=5000";
    deny(&stage, &[(love, "must be less than or equal to 50"), (hostile, "<img src=x onerror=alert(1)>")])
        .await;
    let tab = console(&stage).await;
    let some_known = [ids::tracks(0, 3), ids::tracks(2_000, 2)].concat();
    tab.fill("#explain-url", &ids::list("/v1/track", &ids::spotify(&some_known))).await;
    tab.press("Enter").await;
    tab.until_says("#explained", "absent").await;
    tab.fill("#ids-id", &ids::tracks(0, 1)[0].spotify).await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "track row").await;
    let steps =
        "document.querySelector('#calls path[data-series=cache]')?.getAttribute('d').split('M').length > 4";
    tab.until("four steps", steps).await;
    tab.key("#latency .plot", "End").await;
    tab.press("ArrowLeft").await;
    tab.screenshots("proxy").await;
    clients.abort();
    tab.done(&[]).await;
}

/// Clients that mostly ask what was asked before, and always something new.
async fn crowded(proxy: std::net::SocketAddr) {
    let mut pace = interval(Duration::from_millis(400));
    for round in 0..300_usize {
        pace.tick().await;
        let (new, known) = (ids::tracks(round * 3, 6), ids::tracks(round / 2, 20));
        let mut asks =
            vec![ids::list("/v1/track", &ids::spotify(&new)), ids::list("/v1/track", &ids::spotify(&known))];
        asks.push(ids::list("/v1/audio-features", &ids::uuids(&known)));
        asks.extend(known[..3].iter().map(|track| format!("/v1/track/{}/audio-features", track.id)));
        asks.push(format!("/v1/artist/search?searchText=a&page={}", round / 20));
        tokio::spawn(async move {
            crowd::in_turn(proxy, 1 + u8::try_from(round % 5).unwrap_or(1), 4, &asks).await
        });
    }
}
