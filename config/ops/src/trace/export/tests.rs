use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue};
use opentelemetry_sdk::error::OTelSdkError;
use tracing::subscriber::set_default;
use tracing_subscriber::fmt;

use super::*;

/// Keeps what it is given, or fails while it is told to.
#[derive(Debug, Clone, Default)]
struct Kept {
    spans: Arc<Mutex<Vec<SpanData>>>,
    away: Arc<AtomicBool>,
}

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.away.load(Ordering::Relaxed) {
            return Err(OTelSdkError::InternalFailure("refused".to_owned()));
        }
        self.spans.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn tracer() -> (Kept, SdkTracerProvider) {
    let kept = Kept::default();
    (kept.clone(), SdkTracerProvider::builder().with_simple_exporter(kept).build())
}

fn context(parent: &'static str) -> Context {
    let fields = [("traceparent", parent), ("tracestate", "vendor=1")];
    let headers: HeaderMap = fields
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    Context::of(&headers).expect("a valid context")
}

fn begin(links: Vec<Context>) -> Begin {
    Begin { kind: Kind::Client, name: "call".into(), links, ago: Duration::from_secs(2) }
}

#[test]
fn a_span_stands_below_its_parent_and_hands_its_own_id_on() {
    let (kept, provider) = tracer();
    let under = context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let other = context("00-1bf7651916cd43dd8448eb211c80319d-c7ad6b7169203332-01");
    let mut span = Recording::of(&provider.tracer("test"), Some(&under), begin(vec![other.clone()]));
    span.set("ids", Value::Number(7));
    span.fail("late".into());
    let own = span.context();
    assert_eq!((own.trace, own.flags, &own.state), (under.trace, 1, &under.state));
    assert_ne!(own.span, under.span);
    drop(span);

    let [span] = &kept.spans.lock().unwrap()[..] else { panic!("one span") };
    assert_eq!(span.parent_span_id.to_bytes(), under.span.to_be_bytes());
    assert_eq!(span.span_context.span_id().to_bytes(), own.span.to_be_bytes());
    assert_eq!((span.name.as_ref(), &span.span_kind), ("call", &SpanKind::Client));
    assert_eq!(span.attributes, [KeyValue::new("ids", 7)]);
    assert_eq!(span.status, Status::error("late"));
    let linked: Vec<_> = span.links.iter().map(|link| link.span_context.trace_id().to_bytes()).collect();
    assert_eq!(linked, [other.trace.to_be_bytes()]);
    let took = span.end_time.duration_since(span.start_time).unwrap();
    assert!(took >= Duration::from_secs(2), "it began {took:?} before its end");
}

#[test]
fn a_trace_that_is_not_sampled_goes_on_unsampled_and_unseen() {
    let (kept, provider) = tracer();
    let under = context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    let span = Recording::of(&provider.tracer("test"), Some(&under), begin(Vec::new()));
    assert!(!span.is_sampled());
    assert_eq!((span.context().trace, span.context().flags), (under.trace, 0));
    drop(span);
    assert_eq!(kept.spans.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_collector_that_goes_away_is_told_once_and_so_is_its_return() {
    let lines = Arc::<Mutex<Vec<u8>>>::default();
    let writer = Arc::clone(&lines);
    let _quiet =
        set_default(fmt().with_ansi(false).with_writer(move || Shared(Arc::clone(&writer))).finish());
    let kept = Kept::default();
    let away = Arc::clone(&kept.away);
    let told = Told { exporter: kept, endpoint: "http://otel".to_owned(), failing: AtomicBool::new(false) };
    for failing in [false, true, true, true, false, false] {
        away.store(failing, Ordering::Relaxed);
        assert_eq!(told.export(Vec::new()).await.is_err(), failing);
    }
    let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    let [gone, back] = &text.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {text}") };
    assert!(
        gone.contains("WARN") && gone.contains("cannot be exported") && gone.contains("http://otel"),
        "{gone}"
    );
    assert!(back.contains("INFO") && back.contains("exported again"), "{back}");
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_base_of_the_specification_and_the_address_of_traces_mean_the_same() {
    for endpoint in ["http://otel:4318", "http://otel:4318/", "http://otel:4318/v1/traces"] {
        assert_eq!(traces_url(endpoint), "http://otel:4318/v1/traces");
    }
    assert_eq!(traces_url("https://cloud/otlp"), "https://cloud/otlp/v1/traces");
}
