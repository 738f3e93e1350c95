//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::ProxyDesk;
use super::health::Readiness;
use super::streams::Streams;
use crate::auth::Gate;
use crate::cache::Cache;
use crate::config::Config;
use crate::jobs::{PopularMoods, Prefetch, Runs};
use crate::limits::Limiter;
use crate::profile::Profiler;
use crate::recobeat::Catalogue;
use crate::spotify::Taste;
use crate::store::Store;

/// The parts of the service, as the handlers use them.
pub struct Parts {
    pub config: Arc<Config>,
    pub gate: Gate,
    pub limiter: Arc<Limiter>,
    pub store: Arc<dyn Store>,
    pub cache: Arc<Cache>,
    pub profiler: Arc<Profiler>,
    pub runs: Runs,
    pub moods: PopularMoods,
    pub prefetch: Prefetch,
    pub taste: Taste,
    /// For tracks that are added by hand.
    pub catalogue: Arc<dyn Catalogue>,
    pub proxy: Arc<dyn ProxyDesk>,
    /// Streams end when it is cancelled.
    pub stopping: CancellationToken,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    born: Instant,
    streams: Streams,
    readiness: Readiness,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        let (streams, readiness) = (Streams::default(), Readiness::default());
        Self(Arc::new(Inner { parts, born: Instant::now(), streams, readiness }))
    }

    /// That are open.
    pub(super) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// As it was told last.
    pub(super) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Since the start of this process.
    pub(super) fn uptime(&self) -> f64 {
        self.0.born.elapsed().as_secs_f64()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
