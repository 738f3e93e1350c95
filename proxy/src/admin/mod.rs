//! The operators' listener: the page, health, metrics, statistics, the deny list, the registry. One
//! file per subject.
//!
//! It has a port of its own, so that nothing here can ever be reached through the public one, and
//! asks for a bearer token as soon as one is set (which configuration demands beyond loopback).
//! Health stays open, because probes carry no credentials, and so does the empty page.

mod auth;
mod cache;
mod deny;
mod exempt;
mod explain;
mod health;
mod history;
mod metrics;
mod page;
mod registry;
mod reload;
mod stats;
mod warm;
mod wrong;

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::reload::Running;

/// What the operators' endpoints look at.
pub struct Admin {
    pub engine: Arc<Engine>,
    /// The upstream's reachability as last probed; `None` before the first probe.
    pub upstream: watch::Receiver<Option<Result<(), String>>>,
    /// The configuration that runs. Without a bearer token in it, the listener is open, which is for
    /// loopback only.
    pub running: Arc<Running>,
}

impl Admin {
    pub fn router(self) -> Router {
        let admin = Arc::new(self);
        let guarded = Router::new()
            .route("/metrics", get(metrics::get))
            .route("/stats", get(stats::get))
            .route("/config", get(reload::config))
            .route("/reload", get(reload::standing).post(reload::reload))
            .route("/cache", get(cache::get).delete(cache::delete))
            .route("/deny", get(deny::list).post(deny::import).delete(deny::forget))
            .route("/explain", get(explain::get))
            .route("/deny/exempt", get(exempt::list).put(exempt::add).delete(exempt::remove))
            .route("/registry", get(registry::statistics))
            .route("/registry/lookup", post(registry::look_up))
            .route("/registry/{id}", get(registry::get).put(registry::put).delete(registry::delete))
            .merge(history::router(&admin.engine))
            .route("/warm/{id}", get(warm::get).delete(warm::delete))
            .layer(DefaultBodyLimit::max(deny::LARGEST))
            .route("/warm", get(warm::list).post(warm::post).layer(DefaultBodyLimit::max(warm::LARGEST)))
            .route_layer(from_fn_with_state(Arc::clone(&admin), auth::bearer));
        Router::new()
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .merge(guarded)
            .merge(page::router())
            .fallback(|| async { (http::StatusCode::NOT_FOUND, "no such admin endpoint; see README\n") })
            .with_state(admin)
    }

    /// Serves on a listener that is already bound, until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }
}

/// Binds the operators' port.
///
/// # Errors
/// One line that names the address and what helps.
pub fn bind(listen: SocketAddr) -> Result<std::net::TcpListener, String> {
    let bind = || {
        let listener = std::net::TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|error: std::io::Error| {
        format!("cannot listen on {listen} for admin: {error}; set `admin.listen` to a free address")
    })
}
