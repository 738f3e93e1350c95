//! The command line: one file per verb. Some run or check; others ask a proxy that runs, by its admin
//! listener, whose address and token are in the configuration.

mod admin;
mod check;
mod explain;
mod health;
mod paint;
mod reload;
mod warm;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use recobeat_ops::settings::schema;

use crate::config::{Config, ConfigError, Loaded, Sources};
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
    /// Say why the running proxy would answer a URL as it would; makes no call
    Explain(explain::Explain),
    /// Let the running proxy fetch what will be asked for, in its lane behind everybody else's
    Warm(warm::Warm),
    /// Let the running proxy read its configuration again, and say what became of it
    Reload(reload::Reload),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
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
    if let Some(Verb::Schema) = cli.verb {
        return print(&schema::<Config>());
    }
    let sources = Sources::of_process(cli.sources.config, cli.sources.set);
    if let Some(Verb::Health) = cli.verb {
        return health(sources);
    }
    let asks = matches!(cli.verb, Some(Verb::Explain(_) | Verb::Warm(_) | Verb::Reload(_)));
    let loaded = match Config::load(sources.clone()) {
        Err(error) if asks => beside_the_file(&error, &sources),
        loaded => loaded,
    };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match cli.verb {
        Some(Verb::Check) => check::check(&loaded),
        Some(Verb::Explain(verb)) => verb.run(&loaded.config.admin),
        Some(Verb::Warm(verb)) => verb.run(&loaded.config.admin),
        Some(Verb::Reload(verb)) => verb.run(&loaded.config.admin),
        None | Some(Verb::Serve | Verb::Health | Verb::Schema) => match serve(&loaded, sources) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("recobeat-proxy: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

fn print(text: &str) -> ExitCode {
    // Whoever reads may have seen enough.
    io::stdout().write_all(text.as_bytes()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// A proxy whose file was made bad can be asked all the same; that its admin listener is not looked for
/// there is said.
fn beside_the_file(error: &ConfigError, sources: &Sources) -> Result<Loaded, ConfigError> {
    let loaded = Config::load(sources.beside_the_file())?;
    eprintln!("{error}\nthe file is left aside: asking at {}", loaded.config.admin.listen);
    Ok(loaded)
}
