//! What a simulator is started with, and what can be changed while it runs.

use crate::contract::Endpoint;
use crate::limit::{self, RateLimit};
use crate::timing::Latency;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

/// Fixed from start to end. The default binds a free port of the loopback address, grows the
/// default catalogue, answers at once and limits nothing.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port 0 asks for a free one.
    pub listen: SocketAddr,
    /// Of the catalogue, the order of rows, recommendations and latencies.
    pub seed: u64,
    /// Size of the catalogue; growing 20,000 takes half a second in a debug build.
    pub tracks: usize,
    pub behaviour: Behaviour,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            tracks: 20_000,
            behaviour: Behaviour::default(),
        }
    }
}

/// Changeable at any time; a change is seen by the next call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub latency: Latency,
    /// Kinds of endpoint that do not follow `latency`.
    pub endpoint_latency: BTreeMap<Endpoint, Latency>,
    /// `None`: no limit.
    #[serde(deserialize_with = "limit::in_any_form")]
    pub rate_limit: Option<RateLimit>,
    /// Answer 403 `error code: 1010` to clients without a proper `User-Agent`.
    pub user_agent_check: bool,
}

impl Behaviour {
    pub(crate) fn latency_of(&self, endpoint: Endpoint) -> Latency {
        self.endpoint_latency.get(&endpoint).copied().unwrap_or(self.latency)
    }
}
