//! The command line.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::http::router;

/// Mood playlists through recobeat-proxy.
#[derive(Debug, Parser)]
#[command(name = "recobeat-recommender", version, about)]
struct Cli {
    /// Address to serve on
    #[arg(long, env = "RECOMMENDER_LISTEN", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run() -> ExitCode {
    let Cli { listen } = Cli::parse();
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(io::stderr).init();
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("recobeat-recommender: cannot listen on {listen}: {error}; give another --listen");
            return ExitCode::FAILURE;
        }
    };
    tracing::info!(%listen, "recobeat-recommender serves");
    match axum::serve(listener, router()).with_graceful_shutdown(stopped()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recobeat-recommender: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Without handlers the system's default ends the process.
async fn stopped() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
