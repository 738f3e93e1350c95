use crate::harness::{Answer, Ask, Setup, Stage, crowd, ids};
use recobeat_sim::{Fault, Latency, RetryStyle, Rule};
use std::collections::HashSet;
use std::time::Duration;

const CROWD: usize = 200;

/// An upstream as slow as the real one, so that the crowd is complete before the first answer.
async fn slow(setup: &Setup) -> Stage {
    let stage = Stage::with(setup).await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(800)));
    stage
}

async fn crowd(stage: &Stage) -> Vec<Answer> {
    let target = format!("/v1/track/recommendation?size=20&seeds={}", ids::tracks(0, 1)[0].spotify);
    crowd::at_once(stage.proxy.addr, vec![Ask::get(target); CROWD]).await
}

/// Different answers; errors of ours carry the moment they were written.
fn distinct(answers: &[Answer]) -> usize {
    answers.iter().map(|answer| (answer.code(), answer.untimed())).collect::<HashSet<_>>().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_for_one_key_makes_one_call() {
    let stage = slow(&Setup::default_limits()).await;
    let answers = crowd(&stage).await;
    assert_eq!((distinct(&answers), answers[0].code(), stage.calls()), (1, 200, 1));
    let led = answers.iter().filter(|answer| !answer.header("cache-status").contains("collapsed")).count();
    assert_eq!(led, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_shares_a_failure_and_its_retries() {
    let stage = slow(&Setup::default_limits().set("upstream.retry.backoff", "100ms")).await;
    stage.sim.add_fault(Rule::any(Fault::Unavailable { retry_after: None }));
    let answers = crowd(&stage).await;
    assert_eq!((distinct(&answers), answers[0].code(), stage.calls()), (1, 503, 3));
    assert!(answers.iter().all(|answer| answer.retry_after().is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_shares_an_answer_that_says_no_store() {
    let stage = slow(&Setup::default_limits()).await;
    stage.sim.add_fault(Rule::any(Fault::NoStore));
    let answers = crowd(&stage).await;
    assert_eq!((distinct(&answers), answers[0].code(), stage.calls()), (1, 200, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_waits_out_a_hold_and_gets_the_answer() {
    let stage = slow(&Setup::default_limits()).await;
    stage.sim.add_fault(Rule::any(Fault::TooMany { retry_after: 2, style: RetryStyle::Seconds }).times(1));
    let answers = crowd(&stage).await;
    assert_eq!((distinct(&answers), answers[0].code(), stage.calls()), (1, 200, 2));
    let calls = stage.sim.log();
    assert!(calls[1].at - calls[0].at >= 2_000.0, "the hold was not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_lists_of_many_clients_ask_for_each_id_once() {
    let stage = slow(&Setup::lifted()).await;
    let all = ids::spotify(&ids::tracks(0, 400));
    let asks = (0..40)
        .map(|client| {
            let list: Vec<&str> = (0..20).map(|at| all[(client * 10 + at) % 400]).collect();
            Ask::get(ids::list("/v1/track", &list))
        })
        .collect();
    let answers = crowd::at_once(stage.proxy.addr, asks).await;
    assert!(answers.iter().all(|answer| answer.row_ids().len() == 20));
    let stats = stage.sim.stats();
    assert_eq!((stats.ids_asked, stats.duplicate_ids_asked), (400, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_does_not_take_its_fetch_along() {
    let stage = slow(&Setup::lifted()).await;
    let target = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    let mut leaver = stage.line().await;
    let leaving = leaver.get(&target);
    // Gone as soon as the call is under way.
    tokio::select! {
        answer = leaving => panic!("too early: {}", answer.brief()),
        () = async { while stage.calls() == 0 { tokio::task::yield_now().await } } => {}
    }
    drop(leaver);
    assert!(stage.get(&target).await.is_ok());
    assert_eq!(stage.calls(), 1);
}
