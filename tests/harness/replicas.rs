//! Several proxies in front of one upstream, with one Redis between them.

use super::redis::Redis;
use super::stage::simulator;
use super::{Answer, Ask, Proxy, Setup, crowd};
use recobeat_sim::Simulator;
use std::time::Duration;
use tokio::time::sleep;

/// The gauge that says whether the shared tier is in use.
pub(crate) const UP: &str = r#"recobeat_tier_up{tier="redis"}"#;

#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) redis: Redis,
    pub(crate) sim: Simulator,
}

impl Replicas {
    /// All of them connected.
    pub(crate) async fn start(count: usize, setup: &Setup) -> Self {
        let replicas = Self::before(Redis::start().await, count, setup).await;
        replicas.all_say(1.0).await;
        replicas
    }

    /// In front of a Redis that may not be there.
    pub(crate) async fn before(redis: Redis, count: usize, setup: &Setup) -> Self {
        let sim = simulator().await;
        let setup = setup.clone().redis(&redis.url(), count);
        let mut proxies = Vec::new();
        for _ in 0..count {
            proxies.push(Proxy::start(&sim.url(), &setup).await);
        }
        sim.clear_log();
        Self { proxies, redis, sim }
    }

    /// Waits until every replica says that the shared tier is up (1) or away (0).
    pub(crate) async fn all_say(&self, up: f64) {
        for proxy in &self.proxies {
            assert!(proxy.comes_to(UP, up).await, "{UP} is {:?}, not {up}", proxy.metric(UP).await);
        }
    }

    pub(crate) async fn get(&self, replica: usize, target: &str) -> Answer {
        self.proxies[replica].get(target).await
    }

    /// The same request `times` times, in turn to each replica, all at the same moment.
    pub(crate) async fn at_once(&self, times: usize, target: &str) -> Vec<Answer> {
        let to = self.proxies.iter().map(|proxy| proxy.addr).cycle();
        crowd::spread(to.take(times).map(|to| (to, Ask::get(target))).collect()).await
    }

    /// Upstream calls since the start or the last clearing of the log.
    pub(crate) fn calls(&self) -> usize {
        self.sim.log().len()
    }

    /// Asks one replica again until the answer is as wanted, for 5 s at most; the last answer,
    /// whatever it is. What one replica did takes a moment to reach the others.
    pub(crate) async fn settled(
        &self,
        replica: usize,
        target: &str,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let mut answer = self.get(replica, target).await;
        for _ in 0..250 {
            if wanted(&answer) {
                break;
            }
            sleep(Duration::from_millis(20)).await;
            answer = self.get(replica, target).await;
        }
        answer
    }
}
