//! The proxy's listener for operators, as the handlers use it.

use async_trait::async_trait;
use serde_json::Value;

use crate::recobeat::{Admin, AdminError, Client, ProxyHealth, RegistryStats};

/// What operators want of the proxy; reasons are for their eyes.
#[async_trait]
pub trait ProxyDesk: Send + Sync {
    /// Hits, budget, tiers.
    async fn stats(&self) -> Result<Value, String>;
    /// How the ids do.
    async fn registry(&self) -> Result<RegistryStats, String>;
    /// Whether it serves, and its upstream's state.
    async fn ready(&self) -> Result<ProxyHealth, String>;
    /// Makes a category stale, or all of them; what was purged.
    async fn purge(&self, category: Option<&str>) -> Result<Value, String>;
}

fn desk(client: &Client) -> Result<&Admin, String> {
    client.admin().ok_or_else(|| "its listener for operators is not known; set proxy.admin_url".to_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "the form of `map_err`")]
fn words(error: AdminError) -> String {
    error.to_string()
}

#[async_trait]
impl ProxyDesk for Client {
    async fn stats(&self) -> Result<Value, String> {
        desk(self)?.stats().await.map(|stats| stats.raw).map_err(words)
    }

    async fn registry(&self) -> Result<RegistryStats, String> {
        desk(self)?.registry().await.map_err(words)
    }

    async fn ready(&self) -> Result<ProxyHealth, String> {
        desk(self)?.health().await.map_err(words)
    }

    async fn purge(&self, category: Option<&str>) -> Result<Value, String> {
        desk(self)?.purge(category).await.map_err(words)
    }
}
