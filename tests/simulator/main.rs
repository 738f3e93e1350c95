//! The simulator as a program: an upstream to point a proxy at.

use clap::Parser;
use recobeat_sim::{Behaviour, Latency, RateLimit, Settings, Simulator, rate_limit};
use std::io::{self, Write};
use std::net::SocketAddr;
use tokio::signal::unix::{SignalKind, signal};

/// Simulates the RecoBeat music API; /_sim/ on the same address controls it.
#[derive(Debug, Parser)]
#[command(name = "recobeat-sim", version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Seed of the catalogue and of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of tracks
    #[arg(long, default_value_t = 20_000)]
    tracks: usize,
    /// none, 500ms, uniform:200ms-1500ms or lognormal:480ms,0.5 (median, sigma)
    #[arg(long, default_value = "none")]
    latency: Latency,
    /// Calls per time, several windows with commas (90/60s,1/100ms), or off
    // Spelled out so that clap takes the value as it is: `off` is a value, not an absence.
    #[arg(long, default_value = "90/60s", value_parser = rate_limit)]
    rate_limit: ::std::option::Option<RateLimit>,
    /// Answer 403 to clients without a proper User-Agent
    #[arg(long)]
    user_agent_check: bool,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let arguments = Arguments::parse();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let simulator = Simulator::start(Settings {
        listen: arguments.listen,
        seed: arguments.seed,
        tracks: arguments.tracks,
        behaviour: Behaviour {
            latency: arguments.latency,
            rate_limit: arguments.rate_limit,
            user_agent_check: arguments.user_agent_check,
            ..Behaviour::default()
        },
    })
    .await
    .map_err(|error| {
        let text = format!("cannot listen on {}: {error}; choose another --listen", arguments.listen);
        io::Error::new(error.kind(), text)
    })?;
    writeln!(
        io::stdout(),
        "recobeat-sim listening on {} (seed {}, {} tracks)",
        simulator.url(),
        arguments.seed,
        simulator.catalogue().tracks().len()
    )?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}
