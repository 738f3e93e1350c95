//! What is logged and where traces go.

use serde::Serialize;

use recobeat_ops::settings::Reader;
use recobeat_ops::settings::kind::{Fault, Parsed, choice, log_filter, optional, parsed};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telemetry {
    /// Directives that `EnvFilter` can read.
    pub log: String,
    pub format: LogFormat,
    /// An `http` or `https` URL.
    pub otlp_endpoint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people at a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Telemetry {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            log: r.key(
                "log",
                "info".to_owned(),
                log_filter("log directives such as info or warn,recobeat_proxy=debug"),
            ),
            format: r.key(
                "format",
                LogFormat::Pretty,
                choice(&[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)]),
            ),
            otlp_endpoint: r.key("otlp_endpoint", None, optional(endpoint())),
        }
    }
}

fn endpoint() -> Parsed<String> {
    parsed("an http or https URL such as http://localhost:4317", |text| {
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
