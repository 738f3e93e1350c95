//! Connects, listens, checks, and begins again, for as long as the link lives.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tokio::time::{Instant, sleep, timeout};

use super::wire::{self, Wire};
use super::{Event, Settings, Shared, VERDICT};

/// The first pause between two probes of a server that is away; doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a link that is up is looked at, and compares clocks.
const CHECK: Duration = Duration::from_secs(5);

impl Shared {
    /// A connection that answers in time, its clock compared.
    async fn connect(&self) -> Result<Wire, String> {
        let Settings { nodes, connect_timeout, lookup_timeout, .. } = &self.settings;
        let mut wire = match timeout(*connect_timeout, Wire::connect(nodes, *connect_timeout)).await {
            Ok(connected) => connected.map_err(|error| error.to_string())?,
            Err(_) => return Err(format!("no connection within {connect_timeout:?}")),
        };
        match timeout(*lookup_timeout, self.greet(&mut wire)).await {
            Ok(greeted) => greeted.map_err(|error| error.to_string())?,
            Err(_) => return Err(format!("connected, but no answer within {lookup_timeout:?}")),
        }
        Ok(wire)
    }

    /// A cluster may answer without serving any key yet, a follower without taking any write.
    async fn greet(&self, wire: &mut Wire) -> Result<(), RedisError> {
        let greeting = format!("{}:greeting", self.settings.prefix);
        wire.send(redis::cmd("SET").arg(greeting).arg(1).arg("PX").arg(1000)).await?;
        self.compare_clocks(wire).await
    }

    async fn compare_clocks(&self, wire: &mut Wire) -> Result<(), RedisError> {
        let (asked, local) = (Instant::now(), crate::clock::Clock::System.now());
        // By a script on one of our keys: of a cluster, always the same node's clock.
        let anchor = format!("{{{}:purge}}:version", self.settings.prefix);
        let time = wire.send(redis::cmd("EVAL").arg("return redis.call('TIME')").arg(1).arg(anchor)).await?;
        let (seconds, micros): (u64, u64) = redis::from_redis_value(time)?;
        // The answer was given somewhere in between.
        let half = u64::try_from(asked.elapsed().as_millis() / 2).unwrap_or_default();
        self.offset.set(seconds * 1000 + micros / 1000, local.0 + half);
        Ok(())
    }
}

pub(super) async fn keep(shared: Arc<Shared>) {
    let mut pause = PAUSE;
    loop {
        match shared.connect().await {
            Ok(wire) => {
                let up = shared.up(wire.clone());
                shared.settled.send_replace(true);
                let begun = Instant::now();
                let mut ups = shared.ups.subscribe();
                tokio::select! {
                    _ = ups.wait_for(|now| *now != Some(up)) => {}
                    () = listen(&shared) => {}
                    () = check(&shared, wire, up) => {}
                }
                // One that does not last is no better than none.
                if begun.elapsed() >= CHECK {
                    pause = PAUSE;
                }
            }
            Err(reason) => {
                let mut line = shared.lock();
                if line.away_because.is_none() {
                    tracing::warn!(reason, servers = %shared.settings.nodes, "Redis is away: going on without it");
                    line.away_because = Some(reason);
                }
                drop(line);
                shared.settled.send_replace(true);
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Hears messages until the link is dropped; connects again when only this connection is lost.
async fn listen(shared: &Shared) {
    let (channel, limit) = (shared.channel(), shared.settings.connect_timeout);
    loop {
        let heard = wire::listen(&shared.settings.nodes, &channel, limit, |text| {
            if let Some(event) = Event::parse(text) {
                // Nobody listening is fine.
                let _ = shared.events.send(event);
            }
        });
        if let Err(error) = heard.await {
            tracing::debug!(%error, "the channel of Redis is lost");
        }
        sleep(PAUSE).await;
    }
}

/// Notices a dead server without traffic, and keeps comparing clocks.
async fn check(shared: &Shared, mut wire: Wire, up: u64) {
    loop {
        sleep(CHECK).await;
        // As patient as everybody else: late is not yet away.
        let limit = shared.settings.lookup_timeout + VERDICT;
        match timeout(limit, shared.compare_clocks(&mut wire)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return shared.down(up, error.to_string()),
            Err(_) => return shared.down(up, format!("no answer within {limit:?}")),
        }
    }
}
