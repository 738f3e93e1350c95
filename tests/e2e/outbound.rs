use crate::harness::{Ask, Setup, Stage, audio, ids};
use http::Method;
use recobeat_sim::{Fault, RetryStyle, Rule};
use std::time::Duration;

fn private(ask: Ask) -> Ask {
    ask.header("authorization", "Bearer secret-1")
        .header("x-api-key", "secret-2")
        .header("cookie", "session=secret-3")
        .header("proxy-authorization", "Basic secret-4")
        .header("x-forwarded-for", "198.51.100.7")
        .header("user-agent", "python-httpx/0.27")
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_never_go_upstream_and_never_stop_caching() {
    let stage = Stage::lifted().await;
    stage.sim.settings(|behaviour| behaviour.user_agent_check = true);
    let target = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    let search = "/v1/track/search?searchText=love";
    for ask in [Ask::get(&target), Ask::get(search), audio::upload(5_000), Ask::get("/v1/search/artist?q=x")]
    {
        stage.ask(private(ask)).await;
        let call = stage.last_call();
        let sent = format!("{:?}", call.headers);
        assert!(!sent.contains("secret") && !sent.contains("198.51"), "{}: {sent}", call.path);
        assert!(call.headers["user-agent"].starts_with("recobeat-proxy/"), "{sent}");
        assert_eq!(call.headers["host"], stage.sim.addr().to_string());
    }
    assert!(stage.get(&target).await.is_hit());
    assert!(stage.ask(private(Ask::get(search))).await.is_hit());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_goes_through_to_the_client_and_upstream() {
    let stage = Stage::lifted().await;
    for target in ["/v1/track/search?searchText=love", "/v1/no-such-route"] {
        let answer = stage.ask(Ask::get(target).header("x-request-id", "trace-17")).await;
        assert_eq!(answer.header("x-request-id"), "trace-17", "{target}");
        assert_eq!(stage.last_call().headers["x-request-id"], "trace-17", "{target}");
    }
    let own = stage.get("/v1/track/search?searchText=love").await;
    assert!(!own.header("x-request-id").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_through_whole_and_is_never_kept() {
    let stage = Stage::lifted().await;
    // The simulator draws its numbers from the bytes: equal numbers, equal bytes.
    let direct = crate::harness::Line::to(stage.sim.addr()).await.ask(audio::upload(3_000_000)).await;
    stage.sim.clear_log();
    let first = stage.ask(audio::upload(3_000_000)).await;
    let second = stage.ask(audio::upload(3_000_000)).await;
    assert_eq!((first.code(), &first.body), (200, &direct.body), "{}", first.brief());
    assert_eq!((second.body, stage.calls()), (direct.body, 2));
    assert!(first.header("cache-status").contains("fwd=bypass"), "{}", first.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_too_large_upload_is_refused_and_the_upstreams_refusal_passed_on() {
    let stage = Stage::lifted().await;
    let too_large = stage.ask(audio::upload(7 * 1024 * 1024)).await;
    assert_eq!(too_large.code(), 413, "{}", too_large.brief());
    assert_eq!(stage.calls(), 0);
    let refused = stage.ask(audio::upload(5_500_000)).await;
    assert_eq!((refused.code(), refused.error_code()), (400, Some(4002)), "{}", refused.brief());
    let wrong = stage.ask(Ask::new(Method::POST, audio::PATH).header("content-type", "text/plain")).await;
    assert_eq!(wrong.code(), 415, "{}", wrong.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods_pass_through_unchanged() {
    let stage = Stage::lifted().await;
    for _ in 0..2 {
        let answer = stage.get("/v1/search/artist?q=a%20b&limit=3").await;
        assert_eq!((answer.code(), answer.error_code()), (404, Some(4042)), "{}", answer.brief());
        assert_eq!(
            (stage.last_call().path.as_str(), stage.last_call().query.as_str()),
            ("/v1/search/artist", "q=a%20b&limit=3")
        );
    }
    assert_eq!(stage.calls(), 2);
    stage.ask(Ask::new(Method::DELETE, "/v1/track/abc")).await;
    assert_eq!(stage.last_call().method, "DELETE");
    let slash = stage.get("/v1/track/?ids=a").await;
    assert_eq!((slash.code(), stage.last_call().path.as_str()), (404, "/v1/track/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_429_holds_everyone() {
    let stage = Stage::lifted().await;
    stage.sim.add_fault(Rule::any(Fault::TooMany { retry_after: 2, style: RetryStyle::Date }).times(1));
    let streamed = stage.ask(audio::upload(1_000)).await;
    assert_eq!(streamed.code(), 429);
    assert!(streamed.retry_after().is_some_and(|wait| wait <= 3), "{:?}", streamed.headers);
    let held = stage.get("/v1/track/search?searchText=love").await;
    assert!(held.is_ok());
    // A date has whole seconds: up to one of the two may be over when it is written.
    assert!(held.took >= Duration::from_millis(900), "{:?}", held.took);
    let calls = stage.sim.log();
    assert!(calls[1].at - calls[0].at >= 950.0, "the hold was not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_url_with_a_path_is_kept() {
    let sim = crate::harness::stage::simulator().await;
    let proxy = crate::harness::Proxy::start(&format!("{}/mirror", sim.url()), &Setup::lifted()).await;
    proxy.get("/v1/track/search?searchText=love").await;
    proxy.get("/v1/no-such-route").await;
    let paths: Vec<String> = sim.log().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/mirror/v1/track/search", "/mirror/v1/no-such-route"]);
}
