//! The command line: one verb each for running, for checking, for asking how the running
//! service is, for the documents of the interface and of the configuration.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use recobeat_ops::health::ready;
use recobeat_ops::settings::schema;
use tokio::runtime::Runtime;

use crate::auth::Gate;
use crate::config::{Config, Loaded, Sources};
use crate::http;
use crate::serve::{rules, serve};

/// Mood playlists through recobeat-proxy.
#[derive(Debug, Parser)]
#[command(name = "recobeat-recommender", version, about)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    sources: SourceArgs,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Verb {
    /// Serve (the default)
    Serve,
    /// Say whether the configuration is good, and what it amounts to
    Check,
    /// Say whether the running service is ready; exit 0 if it is
    Health,
    /// Print the `OpenAPI` document of the interface
    Openapi,
    /// Print the JSON Schema of the configuration, for editors
    Schema,
}

#[derive(Debug, Args)]
struct SourceArgs {
    /// Configuration file; without it config/recommender.yaml if there is one, else the defaults
    #[arg(long, short, global = true, env = "RECOMMENDER_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    /// Set one key, such as `--set run.rounds=2`
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Address to serve on
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let Cli { verb, sources: SourceArgs { config, mut set, listen } } = Cli::parse();
    match verb {
        Some(Verb::Openapi) => return print(&http::document()),
        Some(Verb::Schema) => return print(&schema::<Config>()),
        _ => {}
    }
    set.extend(listen.map(|listen| format!("listen={listen}")));
    let sources = Sources::of_process(config, set);
    if let Some(Verb::Health) = verb {
        return health(sources);
    }
    let loaded = match Config::load(sources.clone()) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let done = match verb {
        Some(Verb::Check) => check(&loaded.config),
        _ => begin(loaded, sources),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("recobeat-recommender: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn health(sources: Sources) -> ExitCode {
    match ready(listener(sources)) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("recobeat-recommender: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file that was made bad under a running service leaves it well; what else says where it listens stands
/// in then, and at last the default.
fn listener(sources: Sources) -> SocketAddr {
    let beside = sources.beside_the_file();
    let loaded = Config::load(sources).or_else(|_| Config::load(beside));
    loaded.map(|loaded| loaded.config).unwrap_or_default().listen
}

fn print(text: &str) -> ExitCode {
    // Whoever reads may have seen enough.
    io::stdout().write_all(text.as_bytes()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn begin(loaded: Loaded, sources: Sources) -> Result<(), String> {
    let started = loaded.config.telemetry.start("", "recobeat-recommender", env!("CARGO_PKG_VERSION"));
    let (log, _traces) = started.map_err(|error| error.to_string())?;
    let runtime = Runtime::new().map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(serve(loaded, sources, log)).map_err(|error| error.to_string())
}

/// What only shows when the parts are made is checked too: keys, rule tables.
fn check(config: &Config) -> Result<(), String> {
    let gate = Gate::new(&config.auth, &config.cors).map_err(|error| error.to_string())?;
    rules(config).map_err(|error| error.to_string())?;
    config.telemetry.check().map_err(|error| error.to_string())?;
    println!("good: serves at {}, RecoBeat through {}", config.listen, config.proxy.url);
    println!(
        "callers are told apart by mode {}; {} starts a minute each, {} runs at once",
        gate.mode(),
        config.limits.start_per_minute,
        config.limits.concurrent_runs
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn beside_a_bad_file_the_environment_and_the_command_line_say_where_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recommender.yaml");
        let at = |text: &str, env: &[(&str, &str)], set: &[&str]| {
            fs::write(&path, text).unwrap();
            let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let set = set.iter().map(ToString::to_string).collect();
            listener(Sources { path: Some(path.clone()), env, set }).to_string()
        };
        let env = [("RECOMMENDER_LISTEN", "127.0.0.1:8181")];
        let bad = "lisen: 1\nlisten: 127.0.0.1:8383\n";
        assert_eq!(at("listen: 127.0.0.1:8383", &[], &[]), "127.0.0.1:8383");
        assert_eq!(at(bad, &env, &[]), "127.0.0.1:8181");
        assert_eq!(at(bad, &env, &["listen=127.0.0.1:8282"]), "127.0.0.1:8282");
        assert_eq!(at(bad, &[], &[]), "127.0.0.1:8000");
        assert_eq!(at(bad, &[], &["listen=nowhere"]), "127.0.0.1:8000");
    }
}
