use crate::harness::{Stage, ids, malformed};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_and_others_are_served_meanwhile() {
    let stage = Stage::lifted().await;
    let target = ids::list("/v1/track", &ids::spotify(&ids::tracks(0, 5)));
    stage.get(&target).await;
    stage.sim.clear_log();

    let attack = tokio::spawn(malformed::all(stage.proxy.addr));
    let mut line = stage.line().await;
    while !attack.is_finished() {
        let answer = line.get(&target).await;
        assert!(answer.is_hit(), "{}", answer.brief());
    }
    for case in attack.await.expect("no panic") {
        assert!(case.fate.is_refusal(), "{}: {} {}", case.name, case.fate.brief(), case.fate.text);
    }
    assert_eq!(stage.calls(), 0, "malformed requests went upstream: {:?}", stage.sim.log());
}
