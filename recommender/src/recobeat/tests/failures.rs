use rstest::rstest;

use super::*;
use crate::recobeat::{CallError, Catalogue, Tally};

async fn asked(server: &StandIn) -> (Result<usize, CallError>, Tally) {
    let run = run(server);
    let outcome = run.tracks(&both()).await.map(|rows| rows.len());
    (outcome, run.tally())
}

#[rstest]
#[case::truncated(Reply::json(r#"{"content":[{"id":"7c1f"#))]
#[case::garbage(Reply::json("\u{0}\u{1}garbage"))]
#[case::empty(Reply::json(""))]
#[case::another_shape(Reply::json(r#"{"rows":[]}"#))]
#[case::page_of_an_edge(Reply::json("<html>hello</html>").with("content-type", "text/html"))]
#[case::right_but_said_to_be_text(Reply::json(EMPTY).with("content-type", "text/plain"))]
#[case::lost_on_the_way(Reply::json(r#"{"content":["#).breaks_off())]
#[tokio::test]
async fn what_is_no_answer_is_not_taken_for_one(#[case] reply: Reply) {
    let server = StandIn::saying(reply).await;
    let (outcome, tally) = asked(&server).await;
    assert!(matches!(outcome, Err(CallError::Shape(_))), "{outcome:?}");
    assert_eq!((tally.requests, tally.failed), (1, 1));
}

#[rstest]
#[case::bad_gateway(502)]
#[case::timeout(504)]
#[case::internal(500)]
#[case::unavailable_for_who_knows_how_long(503)]
#[case::redirect(307)]
#[case::no_content(204)]
#[tokio::test]
async fn failures_of_the_proxy_are_not_repeated(#[case] status: u16) {
    let server = StandIn::saying(Reply::json("{}").status(status).with("location", "/elsewhere")).await;
    let (outcome, tally) = asked(&server).await;
    assert_eq!((outcome, server.seen().len()), (Err(CallError::Failed { status }), 1));
    assert_eq!((tally.requests, tally.failed), (1, 1));
}

#[rstest]
#[case::denied(400, r#"{"error":"Cannot find any track","status":4002}"#, "Cannot find any track")]
#[case::range(400, r#"{"status":4004,"errors":[{"path":"a.ids","message":"too many"}]}"#, "too many")]
#[case::unknown(404, r#"{"error":"no artist","status":4041}"#, "no artist")]
#[case::edge(403, "error code: 1010", "Forbidden")]
#[tokio::test]
async fn refusals_say_why(#[case] status: u16, #[case] body: &'static str, #[case] message: &str) {
    let server = StandIn::saying(Reply::json(body).status(status)).await;
    let (outcome, _) = asked(&server).await;
    assert_eq!(outcome, Err(CallError::Refused { status, message: message.into() }));
}

#[rstest]
#[case::over_the_budget(429)]
#[case::unavailable(503)]
#[tokio::test]
async fn a_busy_proxy_says_when_to_come_back_and_that_is_no_request(#[case] status: u16) {
    let server = StandIn::saying(Reply::json("{}").status(status).with("retry-after", "300")).await;
    let (outcome, tally) = asked(&server).await;
    assert_eq!(outcome, Err(CallError::Busy { retry_after: Duration::from_secs(300) }));
    assert_eq!((tally.requests, tally.turned_away, tally.failed), (0, 1, 0));
    assert_eq!(server.seen().len(), 1);
}

#[rstest]
#[case::no_status(Reply::json(EMPTY).silent())]
#[case::half_a_body(Reply::json(r#"{"content":["#).stalls())]
#[tokio::test]
async fn a_call_ends_with_its_run(#[case] reply: Reply) {
    let server = StandIn::saying(reply).await;
    let run = ending(&client(&server), 60);
    let outcome = run.tracks(&both()).await;
    assert!(matches!(outcome, Err(CallError::TimedOut(limit)) if limit <= Duration::from_millis(60)));
    let tally = run.tally();
    assert_eq!((tally.requests, tally.failed), (1, 1));
}

#[tokio::test]
async fn nothing_is_asked_after_the_end_or_without_a_place() {
    let server = StandIn::saying(Reply::json(EMPTY).silent()).await;
    let client = client(&server);
    let over = ending(&client, 0);
    assert_eq!(over.tracks(&both()).await, Err(CallError::TimedOut(Duration::ZERO)));
    let first = client.for_run(tag(Lane::Warm));
    let stuck = tokio::spawn(async move { first.tracks(&both()).await });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let deadline = Some(Instant::now() + Duration::from_millis(40));
    let second = client.for_run(RunTag { deadline, ..tag(Lane::Warm) });
    assert!(matches!(second.tracks(&both()).await, Err(CallError::TimedOut(_))));
    assert_eq!((server.seen().len(), second.tally()), (1, Tally::default()));
    stuck.abort();
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = StandIn::saying(Reply::json(vec![b' '; 8 * 1024 * 1024 + 1])).await;
    let (outcome, _) = asked(&server).await;
    assert_eq!(outcome, Err(CallError::Shape("the body is larger than 8388608 bytes".into())));
}

#[tokio::test]
async fn nobody_at_home_is_said_without_the_url() {
    let gone = StandIn::saying(Reply::json(EMPTY)).await.url.clone();
    let proxy = config::Proxy { url: gone, ..config::Proxy::default() };
    let run = Client::new(&proxy).expect("a client").for_run(tag(Lane::Interactive));
    match run.tracks(&both()).await {
        Err(CallError::Unreachable(why)) => assert!(!why.contains("http"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!((run.tally().requests, run.tally().failed), (1, 1));
}
