//! From spans to the collector: OpenTelemetry's SDK, its thread and its queue.
//!
//! A collector that is away costs nobody anything: spans wait in a queue of fixed size, the eldest attempt
//! ends after five seconds, and what does not fit is dropped. One log line per change tells.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags,
    TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context as Under, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use opentelemetry_sdk::{Resource, trace};

use super::span::Begin;
use super::{Context, Kind, TraceError, Value};

/// For one batch, and for the last one at the end.
const SEND: Duration = Duration::from_secs(5);
const LAST: Duration = Duration::from_secs(3);

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// The export under way.
#[derive(Debug)]
pub(super) struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::debug!(%error, "the last traces may be lost");
        }
    }
}

pub(super) fn start(
    endpoint: &str,
    service: &'static str,
    version: &'static str,
) -> Result<Exporting, TraceError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(traces_url(endpoint))
        .with_timeout(SEND)
        .build()
        .map_err(|error| TraceError::Exporter { endpoint: endpoint.to_owned(), reason: error.to_string() })?;
    let attributes = [KeyValue::new("service.name", service), KeyValue::new("service.version", version)];
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_attributes(attributes).build())
        .with_batch_exporter(Told {
            exporter,
            endpoint: endpoint.to_owned(),
            failing: AtomicBool::new(false),
        })
        .build();
    TRACER.set(provider.tracer(service)).map_err(|_| TraceError::Started)?;
    tracing::info!(endpoint, "traces are exported");
    Ok(Exporting(provider))
}

/// The base that the specification names, or the address of traces itself.
fn traces_url(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
}

/// An exporter whose failures are told once, and their end.
#[derive(Debug)]
struct Told<E> {
    exporter: E,
    endpoint: String,
    failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        let (failed, endpoint) = (result.is_err(), &self.endpoint);
        match (&result, self.failing.swap(failed, Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(endpoint, %error, "traces cannot be exported, they are dropped");
            }
            (Ok(()), true) => tracing::info!(endpoint, "traces are exported again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// A span that will be exported.
#[derive(Debug)]
pub(super) struct Recording(trace::Span);

impl Recording {
    /// `None` while nothing is exported.
    pub(super) fn begin(under: Option<&Context>, begin: impl FnOnce() -> Begin) -> Option<Self> {
        let tracer = TRACER.get()?;
        Some(Self::of(tracer, under, begin()))
    }

    fn of(tracer: &SdkTracer, under: Option<&Context>, begin: Begin) -> Self {
        let Begin { kind, name, links, ago } = begin;
        let links = links.iter().map(|context| Link::with_context(theirs(context))).collect();
        let builder = SpanBuilder::from_name(name)
            .with_kind(match kind {
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
                Kind::Internal => SpanKind::Internal,
            })
            .with_links(links)
            .with_start_time(SystemTime::now() - ago);
        let under =
            under.map_or_else(Under::new, |context| Under::new().with_remote_span_context(theirs(context)));
        Self(tracer.build_with_context(builder, &under))
    }

    pub(super) fn context(&self) -> Context {
        let own = self.0.span_context();
        let state = own.trace_state().header();
        Context {
            trace: u128::from_be_bytes(own.trace_id().to_bytes()),
            span: u64::from_be_bytes(own.span_id().to_bytes()),
            flags: own.trace_flags().to_u8(),
            state: (!state.is_empty()).then(|| state.into()),
        }
    }

    pub(super) fn is_sampled(&self) -> bool {
        self.0.is_recording()
    }

    pub(super) fn rename(&mut self, name: &'static str) {
        self.0.update_name(name);
    }

    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        let value: opentelemetry::Value = match value {
            Value::Text(text) => text.into(),
            Value::Number(number) => number.into(),
            Value::Flag(flag) => flag.into(),
        };
        self.0.set_attribute(KeyValue::new(key, value));
    }

    pub(super) fn fail(&mut self, why: Cow<'static, str>) {
        self.0.set_status(Status::error(why));
    }
}

fn theirs(context: &Context) -> SpanContext {
    let state = context.state.as_deref().and_then(|state| state.parse::<TraceState>().ok());
    SpanContext::new(
        TraceId::from_bytes(context.trace.to_be_bytes()),
        SpanId::from_bytes(context.span.to_be_bytes()),
        TraceFlags::new(context.flags),
        true,
        state.unwrap_or_default(),
    )
}
