use crate::harness::workload::Workload;
use crate::harness::{Setup, Stage, ids};
use recobeat_sim::{Fault, Rule};

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_cache_answers_everything_when_the_upstream_is_gone() {
    let stage = Stage::lifted().await;
    let workload = Workload::new();
    let cold = workload.run(stage.proxy.addr, 2).await;
    assert_eq!(cold.wrong, Vec::<String>::new());
    stage.sim.stop().await;
    let warm = workload.run(stage.proxy.addr, 2).await;
    assert_eq!(warm.wrong, Vec::<String>::new());
    let hits = warm.answers.iter().filter(|answer| answer.is_hit()).count();
    assert_eq!(hits, 80, "all but the one that is refused by a rule");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_gone_is_a_503_and_comes_back() {
    let setup = Setup::lifted()
        .set("upstream.retry.backoff", "50ms")
        .set("upstream.breaker.open_for", "1s")
        .set("upstream.breaker.consecutive_failures", "2");
    let stage = Stage::with(&setup).await;
    stage.sim.stop().await;
    let tracks = ids::tracks(0, 4);
    for track in &tracks {
        let answer = stage.get(&format!("/v1/track/{}", track.id)).await;
        assert_eq!(answer.code(), 503, "{}", answer.brief());
        assert!(answer.retry_after().is_some(), "{:?}", answer.headers);
    }
    let suspended = stage.get(&format!("/v1/track/{}", tracks[0].id)).await;
    assert!(suspended.header("cache-status").contains("suspended"), "{}", suspended.brief());
    stage.sim.restart().await.expect("the same port");
    let mut last = suspended;
    for _ in 0..200 {
        last = stage.get(&format!("/v1/track/{}", tracks[0].id)).await;
        if last.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(last.text(), tracks[0].row, "{}", last.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_failure_is_retried_and_never_seen() {
    let stage = Stage::with(&Setup::lifted().set("upstream.retry.backoff", "10ms")).await;
    stage.sim.add_fault(Rule::any(Fault::InternalError).times(1));
    stage.sim.add_fault(Rule::any(Fault::Reset { after_bytes: 0 }).times(1));
    let tracks = ids::tracks(0, 3);
    let answer = stage.get(&ids::list("/v1/track", &ids::spotify(&tracks))).await;
    assert_eq!(answer.text(), ids::track_body(&tracks));
    assert_eq!(stage.calls(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_answer_is_better_than_none() {
    let setup = Setup::lifted()
        .without_retries()
        .set("cache.categories.track.ttl", "1s")
        .set("cache.categories.search.ttl", "1s")
        .set("cache.jitter", "0");
    let stage = Stage::with(&setup).await;
    let row = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    let targets = [row.as_str(), "/v1/track/search?searchText=love"];
    for target in targets {
        assert!(stage.get(target).await.is_ok());
    }
    stage.sim.stop().await;
    for target in targets {
        let mut answer = stage.get(target).await;
        for _ in 0..200 {
            if answer.header("cache-status").contains("ttl=-") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = stage.get(target).await;
        }
        assert!(answer.is_ok() && answer.header("cache-status").contains("ttl=-"), "{}", answer.brief());
    }
}
