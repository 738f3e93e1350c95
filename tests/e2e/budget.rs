use crate::harness::{Ask, Setup, Stage, crowd, ids};
use recobeat_sim::{Fault, Latency, Match, RetryStyle, Rule};
use std::time::Duration;

fn searches(from: usize, count: usize) -> Vec<Ask> {
    (from..from + count).map(|at| Ask::get(format!("/v1/track/search?searchText=love&page={at}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_keep_their_distance_and_the_overflow_is_refused_with_true_promises() {
    let stage = Stage::with(&Setup::default_limits().set("budget.queue_timeout", "2s")).await;
    let answers = crowd::at_once(stage.proxy.addr, searches(0, 30)).await;
    let served = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((2..=4).contains(&served), "{served} served within 2 s");
    let refused: Vec<_> = answers.iter().filter(|answer| !answer.is_ok()).collect();
    let mut told: Vec<u64> = Vec::new();
    for answer in &refused {
        assert_eq!((answer.code(), answer.error_code()), (429, Some(4291)), "{}", answer.brief());
        assert!(answer.took < Duration::from_secs(1), "refusals do not wait: {:?}", answer.took);
        told.push(answer.retry_after().expect("an integer up to 300"));
    }
    told.sort_unstable();
    let gaps = u64::try_from(told.len()).expect("small") * 3 / 4;
    assert!(told[told.len() - 1] >= told[0] + gaps - 2, "not spread: {told:?}");
    assert!(stage.sim.stats().min_gap_ms.is_some_and(|gap| gap >= 600.0), "{:?}", stage.sim.stats());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_budget_only_the_cache_answers() {
    let stage = Stage::with(&Setup::default_limits().set("budget.rate_per_minute", "0")).await;
    let answer = stage.get("/v1/track?ids=2ZyXwVuTsRqPoNmLkJiHgF").await;
    assert_eq!((answer.code(), answer.retry_after()), (429, Some(300)), "{}", answer.brief());
    assert_eq!(stage.ask(crate::harness::audio::upload(10)).await.code(), 429);
    assert_eq!(stage.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_are_in_flight_than_allowed() {
    let stage = Stage::with(&Setup::lifted().set("budget.max_in_flight", "3")).await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_millis(100)));
    let answers = crowd::at_once(stage.proxy.addr, searches(0, 20)).await;
    assert!(answers.iter().all(crate::harness::Answer::is_ok));
    assert_eq!(stage.sim.stats().max_in_flight, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_priority_waits_for_the_others() {
    let stage = Stage::with(&Setup::default_limits()).await;
    let low = "/v1/track/search?searchText=night";
    // The budget is idle: the first takes its turn at once, whoever it is.
    let mut asks = searches(0, 1);
    asks.push(Ask::get(low).header("priority", "u=7"));
    asks.extend(searches(1, 3));
    let answers = crowd::at_once(stage.proxy.addr, asks).await;
    assert!(answers.iter().all(crate::harness::Answer::is_ok));
    let position = stage.sim.log().iter().position(|call| call.query.contains("night"));
    assert!(position == Some(4) || position == Some(0), "asked at place {position:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_beyond_the_deadline_is_told_at_once() {
    let stage = Stage::with(&Setup::default_limits()).await;
    stage
        .sim
        .add_fault(Rule::any(Fault::TooMany { retry_after: 1_000, style: RetryStyle::Seconds }).times(1));
    let answer = stage.get("/v1/track/search?searchText=love").await;
    assert_eq!((answer.code(), answer.retry_after()), (429, Some(300)), "{}", answer.brief());
    let next = stage.get("/v1/track/search?searchText=night").await;
    assert_eq!((next.code(), next.retry_after(), stage.calls()), (429, Some(300), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_without_a_usable_time_holds_for_a_while() {
    let stage = Stage::lifted().await;
    stage.sim.add_fault(Rule::any(Fault::TooMany { retry_after: 9, style: RetryStyle::None }).times(1));
    assert!(stage.get("/v1/track/search?searchText=love").await.is_ok());
    let calls = stage.sim.log();
    let pause = calls[1].at - calls[0].at;
    assert!((3_900.0..6_000.0).contains(&pause), "{pause} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_the_wait_of_requests_between_two_attempts() {
    let setup = Setup::lifted().set("upstream.retry.backoff", "1s").set("budget.queue_timeout", "3s");
    let stage = Stage::with(&setup).await;
    stage.sim.add_fault(Rule::new(Match::Query("love".to_owned()), Fault::InternalError).times(1));
    // Longer than the client's deadline, shorter than the time of the fetch.
    let night = Match::Query("night".to_owned());
    stage
        .sim
        .add_fault(Rule::new(night, Fault::TooMany { retry_after: 30, style: RetryStyle::Seconds }).times(1));
    let search = |word: &str| format!("/v1/track/search?searchText={word}");
    let (addr, love) = (stage.proxy.addr, vec![Ask::get(search("love"))]);
    let between = tokio::spawn(async move { crowd::at_once(addr, love).await.remove(0) });
    while stage.calls() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for answer in [stage.get(&search("night")).await, between.await.expect("no panic")] {
        assert_eq!(answer.code(), 429, "{}", answer.brief());
        assert!(answer.took < Duration::from_secs(20), "waited {:?}", answer.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_are_answered_while_the_upstream_hangs_and_the_queue_is_full() {
    let stage = Stage::with(&Setup::default_limits()).await;
    let warm = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    stage.get(&warm).await;
    stage.sim.add_fault(Rule::any(Fault::Hang));
    let addr = stage.proxy.addr;
    let stuck = tokio::spawn(async move { crowd::try_at_once(addr, searches(0, 60)).await });
    while stage.calls() < 3 {
        assert!(stage.get(&warm).await.is_hit());
    }
    let answers = crowd::at_once(addr, vec![Ask::get(warm); 100]).await;
    assert!(answers.iter().all(crate::harness::Answer::is_hit));
    stuck.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_tell_how_long_they_were_queued() {
    let stage = Stage::with(&Setup::default_limits()).await;
    let answers = crowd::at_once(stage.proxy.addr, searches(0, 3)).await;
    let told = answers.iter().filter_map(|answer| {
        let status = answer.header("cache-status");
        status.split_once("queued=").and_then(|(_, rest)| rest.trim_end_matches('"').parse::<u64>().ok())
    });
    let mut told: Vec<u64> = told.collect();
    told.sort_unstable();
    let [.., second, third] = told[..] else { panic!("two of three wait: {told:?}") };
    // Each stays away a gap of 750 ms from the one before; who waits longer is told more.
    assert!(second >= 600 && third >= second + 600, "{told:?}");
    assert!(
        !stage.get("/v1/track/search?searchText=love&page=0").await.header("cache-status").contains("queued")
    );
}
