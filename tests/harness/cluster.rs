//! A real Redis Cluster: three nodes on loopback.

use super::proxy::free_port;
use super::redis::{Redis, Terms};
use ::redis::cmd;
use std::collections::BTreeSet;

const SLOTS: u16 = 16_384;

/// Three nodes that share the slots among them.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: [Redis; 3],
}

impl Cluster {
    /// Started, met, and every node says that the cluster is whole.
    pub(crate) async fn start() -> Self {
        let node = || async { Redis::with(Terms { bus: Some(free_port()), ..Terms::default() }).await };
        let cluster = Self { nodes: [node().await, node().await, node().await] };
        let share = SLOTS / 3;
        for (at, node) in (0_u16..).zip(&cluster.nodes) {
            let last = if at == 2 { SLOTS - 1 } else { (at + 1) * share - 1 };
            node.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(at * share).arg(last)).await;
            node.ask::<()>(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(at + 1)).await;
        }
        for other in &cluster.nodes[1..] {
            let mut meet = cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(other.port).arg(other.terms.bus);
            cluster.nodes[0].ask::<()>(&meet).await;
        }
        for node in &cluster.nodes {
            node.joined().await;
        }
        cluster
    }

    /// All nodes, as a proxy's configuration names them.
    pub(crate) fn url(&self) -> String {
        let nodes = self.nodes.each_ref().map(|node| format!("127.0.0.1:{}", node.port));
        format!("redis://{}", nodes.join(","))
    }

    pub(crate) async fn keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for node in &self.nodes {
            keys.extend(node.keys().await);
        }
        keys
    }
}
