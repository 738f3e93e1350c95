//! The command line: one verb each for running, for checking, for asking how the running proxy is.

mod health;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Loaded, Sources};
use crate::serve::serve;
use health::health;

/// A caching, batching, rate-keeping proxy for the `RecoBeat` API.
#[derive(Debug, Parser)]
#[command(name = "recobeat-proxy", version, about)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    sources: SourceArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the proxy (the default)
    Serve,
    /// Say whether the configuration is good, and what it amounts to
    Check,
    /// Say whether the running proxy is ready; exit 0 if it is
    Health,
}

#[derive(Debug, Args)]
struct SourceArgs {
    /// Configuration file; without it config/proxy.yaml if there is one, else the defaults
    #[arg(long, short, global = true, env = "RECOBEAT_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    /// Set one key, such as `--set budget.rate_per_minute=60`
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let sources = Sources::of_process(cli.sources.config, cli.sources.set);
    if let Some(Verb::Health) = cli.verb {
        return health(sources);
    }
    let loaded = match Config::load(sources) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match cli.verb {
        Some(Verb::Check) => check(&loaded),
        _ => match serve(&loaded.config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("recobeat-proxy: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

fn check(loaded: &Loaded) -> ExitCode {
    let Loaded { config, path } = loaded;
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
