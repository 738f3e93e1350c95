//! One connection, or those to the nodes of a cluster; commands share it.

use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisResult, Value};

use tokio::time::timeout;

use super::address::Nodes;

#[derive(Clone)]
pub(super) enum Wire {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_cluster() { "Cluster" } else { "Single" })
    }
}

impl Wire {
    /// One node is asked whether it belongs to a cluster; several are taken for one.
    ///
    /// Time limits of commands are the asker's: the library's own would be one more that has to be
    /// right. It never tries again by itself, except where a slot of the cluster has moved.
    pub(super) async fn connect(nodes: &Nodes, limit: Duration) -> RedisResult<Self> {
        if !nodes.several() {
            let mut single = single(nodes, 0, limit).await?;
            if !is_clustered(&mut single).await {
                return Ok(Self::Single(single));
            }
        }
        let client = ClusterClient::builder(nodes.infos().iter().cloned())
            .connection_timeout(limit)
            .response_timeout(limit)
            .overall_response_timeout(None)
            .retries(1)
            .min_retry_wait(0)
            .max_retry_wait(1)
            .build()?;
        Ok(Self::Cluster(client.get_async_connection().await?))
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(wire) => wire.req_packed_command(command).await,
            Self::Cluster(wire) => wire.req_packed_command(command).await,
        }?
        .extract_error()
    }
}

async fn single(nodes: &Nodes, index: usize, limit: Duration) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(None);
    let client = Client::open(nodes.infos()[index].clone())?;
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// A server that does not say (a managed one may hide `INFO`) is taken at its word: one URL.
async fn is_clustered(wire: &mut MultiplexedConnection) -> bool {
    let info: RedisResult<String> = redis::cmd("INFO").arg("cluster").query_async(wire).await;
    info.is_ok_and(|info| info.contains("cluster_enabled:1"))
}

/// Hears a channel until the connection ends. In a cluster every node passes on what any is told.
pub(super) async fn listen(
    nodes: &Nodes,
    channel: &str,
    limit: Duration,
    mut heard: impl FnMut(&str),
) -> RedisResult<()> {
    let mut failed = None;
    for info in nodes.infos() {
        let client = Client::open(info.clone())?;
        let subscribed = timeout(limit, async {
            let mut connection = client.get_async_pubsub().await?;
            connection.subscribe(channel).await.map(|()| connection)
        });
        let connection = match subscribed.await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                failed = Some(error);
                continue;
            }
            Err(_) => continue,
        };
        let mut messages = connection.into_on_message();
        while let Some(message) = messages.next().await {
            if let Ok(text) = message.get_payload::<String>() {
                heard(&text);
            }
        }
        return Ok(());
    }
    failed.map_or(Ok(()), Err)
}
