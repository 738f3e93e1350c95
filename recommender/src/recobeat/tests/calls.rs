use std::collections::HashSet;
use std::sync::Arc;

use super::*;
use crate::cache::Cache;
use crate::model::{Feature, PerFeature};
use crate::profile::{Profiler, names};
use crate::recobeat::{Catalogue, Draw, Tally};

const TRACK: &str = r#"{"id":"7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d","trackTitle":"Paper Lanterns","artists":[
    {"id":"0d9a7be1-52c4-4c0f-8a3b-6b1f5e7c9a10","name":"Nova Ferry","href":"x"}],"durationMs":201000,
    "href":"https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF","popularity":12}"#;
const FEATURES: &str = r#"{"id":"7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d","energy":0.61,"key":7,"isrc":null,
    "href":"https://open.spotify.com/track/2ZyXwVuTsRqPoNmLkJiHgF"}"#;
const ARTIST: &str = r#"{"id":"7c1f0a52-3f0e-4a55-9d7e-0f3f6a1b2c3d","name":"Nova Ferry",
    "href":"https://open.spotify.com/artist/2ZyXwVuTsRqPoNmLkJiHgF"}"#;

fn content(row: &str) -> String {
    format!(r#"{{"content":[{row}],"page":1,"size":50,"totalElements":60,"totalPages":2}}"#)
}

async fn saying(row: &str) -> StandIn {
    StandIn::saying(Reply::json(content(row))).await
}

fn draw(fresh: bool) -> Draw {
    let mut targets = PerFeature::default();
    targets[Feature::Tempo] = Some(118.0);
    Draw { seeds: both().into(), negatives: Vec::new(), size: 20, targets, feature_weight: None, fresh }
}

#[tokio::test]
async fn lists_are_asked_by_ids_of_both_kinds() {
    let ids = format!("ids={},{SPOTIFY}", uuid());
    let server = saying(TRACK).await;
    let tracks = run(&server).tracks(&both()).await.expect("rows");
    assert_eq!((tracks.len(), tracks[0].id, tracks[0].spotify.clone()), (1, uuid(), Some(spotify())));
    assert_eq!(server.targets(), [format!("/v1/track?{ids}")]);

    let server = saying(FEATURES).await;
    let rows = run(&server).features(&both()).await.expect("rows");
    assert_eq!((rows[0].features[Feature::Energy], rows[0].features[Feature::Tempo]), (Some(0.61), None));
    assert_eq!(server.targets(), [format!("/v1/audio-features?{ids}")]);

    let server = saying(ARTIST).await;
    let artists = run(&server).artists(&both()).await.expect("rows");
    assert_eq!((artists[0].name.as_str(), artists[0].spotify.clone()), ("Nova Ferry", Some(spotify())));
    assert_eq!(server.targets(), [format!("/v1/artist?{ids}")]);
}

#[tokio::test]
async fn pages_are_asked_by_number() {
    let server = saying(TRACK).await;
    let run = run(&server);
    let page = run.search_tracks("paper lanterns", 1).await.expect("a page");
    assert_eq!((page.rows.len(), page.page, page.total_pages), (1, 1, 2));
    assert_eq!(run.artist_tracks(uuid(), 0).await.expect("a page").rows, page.rows);
    let expected = [
        "/v1/track/search?searchText=paper%20lanterns&page=1&size=50".to_owned(),
        format!("/v1/artist/{}/track?page=0&size=50", uuid()),
    ];
    assert_eq!(server.targets(), expected);

    let server = saying(ARTIST).await;
    let page = super::run(&server).search_artists("Nova", 0).await.expect("a page");
    assert_eq!(page.rows[0].id, uuid());
    assert_eq!(server.targets(), ["/v1/artist/search?searchText=Nova&page=0&size=50"]);
}

#[tokio::test]
async fn only_a_fresh_draw_passes_by_the_cache() {
    let server = saying(TRACK).await;
    let run = run(&server);
    assert_eq!(run.recommend(&draw(false)).await.expect("rows").len(), 1);
    assert_eq!(run.recommend(&draw(true)).await.expect("rows").len(), 1);
    let seen = server.seen();
    let asked = format!("/v1/track/recommendation?seeds={},{SPOTIFY}&size=20&tempo=120", uuid());
    assert_eq!(server.targets(), [asked.clone(), asked]);
    assert_eq!((seen[0].header("cache-control"), seen[1].header("cache-control")), (None, Some("no-cache")));
}

#[tokio::test]
async fn a_long_list_goes_in_batches_and_every_row_comes() {
    let server = StandIn::start(|seen, _| {
        let ids = seen.target.split_once('=').expect("ids").1;
        let row = |id: &str| format!(r#"{{"id":"{id}","trackTitle":"A"}}"#);
        Reply::json(content(&ids.split(',').map(row).collect::<Vec<_>>().join(",")))
    })
    .await;
    let ids: Vec<TrackId> = (0..95_u128).chain(0..95).map(|n| Uuid::from_u128(n).into()).collect();
    let run = run(&server);
    let rows = run.tracks(&ids).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.id).collect::<HashSet<_>>().len(), 95);
    let mut sizes: Vec<_> = server.targets().iter().map(|target| target.split(',').count()).collect();
    sizes.sort_unstable();
    assert_eq!((rows.len(), sizes), (95, vec![15, 40, 40]));
    assert_eq!(run.tally().requests, 3);
    assert_eq!(run.tracks(&[]).await, Ok(Vec::new()));
    assert_eq!(run.tally().requests, 3);
}

