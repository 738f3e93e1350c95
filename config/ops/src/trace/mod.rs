//! Traces: what a request caused, across services, in the words of W3C Trace Context.
//!
//! A [`Context`] is a value that goes along with a request, like its id: from the client's `traceparent`
//! through queues and batches to the call it causes. A [`Span`] begins under a context and has one of its own
//! for what it causes. Who caused what is said, not guessed from where code happens to run: work moves
//! between tasks, and one call serves many requests. Only where one task serves one from end to end is the
//! context [`current`] there.
//!
//! Spans leave over OTLP/HTTP in batches, from a thread of the exporter. Without an endpoint, or in a binary
//! without the feature `otlp`, there are none, and a span costs nothing: its context is the one it began
//! under, so what a client sent still arrives at the other end.

mod context;
#[cfg(feature = "otlp")]
mod export;
mod span;
mod task;
#[cfg(not(feature = "otlp"))]
mod unrecorded;

pub use context::Context;
pub use span::{Kind, Span, Value};
pub use task::{current, within};

#[cfg(feature = "otlp")]
use export::Recording;
#[cfg(not(feature = "otlp"))]
use unrecorded::Recording;

/// Why traces cannot be exported. The message names the key and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    #[error(
        "`telemetry.otlp_endpoint` is set, but this binary was built without traces: build it with \
         `cargo build --release --features otlp`, or set the key to null"
    )]
    NotBuiltIn,
    #[error("cannot export traces to {endpoint}, as `telemetry.otlp_endpoint` says: {reason}")]
    Exporter { endpoint: String, reason: String },
    #[error("this process exports traces already")]
    Started,
}

/// Keeps traces going out; dropping it sends the last ones, for three seconds at most.
#[derive(Debug)]
#[must_use = "dropped, it ends the export"]
pub struct Traces {
    #[cfg(feature = "otlp")]
    _exporting: Option<export::Exporting>,
}

/// Whether an endpoint can be used by this binary.
///
/// # Errors
/// [`TraceError::NotBuiltIn`].
pub fn check(endpoint: Option<&str>) -> Result<(), TraceError> {
    if endpoint.is_some() && cfg!(not(feature = "otlp")) { Err(TraceError::NotBuiltIn) } else { Ok(()) }
}

/// Exports spans to the collector at `endpoint` (the base of OTLP over HTTP, such as
/// `http://localhost:4318`), or nowhere. Where it is `https`, a default rustls provider must be installed.
///
/// # Errors
/// An endpoint that cannot be used by this binary, or a second start within one process.
#[cfg_attr(not(feature = "otlp"), allow(unused_variables))] // there is nothing to name
pub fn start(
    endpoint: Option<&str>,
    service: &'static str,
    version: &'static str,
) -> Result<Traces, TraceError> {
    check(endpoint)?;
    Ok(Traces {
        #[cfg(feature = "otlp")]
        _exporting: endpoint.map(|endpoint| export::start(endpoint, service, version)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_refused_by_a_binary_that_cannot_export() {
        assert_eq!(check(None), Ok(()));
        let refused = if cfg!(feature = "otlp") { Ok(()) } else { Err(TraceError::NotBuiltIn) };
        assert_eq!(check(Some("http://localhost:4318")), refused);
    }
}
