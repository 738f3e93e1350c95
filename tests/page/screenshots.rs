//! Pictures of the page with real figures, for eyes.

use super::{console, deny};
use crate::harness::workload::Workload;
use crate::harness::{Setup, Stage, ids};
use recobeat_sim::Latency;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_with_real_figures() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stage = Stage::with(&Setup::lifted().disk(&folder.path().join("cache.redb")).read_ahead()).await;
    stage.sim.settings(|behaviour| {
        behaviour.latency = Latency::LogNormal { median: Duration::from_millis(300), sigma: 0.5 };
    });
    let work = Workload::new();
    for client in 1..4 {
        work.run(stage.proxy.addr, client).await;
    }
    deny(
        &stage,
        &[
            ("/v1/track/search?searchText=love&size=5000", "must be less than or equal to 50"),
            (
                "/v1/artist/search?searchText=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&size=99",
                "<img src=x onerror=alert(1)>",
            ),
        ],
    )
    .await;
    let tab = console(&stage).await;
    tab.fill("#ids-id", &ids::tracks(100, 1)[0].spotify).await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", "track row").await;
    tab.until(
        "three steps",
        "document.querySelector('#calls path[data-series=cache]')?.getAttribute('d').split('M').length > 2",
    )
    .await;
    tab.screenshots("proxy").await;
    tab.done(&[]).await;
}
