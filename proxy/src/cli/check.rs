use std::process::ExitCode;

use crate::config::Loaded;

/// Says what a good configuration amounts to.
pub(super) fn check(loaded: &Loaded) -> ExitCode {
    let Loaded { config, path, .. } = loaded;
    if let Err(error) = config.telemetry.check() {
        eprintln!("recobeat-proxy: {error}");
        return ExitCode::FAILURE;
    }
    let from = path.as_ref().map_or_else(|| "the defaults".to_owned(), |path| path.display().to_string());
    println!("{from}: good");
    println!("clients at {}, admin at {}", config.listen, config.admin.listen);
    println!(
        "upstream {} with at most {} calls a minute, {} at a time",
        config.upstream.base_url, config.budget.rate_per_minute, config.budget.max_in_flight
    );
    ExitCode::SUCCESS
}
