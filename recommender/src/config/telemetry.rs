//! What is logged.

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::kind::{Fault, Parsed, parsed, switch};
use super::reader::Reader;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Telemetry {
    /// A filter of the tracing crate, for example `info,recobeat_recommender=debug`.
    pub log: String,
    pub json: bool,
}

impl Telemetry {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self { log: r.key("log", "info".to_owned(), filter()), json: r.key("json", false, switch()) }
    }
}

fn filter() -> Parsed<String> {
    parsed("log directives such as info or warn,recobeat_recommender=debug", |text| {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        // The filter takes a bare word that is no level for a target to trace: a slip like
        // `inof` would turn everything else off.
        let slip = text.split(',').map(str::trim).any(|part| {
            !part.contains(['=', '[']) && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part))
        });
        if slip {
            let levels = LEVELS.join(", ");
            return Err(Fault::why("has a part that is no level")
                .help(format!("the levels are {levels}; for one part of the program write part=level")));
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(Fault::why(format!("cannot be read ({error})"))),
        }
    })
}
