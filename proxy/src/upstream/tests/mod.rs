//! The client against little servers of its own on loopback.

mod lost;
mod names;
mod plain;
mod slot;
mod stub;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{CallError, Client, Reply, Request, Target, TargetSettings, Upstream};
use crate::budget::Permit;

/// Plain HTTP at an address.
fn settings(address: SocketAddr) -> TargetSettings {
    TargetSettings {
        https: false,
        host: address.ip().to_string(),
        port: address.port(),
        prefix: String::new(),
        user_agent: "recobeat-proxy/test".into(),
        ca_file: None,
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
        pool_idle: 8,
        pool_max: 8,
        idle_timeout: Duration::from_secs(30),
    }
}

fn client(settings: TargetSettings) -> Client {
    Client::new(Arc::new(Target::new(settings).unwrap()))
}

fn request(path: &str) -> Request {
    Request { path_and_query: path.into(), request_id: None, trace: None, timeout: Duration::from_secs(10) }
}

async fn get(client: &Client, path: &str) -> Result<Reply, CallError> {
    client.call(Permit::unmetered(), request(path)).await
}

async fn get_within(client: &Client, limit: Duration) -> Result<Reply, CallError> {
    let mut hasty = request("/");
    hasty.timeout = limit;
    client.call(Permit::unmetered(), hasty).await
}
