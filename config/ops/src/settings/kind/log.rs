//! What is logged.

use tracing_subscriber::EnvFilter;

use super::{Fault, Parsed, parsed};

/// Directives that `EnvFilter` can read: a level, or levels by part of the program.
pub fn log_filter(wanted: &'static str) -> Parsed<String> {
    parsed(wanted, |text| {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        // The filter takes a bare word that is no level for a target to trace: a slip like
        // `inof` would turn everything else off.
        let slip = text.split(',').map(str::trim).any(|part| {
            !part.contains(['=', '[']) && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part))
        });
        let levels =
            || format!("the levels are {}; for one part of the program write part=level", LEVELS.join(", "));
        if slip {
            return Err(Fault::why("has a part that is no level").help(levels()));
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(Fault::why(format!("cannot be read ({error})")).help(levels())),
        }
    })
}
