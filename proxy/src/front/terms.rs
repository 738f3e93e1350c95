use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::cors::Cors;
use super::settings::{FrontSettings, Limits, UpstreamFace};

/// What clients are held to, and may be held to otherwise while the front runs: each request goes by
/// what is in force when it is looked at. Sockets, certificates and the room for connections stay.
#[derive(Debug, Clone)]
pub struct Terms(Arc<ArcSwap<InForce>>);

#[derive(Debug)]
pub(super) struct InForce {
    pub(super) limits: Limits,
    pub(super) cors: Cors,
    pub(super) upstream: UpstreamFace,
}

impl InForce {
    fn of(settings: &FrontSettings) -> Self {
        Self {
            limits: settings.limits.clone(),
            cors: Cors::new(&settings.cors_origins),
            upstream: settings.upstream.clone(),
        }
    }
}

impl Terms {
    pub(crate) fn new(settings: &FrontSettings) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(InForce::of(settings))))
    }

    /// Goes by these settings from now on, as far as they can change.
    pub fn apply(&self, settings: &FrontSettings) {
        self.0.store(Arc::new(InForce::of(settings)));
    }

    #[cfg(test)]
    pub(crate) fn in_force(&self) -> String {
        format!("{:?}", self.now())
    }

    /// Not to be held while something is waited for.
    pub(super) fn now(&self) -> Guard<Arc<InForce>> {
        self.0.load()
    }
}
