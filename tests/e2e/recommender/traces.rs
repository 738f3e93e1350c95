//! One trace and one id from an app through recommender and proxy to the upstream.

use crate::harness::Setup;
use crate::harness::collector::{Collector, Span};
use crate::harness::recommender::{Scene, Terms};
use serde_json::Value;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_app_through_both_services_to_the_upstream() {
    let collector = Collector::start().await;
    let setup = Setup::lifted().set("telemetry.otlp_endpoint", &collector.url());
    let terms = Terms::lifted().set("telemetry.otlp_endpoint", &collector.url());
    let scene = Scene::with(&setup, &terms).await;
    let caller = scene.caller("ada").header("traceparent", &format!("00-{TRACE}-{SPAN}-01"));
    caller.make_mood("calm and relaxing").await;

    let calls = scene.calls();
    let sent: Vec<String> =
        calls.iter().filter_map(|call| call.headers.get("traceparent").cloned()).collect();
    assert!(
        !sent.is_empty() && sent.len() == calls.len(),
        "{} of {} calls have a parent",
        sent.len(),
        calls.len()
    );
    let spans_sent: Vec<&str> = sent.iter().map(|parent| parent.split('-').nth(2).expect("a span")).collect();
    assert!(sent.iter().all(|parent| parent.contains(TRACE)), "{sent:?}");

    let all = |spans: &[Span]| {
        spans_sent.iter().all(|id| path(spans, id).last().is_some_and(|span| span.parent == SPAN))
    };
    let spans = collector.spans(TRACE, all).await;
    for id in spans_sent {
        let path = path(&spans, id);
        let services: Vec<&str> = path.iter().map(|span| span.service.as_str()).collect();
        let names: Vec<&str> = path.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(path.last().map(|span| span.parent.as_str()), Some(SPAN), "{names:?}");
        assert!(services.starts_with(&["recobeat-proxy", "recobeat-proxy"]), "{services:?} {names:?}");
        let end = &names[names.len() - 3..];
        assert_eq!(end, ["recobeat", "run", "/api/agents/recommendations/start"], "{services:?} {names:?}");
    }
    let run = spans.iter().find(|span| span.name == "run").expect("a run");
    for step in ["mood_analysis", "seed_gathering", "quality_evaluation"] {
        assert!(spans.iter().any(|span| span.name == step && span.parent == run.id), "no step {step}");
    }
}

/// From a span up to the first whose parent is not among them.
fn path<'s>(spans: &'s [Span], id: &str) -> Vec<&'s Span> {
    let find = |id: &str| spans.iter().find(|span| span.id == id);
    std::iter::successors(find(id), |span| find(&span.parent)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_a_run_is_in_the_logs_of_both_services() {
    let json = |part: &str| format!("warn,{part}=debug");
    let setup = Setup::lifted().set("telemetry.format", "json").set("telemetry.log", &json("recobeat_proxy"));
    let terms =
        Terms::lifted().set("telemetry.format", "json").set("telemetry.log", &json("recobeat_recommender"));
    let scene = Scene::with(&setup, &terms).await;
    let caller = scene
        .caller("ada")
        .header("x-request-id", "app-7")
        .header("traceparent", &format!("00-{TRACE}-{SPAN}-01"));
    let session = caller.start_mood("calm and relaxing").await;
    caller.ended(&session).await;

    let own = lines(&scene.recommender.log.lines());
    let started = own
        .iter()
        .find(|line| line["request_id"] == "app-7" && line["path"] == "/api/agents/recommendations/start");
    assert_eq!(started.expect("a line about the request")["trace_id"], TRACE);
    let ended = own.iter().find(|line| line["message"] == "run ended").expect("a line about the end");
    assert_eq!((&ended["session"], &ended["trace_id"]), (&session.as_str().into(), &TRACE.into()), "{ended}");
    let proxied = lines(&scene.proxy.log.lines());
    let asked: Vec<_> = proxied
        .iter()
        .filter(|line| line["message"] == "answered")
        .filter(|line| line["request_id"].as_str().is_some_and(|id| id.starts_with(&session)))
        .collect();
    assert!(!asked.is_empty(), "the proxy tells of no call of {session}");
    assert!(asked.iter().all(|line| line["trace_id"] == TRACE), "{asked:#?}");
}

fn lines(log: &[String]) -> Vec<Value> {
    log.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}
