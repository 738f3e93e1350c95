use crate::harness::proxy::{free_port, run};
use crate::harness::{Ask, Line, Proxy, Setup, Stage, crowd, ids};
use recobeat_sim::Latency;
use std::net::TcpListener;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_tells_health_metrics_and_figures() {
    let stage = Stage::lifted().await;
    let target = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    stage.get(&target).await;
    stage.get(&target).await;
    assert_eq!(stage.proxy.admin("/health/live").await.code(), 200);
    let ready = stage.proxy.admin("/health/ready").await;
    assert_eq!((ready.code(), &ready.json()["status"]), (200, &"ready".into()));
    let metrics = stage.proxy.admin("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"), "{:?}", metrics.headers);
    assert!(metrics.text().contains(r#"recobeat_requests_total{endpoint="/v1/track",outcome="hit"} 1"#));
    let stats = stage.proxy.admin("/stats").await.json();
    assert_eq!(stats["upstream"]["calls"], 1, "{stats}");
    assert_eq!(stats["cache"]["by_category"]["track"]["hit"], 1, "{stats}");
    assert_eq!(stage.proxy.admin("/v1/track").await.code(), 404);
    for private in ["/metrics", "/stats", "/health/ready"] {
        assert_eq!(stage.get(private).await.code(), 404, "{private} answers on the public listener");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_token_is_asked_for() {
    let stage = Stage::with(&Setup::lifted().set("admin.token", "open-sesame")).await;
    assert_eq!(stage.proxy.admin("/stats").await.code(), 401);
    let allowed = Ask::get("/stats").header("authorization", "Bearer open-sesame");
    assert_eq!(Line::to(stage.proxy.admin).await.ask(allowed).await.code(), 200);
    assert_eq!(stage.proxy.admin("/health/live").await.code(), 200);
    assert!(!stage.proxy.log.lines().concat().contains("open-sesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    for (public, admin) in [(port, free_port()), (free_port(), port)] {
        let mut proxy = Proxy::spawn("http://127.0.0.1:9", &Setup::lifted(), public, admin);
        let (status, _) = proxy.ends().await.expect("it gives up");
        assert_eq!(status.code(), Some(1));
        let printed = proxy.log.settled(1).await;
        assert_eq!(printed.len(), 1, "{printed:#?}");
        assert!(printed[0].contains(&port.to_string()) && printed[0].contains("in use"), "{printed:?}");
    }
}

#[test]
fn a_bad_configuration_is_an_error_that_says_where() {
    for (set, wanted) in [
        ("budget.rate_per_minut=80", "rate_per_minute"),
        ("budget.rate_per_minute=many", "rate_per_minute"),
        ("cache.memory.max_entries=10", "5000"),
        ("batch.max_ids=41", "40"),
        ("listen=nowhere", "listen"),
        ("upstream.base_url=ftp://example.org", "base_url"),
    ] {
        for verb in ["check", "serve"] {
            let (code, out, err) = run(&[verb, "--set", set]);
            assert_eq!(code, Some(1), "{verb} {set}: {out}{err}");
            assert!(err.contains(wanted), "{verb} {set}: {err}");
        }
    }
    let (code, out, err) = run(&["check"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("good"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_upstream_does_not_stop_the_start() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let setup = Setup::lifted().set("upstream.retry.backoff", "10ms");
    let proxy = Proxy::start(&nobody, &setup).await;
    let mut ready = proxy.admin("/health/ready").await;
    for _ in 0..200 {
        assert_eq!(ready.code(), 200);
        if ready.json()["upstream"]["reachable"] == false {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        ready = proxy.admin("/health/ready").await;
    }
    assert_eq!(ready.json()["upstream"]["reachable"], false, "{}", ready.brief());
    assert_eq!(proxy.get("/v1/track/search?searchText=love").await.code(), 503);
    let streamed = proxy.get("/v1/no-such-route").await;
    assert!((502..=503).contains(&streamed.code()), "{}", streamed.brief());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_does_not_stop_the_start() {
    let proxy = Proxy::start("http://upstream.invalid", &Setup::lifted().without_retries()).await;
    assert_eq!(proxy.get("/v1/track/search?searchText=love").await.code(), 503);
    assert_eq!(proxy.admin("/health/ready").await.code(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_asks_its_own_listener_for_a_container() {
    let mut stage = Stage::with(&Setup::lifted().set("admin.token", "open-sesame")).await;
    let listen = format!("admin.listen={}", stage.proxy.admin);
    let ask =
        [&["health", "--set", &listen][..], &["health", "--set", &listen, "--config", "/dev/null/none"]];
    // A file that cannot be read changes nothing: the command line says where to ask.
    for arguments in ask {
        let (code, out, err) = run(arguments);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains(r#""status":"ready""#), "{out}");
    }
    stage.proxy.terminate();
    stage.proxy.ends().await.expect("it ends");
    for arguments in ask {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(err.contains(&format!("nobody answers at {}", stage.proxy.admin)), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_signal_lets_running_answers_end() {
    let mut stage = Stage::lifted().await;
    stage.sim.settings(|behaviour| behaviour.latency = Latency::Fixed(Duration::from_secs(2)));
    let addr = stage.proxy.addr;
    let idle = stage.line().await;
    let asks: Vec<Ask> =
        (0..10).map(|page| Ask::get(format!("/v1/track/search?searchText=love&page={page}"))).collect();
    let running = tokio::spawn(async move { crowd::at_once(addr, asks).await });
    while stage.calls() < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.proxy.terminate();
    let answers = running.await.expect("all are answered");
    assert!(answers.iter().all(crate::harness::Answer::is_ok));
    let (status, took) = stage.proxy.ends().await.expect("it ends");
    assert_eq!(status.code(), Some(0), "{}", stage.proxy.log.tail());
    assert!(took < Duration::from_secs(15), "took {took:?}");
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_signal_ends_it_though_the_upstream_hangs() {
    let mut stage = Stage::lifted().await;
    stage.sim.add_fault(recobeat_sim::Rule::any(recobeat_sim::Fault::Hang));
    let addr = stage.proxy.addr;
    let stuck = tokio::spawn(async move {
        crowd::try_at_once(addr, vec![Ask::get("/v1/track/search?searchText=love")]).await
    });
    while stage.calls() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.proxy.terminate();
    let (_, took) = stage.proxy.ends().await.expect("it ends");
    assert!(took < Duration::from_secs(20), "took {took:?}");
    stuck.abort();
}