#[tokio::test]
async fn a_request_says_who_asks_and_how_urgently() {
    let server = saying(TRACK).await;
    let client = client(&server);
    for lane in [Lane::Interactive, Lane::Refresh, Lane::Warm] {
        client.for_run(tag(lane)).artist_tracks(uuid(), 0).await.expect("a page");
    }
    let run = client.for_run(tag(Lane::Interactive));
    run.artist_tracks(uuid(), 0).await.expect("a page");
    run.artist_tracks(uuid(), 0).await.expect("a page");
    let seen = server.seen();
    let priorities: Vec<_> = seen.iter().map(|seen| seen.header("priority")).collect();
    assert_eq!(priorities, [None, Some("u=5"), Some("u=7"), None, None]);
    let last = seen[4].header("x-request-id");
    assert_eq!(last, Some("00000000-0000-0000-0000-000000000000-2"));
    let agent = seen[0].header("user-agent").expect("named");
    assert!(agent.starts_with("recobeat-recommender/"), "{agent}");
    assert_eq!(seen[0].header("authorization"), None);
}

#[tokio::test]
async fn what_calls_cost_is_counted() {
    let told = [
        "recobeat; hit; ttl=60; detail=\"rows=1 hit=1 calls=0\"",
        "recobeat; fwd=partial; detail=\"rows=2 hit=1 calls=1 queued=812\"",
        "recobeat; fwd=miss; stored; ttl=60; detail=\"calls=1 queued=30\"",
        "recobeat; fwd=miss; collapsed; stored; detail=\"calls=1\"",
    ];
    let server = StandIn::start(move |_, before| {
        Reply::json(r#"{"content":[{"id":"nothing"},{}]}"#).with("cache-status", told[before])
    })
    .await;
    let profiler = Profiler::new(Arc::new(Cache::memory(100)));
    let (run, began) = (run(&server).profiled(profiler.clone()), Instant::now());
    for _ in told {
        run.tracks(&both()).await.expect("rows");
    }
    let tally = run.tally();
    // The second call cannot have waited longer than it took, whatever it was told.
    assert!(Duration::ZERO < tally.queued && tally.queued <= began.elapsed(), "{:?}", tally.queued);
    let expected = Tally {
        requests: 4,
        turned_away: 0,
        hits: 1,
        upstream_calls: 2,
        failed: 0,
        skipped_rows: 8,
        queued: tally.queued,
    };
    assert_eq!(tally, expected);
    assert_eq!(profiler.stats(names::RECOBEAT_CALL).map(|stats| stats.count), Some(4));
}

#[tokio::test]
async fn a_base_may_have_a_path() {
    let server = saying(TRACK).await;
    let proxy = config::Proxy { url: format!("{}/recobeat/", server.url), ..config::Proxy::default() };
    let run = Client::new(&proxy).expect("a client").for_run(tag(Lane::Interactive));
    run.artist_tracks(uuid(), 3).await.expect("a page");
    assert_eq!(server.targets(), [format!("/recobeat/v1/artist/{}/track?page=3&size=50", uuid())]);
}
