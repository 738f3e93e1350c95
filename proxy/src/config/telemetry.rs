//! What is logged and where traces go.

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::kind::{Fault, Parsed, choice, optional, parsed};
use super::reader::Reader;

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
            log: r.key("log", "info".to_owned(), filter()),
            format: r.key(
                "format",
                LogFormat::Pretty,
                choice(&[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)]),
            ),
            otlp_endpoint: r.key("otlp_endpoint", None, optional(endpoint())),
        }
    }
}

fn filter() -> Parsed<String> {
    parsed("log directives such as info or warn,recobeat_proxy=debug", |text| {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        // The filter takes a bare word that is no level for a target to trace: a slip like
        // `inof` would turn everything else off.
        let slip = text.split(',').map(str::trim).any(|part| {
            !part.contains(['=', '[']) && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part))
        });
        if slip {
            return Err(Fault::why("has a part that is no level").help(format!(
                "the levels are {}; for one part of the program write part=level",
                LEVELS.join(", ")
            )));
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(Fault::why(format!("cannot be read ({error})"))),
        }
    })
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
