//! The section `telemetry` of both services: what is logged, how, and where traces go.

use serde::Serialize;

use crate::log::{self, Form, LogError, LogHandle};
use crate::settings::Reader;
use crate::settings::kind::{Fault, Parsed, choice, log_filter, optional, parsed};
use crate::trace::{self, TraceError, Traces};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telemetry {
    /// Directives that `EnvFilter` can read.
    pub log: String,
    pub format: Form,
    /// An `http` or `https` URL.
    pub otlp_endpoint: Option<String>,
}

/// Why the service cannot be watched as its configuration says. The message names the key.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Trace(#[from] TraceError),
}

impl Telemetry {
    /// `wanted` describes a filter, with a part of the service as an example.
    pub fn read(r: &mut Reader<'_>, wanted: &'static str) -> Self {
        let forms = choice(&[("pretty", Form::Pretty), ("json", Form::Json)]);
        Self {
            log: r.key("log", "info".to_owned(), log_filter(wanted)),
            format: r.key("format", Form::Pretty, forms),
            otlp_endpoint: r.key("otlp_endpoint", None, optional(endpoint())),
        }
    }

    /// Begins to log and to export traces, which end with what is returned. `quiet` are directives that the
    /// configuration's overrule.
    ///
    /// # Errors
    /// What cannot be done with this binary, or a second start within one process.
    pub fn start(
        &self,
        quiet: &'static str,
        service: &'static str,
        version: &'static str,
    ) -> Result<(LogHandle, Traces), TelemetryError> {
        let log = log::start(quiet, &self.log, self.format)?;
        Ok((log, trace::start(self.otlp_endpoint.as_deref(), service, version)?))
    }

    /// What can be said without a start.
    ///
    /// # Errors
    /// What cannot be done with this binary.
    pub fn check(&self) -> Result<(), TraceError> {
        trace::check(self.otlp_endpoint.as_deref())
    }
}

fn endpoint() -> Parsed<String> {
    parsed("an http or https URL such as http://localhost:4318", |text| {
        let uri: http::Uri = text.parse().map_err(|_| Fault::wrong())?;
        let scheme = uri.scheme_str().unwrap_or_default();
        if text.contains('@') {
            return Err(Fault::why("carries credentials").help("remove what stands before the `@`"));
        }
        if matches!(scheme, "http" | "https") && uri.host().is_some_and(|host| !host.is_empty()) {
            Ok(text.to_owned())
        } else {
            Err(Fault::wrong())
        }
    })
}
