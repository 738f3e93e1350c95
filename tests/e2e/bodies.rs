use crate::harness::{Ask, Setup, Stage, ids};

fn draw(size: usize) -> String {
    format!("/v1/track/recommendation?size={size}&seeds={}", ids::tracks(0, 1)[0].spotify)
}

#[tokio::test(flavor = "multi_thread")]
async fn recommended_tracks_are_known_afterwards_by_both_ids() {
    let stage = Stage::lifted().await;
    let drawn = stage.get(&draw(30)).await.row_ids();
    assert_eq!(drawn.len(), 30);
    let catalogue = stage.sim.catalogue();
    let tracks: Vec<_> = drawn.iter().map(|id| catalogue.track(id).expect("a track")).collect();
    let by_uuid: Vec<&str> = tracks.iter().map(|track| track.id.as_str()).collect();
    let by_spotify: Vec<&str> = tracks.iter().map(|track| track.spotify.as_str()).collect();
    for asked in [by_uuid, by_spotify] {
        let list = stage.get(&ids::list("/v1/track", &asked)).await;
        assert!(list.is_hit(), "{}", list.brief());
        assert_eq!(list.text(), ids::track_body(&tracks));
        assert!(stage.get(&format!("/v1/track/{}", asked[0])).await.is_hit());
    }
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draw_is_stable_until_a_new_one_is_asked_for() {
    let stage = Stage::lifted().await;
    let first = stage.get(&draw(20)).await;
    assert_eq!(stage.get(&draw(20)).await.body, first.body);
    let spelled = draw(20).replace("size=20&", "") + "&size=20";
    assert_eq!(stage.get(&spelled).await.body, first.body);
    assert_eq!(stage.calls(), 1);
    let anew = stage.ask(Ask::get(draw(20)).header("cache-control", "no-cache")).await;
    assert_ne!(anew.body, first.body);
    assert_eq!(stage.get(&draw(20)).await.body, anew.body);
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_draw_can_be_switched_off() {
    let stage = Stage::with(&Setup::lifted().set("cache.recommendation_no_cache", "ignore")).await;
    let first = stage.get(&draw(20)).await;
    let anew = stage.ask(Ask::get(draw(20)).header("cache-control", "no-cache")).await;
    assert_eq!((anew.body, stage.calls()), (first.body, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_refuses_for_good_is_not_asked_again() {
    let stage = Stage::lifted().await;
    let target = format!("/v1/track/recommendation?size=5&seeds={}", ids::unknown(0, 1)[0]);
    let (cold, warm) = (stage.get(&target).await, stage.get(&target).await);
    assert_eq!((cold.code(), cold.error_code()), (400, Some(4002)), "{}", cold.brief());
    assert_eq!(warm.body, cold.body);
    assert!(warm.header("cache-status").contains("denied"), "{}", warm.brief());
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_would_refuse_is_corrected_unless_that_is_off() {
    let seeds = ids::tracks(0, 7);
    let seeds: Vec<&str> = seeds.iter().map(|track| track.spotify.as_str()).collect();
    let target = format!(
        "/v1/track/recommendation?size=5&seeds={}&negativeSeeds={}",
        seeds[..6].join(","),
        seeds[1..].join(",")
    );
    let stage = Stage::lifted().await;
    let answer = stage.get(&target).await;
    assert_eq!((answer.code(), stage.calls()), (200, 1), "{}", answer.brief());
    assert!(answer.header("cache-status").contains("repaired=\"surplus,overlap\""), "{}", answer.brief());
    let strict = Stage::with(&Setup::lifted().set("guard.repair", "false")).await;
    assert_eq!(strict.get(&target).await.code(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_seen_to_be_wrong_is_not_asked_at_all() {
    let stage = Stage::lifted().await;
    let mut line = stage.line().await;
    for target in [
        "/v1/track/recommendation",
        "/v1/track/recommendation?size=5",
        "/v1/track/recommendation?size=5&seeds=",
        "/v1/track/recommendation?size=0&seeds=2ZyXwVuTsRqPoNmLkJiHgF",
        "/v1/track/recommendation?size=101&seeds=2ZyXwVuTsRqPoNmLkJiHgF",
    ] {
        let answer = line.get(target).await;
        assert_eq!(answer.code(), 400, "{target}: {}", answer.brief());
        assert!(answer.error_code().is_some(), "{target}: {}", answer.brief());
    }
    assert_eq!((line.opened, stage.calls()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_one_request_in_all_its_spellings() {
    let stage = Stage::lifted().await;
    let mut line = stage.line().await;
    let first = line.get("/v1/track/search?searchText=a+love").await;
    assert_eq!(first.json()["size"], 25);
    for target in [
        "/v1/track/search?searchText=a%20love",
        "/v1/track/search?page=0&searchText=a%20l%6fve",
        "/v1/track/search?size=25&searchText=a+love",
        "/v1/track/search?page=0&size=25&searchText=a+love",
    ] {
        assert_eq!(line.get(target).await.body, first.body, "{target}");
    }
    assert_eq!(stage.calls(), 1);
    for target in ["/v1/track/search?searchText=A+love", "/v1/track/search?searchText=a+love&page=1"] {
        assert!(!line.get(target).await.is_hit(), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_page_are_known_afterwards() {
    let stage = Stage::lifted().await;
    let artist = &stage.sim.catalogue().artists()[0];
    let page = stage.get(&format!("/v1/artist/{}/track?size=10", artist.id)).await;
    let known = page.row_ids();
    let ids: Vec<&str> = known.iter().map(String::as_str).collect();
    assert!(stage.get(&ids::list("/v1/track", &ids)).await.is_hit());
    assert_eq!(stage.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_not_fully_understood_goes_as_it_is_and_is_kept_as_it_is() {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    let target = format!("/v1/track?ids={}&market=BE", track.spotify);
    let cold = stage.get(&target).await;
    assert_eq!(cold.text(), ids::track_body(&[track]));
    assert_eq!(stage.last_call().query, format!("ids={}&market=BE", track.spotify));
    assert!(stage.get(&target).await.is_hit());
    assert!(!stage.get(&target.replace("BE", "FR")).await.is_hit());
}
