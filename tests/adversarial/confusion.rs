//! Requests that look alike and must not be taken for one another, and answers that must not be
//! believed.

use crate::harness::{Setup, Stage, ids};
use recobeat_sim::{Fault, Rule};

#[tokio::test(flavor = "multi_thread")]
async fn an_escaped_separator_is_part_of_the_text() {
    let stage = Stage::lifted().await;
    let plain = "/v1/track/search?searchText=love&page=1";
    let escaped = "/v1/track/search?searchText=love%26page%3D1";
    let (plain, escaped) = (stage.get(plain).await, stage.get(escaped).await);
    assert_eq!(plain.json()["page"], 1);
    assert_eq!(
        (escaped.json()["page"].clone(), escaped.json()["totalElements"].clone()),
        (0.into(), 0.into())
    );
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_404_to_a_list_is_never_passed_on() {
    let stage = Stage::with(&Setup::lifted().without_retries()).await;
    let refuse = Fault::Refuse { status: 404, code: 4041, message: "no".to_owned() };
    stage.sim.add_fault(Rule::any(refuse));
    for target in [
        ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 2))),
        format!("/v1/audio-features?ids={}", ids::tracks(0, 1)[0].isrc),
        ids::list("/v1/artist", &[&stage.sim.catalogue().artists()[0].spotify]),
    ] {
        let answer = stage.get(&target).await;
        assert_eq!(answer.code(), 502, "{target}: {}", answer.brief());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_and_absent_ids_are_told_apart_and_remembered() {
    let stage = Stage::lifted().await;
    for (target, code) in [("/v1/track", 4001), ("/v1/track?ids=", 4004)] {
        let (cold, warm) = (stage.get(target).await, stage.get(target).await);
        assert_eq!((cold.code(), cold.error_code()), (400, Some(code)), "{target}: {}", cold.brief());
        assert_eq!(warm.body, cold.body);
    }
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_too_small_still_answers_right() {
    let setup = Setup::lifted().set("cache.memory.max_bytes", "1MiB").set("cache.memory.max_entries", "5000");
    let stage = Stage::with(&setup).await;
    for from in [0, 500, 1_000, 1_500, 0, 1_000] {
        let tracks = ids::tracks(from, 500);
        let answer = stage.get(&ids::list("/v1/track", &ids::spotify(&tracks))).await;
        assert!(answer.text() == ids::track_body(&tracks), "from {from}: {}", answer.brief());
        let features = stage.get(&ids::list("/v1/audio-features", &ids::uuids(&tracks))).await;
        assert!(features.text() == ids::features_body(&tracks), "from {from}: {}", features.brief());
    }
}
