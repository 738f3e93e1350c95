//! Who caused a call: contexts that go through, spans that a collector gets, and what shows without one.

use crate::harness::collector::{Collector, Span};
use crate::harness::proxy::free_port;
use crate::harness::{Ask, Setup, Stage, ids, proxy};
use serde_json::Value;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "1bf7651916cd43dd8448eb211c80319d";
const SPAN: &str = "b7ad6b7169203331";

fn parent(trace: &str) -> String {
    format!("00-{trace}-{SPAN}-01")
}

fn ask(trace: &str, target: &str) -> Ask {
    Ask::get(target).header("traceparent", parent(trace)).header("tracestate", "vendor=1")
}

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span `{name}` in {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_what_the_client_sent_goes_upstream_as_it_is() {
    let stage = Stage::lifted().await;
    let row = format!("/v1/track?ids={}", ids::tracks(0, 1)[0].spotify);
    for target in [row.as_str(), "/v1/track/search?searchText=love", "/v1/no-such-route"] {
        stage.ask(ask(TRACE, target)).await;
        let call = stage.last_call();
        assert_eq!(call.headers["traceparent"], parent(TRACE), "{target}");
        assert_eq!(call.headers["tracestate"], "vendor=1", "{target}");
    }
    stage.ask(Ask::get("/v1/track/search?searchText=night").header("traceparent", "00-nonsense")).await;
    assert!(!stage.last_call().headers.contains_key("traceparent"), "what is no context is not passed on");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_span_of_a_request_stands_below_what_caused_it() {
    let collector = Collector::start().await;
    let stage = Stage::with(&Setup::lifted().set("telemetry.otlp_endpoint", &collector.url())).await;
    let target = "/v1/track/search?searchText=love";
    stage.ask(ask(TRACE, target)).await;
    let call = stage.last_call();
    stage.ask(ask(TRACE, target)).await;

    let spans = collector.spans(TRACE, |spans| spans.len() >= 4).await;
    let requests: Vec<&Span> = spans.iter().filter(|span| span.parent == SPAN).collect();
    let outcomes: Vec<&str> =
        requests.iter().map(|span| span.attributes["recobeat.outcome"].as_str()).collect();
    assert_eq!(outcomes, ["miss", "hit"], "{spans:#?}");
    assert!(requests.iter().all(|span| span.attributes["http.route"] == "/v1/track/search"));
    assert!(requests[1].attributes["recobeat.cache_status"].starts_with("recobeat; hit"), "{requests:#?}");
    let below: Vec<&Span> = spans.iter().filter(|span| span.parent == requests[0].id).collect();
    assert_eq!(below.len(), 2, "{spans:#?}");
    assert_eq!(
        below.iter().find(|span| span.name == "queue").expect("it queued").attributes["recobeat.lane"],
        "interactive"
    );
    let called = below.iter().find(|span| span.name != "queue").expect("it called");
    assert_eq!(called.attributes["http.response.status_code"], "200");
    assert_eq!(
        call.headers["traceparent"],
        format!("00-{TRACE}-{}-01", called.id),
        "the call carries its span"
    );
    assert_eq!(call.headers["tracestate"], "vendor=1");
    assert!(spans.iter().all(|span| span.service == "recobeat-proxy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_part_of_one_trace_and_linked_to_the_others() {
    let collector = Collector::start().await;
    let setup = Setup::lifted().set("telemetry.otlp_endpoint", &collector.url()).set("batch.linger", "900ms");
    let stage = Stage::with(&setup).await;
    let tracks = ids::tracks(0, 2);
    let [one, two] = [TRACE, OTHER].map(str::to_owned);
    let row = |at: usize| format!("/v1/track?ids={}", tracks[at].spotify);
    tokio::join!(stage.ask(ask(&one, &row(0))), stage.ask(ask(&two, &row(1))));
    assert_eq!(stage.calls(), 1);
    let sent = stage.last_call().headers["traceparent"].clone();

    let first = if sent.contains(TRACE) { TRACE } else { OTHER };
    let second = if first == TRACE { OTHER } else { TRACE };
    let spans = collector.spans(first, |spans| spans.len() >= 4).await;
    let batch = named(&spans, "batch");
    assert_eq!(
        (batch.links.as_slice(), batch.attributes["recobeat.ids"].as_str()),
        (&[second.to_owned()][..], "2")
    );
    let called =
        spans.iter().find(|span| span.parent == batch.id && span.name == "/v1/track").expect("one call");
    assert_eq!(sent, format!("00-{first}-{}-01", called.id));
    let request = spans.iter().find(|span| span.id == batch.parent).expect("a request below the client");
    assert_eq!(request.parent, SPAN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nobody_anything() {
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let mut stage = Stage::with(&Setup::lifted().set("telemetry.otlp_endpoint", &nowhere)).await;
    for page in 0..20 {
        let answer = stage.ask(ask(TRACE, &format!("/v1/track/search?searchText=love&page={page}"))).await;
        assert!(answer.is_ok(), "{}", answer.brief());
    }
    stage.proxy.terminate();
    let (status, _) = stage.proxy.ends().await.expect("it ends all the same");
    assert!(status.success());
    let lines = stage.proxy.log.settled(2).await;
    let told: Vec<_> = lines.iter().filter(|line| line.contains("traces cannot be exported")).collect();
    assert_eq!(told.len(), 1, "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_no_url_is_refused_with_an_example() {
    let (code, _, told) = proxy::run(&["check", "--set", "telemetry.otlp_endpoint=localhost:4318"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("such as http://localhost:4318"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_for_machines_names_request_and_trace_in_each_line_about_them() {
    let setup =
        Setup::lifted().set("telemetry.format", "json").set("telemetry.log", "warn,recobeat_proxy=debug");
    let stage = Stage::with(&setup).await;
    stage.ask(ask(TRACE, "/v1/track/search?searchText=love").header("x-request-id", "trace-17")).await;
    let answered = |line: &Value| line["message"] == "answered" && line["request_id"] == "trace-17";
    for _ in 0..500 {
        let lines = stage.proxy.log.lines();
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
        if let Some(line) = lines.iter().find(|line| answered(line)) {
            assert_eq!((&line["trace_id"], &line["span_id"]), (&TRACE.into(), &SPAN.into()), "{line}");
            assert_eq!(
                (&line["target"], &line["outcome"]),
                (&"recobeat_proxy::engine".into(), &"miss".into())
            );
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no line about the request:\n{}", stage.proxy.log.tail());
}
