//! The way to the proxy, one for the process: connections, and how many calls go at once.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::admin::Admin;
use super::run::{RunClient, RunTag};
use super::wire::{self, ClientError};
use crate::config;

/// Cheap to clone; clones share connections and places.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) http: reqwest::Client,
    /// Without a slash at its end.
    pub(super) base: String,
    pub(super) places: Places,
    admin: Option<Admin>,
}

impl Client {
    /// Connects to nothing yet.
    pub fn new(proxy: &config::Proxy) -> Result<Self, ClientError> {
        let base = wire::base("proxy.url", &proxy.url)?;
        // The environment's proxies are for the world outside.
        let http = wire::agent().no_proxy().build().map_err(ClientError::Http)?;
        let admin = proxy.admin_url.as_deref().map(|url| {
            let base = wire::base("proxy.admin_url", url)?;
            Ok(Admin::new(http.clone(), base, proxy.admin_token.clone()))
        });
        let (places, admin) = (Places::new(proxy.concurrency), admin.transpose()?);
        Ok(Self(Arc::new(Inner { http, base, places, admin })))
    }

    /// The catalogue as one run sees it; what it asks is counted for this run alone.
    pub fn for_run(&self, tag: RunTag) -> RunClient {
        RunClient::new(Arc::clone(&self.0), tag)
    }

    /// The proxy's listener for operators, if it is configured.
    pub fn admin(&self) -> Option<&Admin> {
        self.0.admin.as_ref()
    }
}

/// Calls at once. Background work takes at most half of the places: its calls wait long in the
/// proxy's queue, because they go last there, and people must not wait behind them here.
#[derive(Debug)]
pub(super) struct Places {
    all: Semaphore,
    background: Semaphore,
}

/// One call under way.
#[derive(Debug)]
pub(super) struct Place<'p>(#[expect(dead_code, reason = "held, not read")] [Option<SemaphorePermit<'p>>; 2]);

impl Places {
    fn new(all: usize) -> Self {
        Self { all: Semaphore::new(all.max(1)), background: Semaphore::new((all / 2).max(1)) }
    }

    pub(super) async fn take(&self, background: bool) -> Place<'_> {
        // Neither semaphore is ever closed: both permits are there.
        let first = if background { self.background.acquire().await.ok() } else { None };
        Place([first, self.all.acquire().await.ok()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_wrong_url_names_its_key() {
        let proxy = config::Proxy { admin_url: Some("nowhere".into()), ..config::Proxy::default() };
        let error = Client::new(&proxy).expect_err("no URL").to_string();
        assert!(error.starts_with("proxy.admin_url is \"nowhere\""), "{error}");
    }

    #[test]
    fn background_work_leaves_half_of_the_places() {
        let places = Places::new(4);
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(places.take(true).now_or_never().expect("a place"));
        }
        assert!(places.take(true).now_or_never().is_none());
        for _ in 0..2 {
            held.push(places.take(false).now_or_never().expect("a place"));
        }
        assert!(places.take(false).now_or_never().is_none());
        held.truncate(1);
        assert!(places.take(true).now_or_never().is_some());
    }
}
