//! A recommender, its proxy and the simulated upstream.

use super::{Caller, Counted, Recommender, Terms};
use crate::harness::stage::simulator_of;
use crate::harness::{Proxy, Setup};
use recobeat_sim::{Call, Catalogue, Simulator};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::time::sleep;

/// As many as the simulator has by itself: a mood needs music to choose from.
const TRACKS: usize = 20_000;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::grow(1, TRACKS)));

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) recommender: Recommender,
    pub(crate) proxy: Proxy,
    pub(crate) sim: Simulator,
}

impl Scene {
    /// Nothing slows it down and nothing is limited.
    pub(crate) async fn lifted() -> Self {
        Self::with(&Setup::lifted(), &Terms::lifted()).await
    }

    pub(crate) async fn with(setup: &Setup, terms: &Terms) -> Self {
        let sim = simulator_of(&CATALOGUE).await;
        let proxy = Proxy::start(&sim.url(), setup).await;
        let recommender = Recommender::start(&proxy, terms).await;
        sim.clear_log();
        Self { recommender, proxy, sim }
    }

    pub(crate) fn caller(&self, user: &str) -> Caller {
        self.recommender.caller(user)
    }

    /// Upstream calls since the start or the last [`Simulator::clear_log`].
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.sim.log()
    }

    /// Waits until nothing has been asked for this long: reading ahead goes on after a run.
    pub(crate) async fn quiet(&self, silence: Duration) {
        let mut before = None;
        loop {
            let now = self.counted().await.all;
            let open = self.calls().iter().any(|call| call.status.is_none());
            if before == Some(now) && !open {
                return;
            }
            before = Some(now);
            sleep(silence).await;
        }
    }

    /// What the proxy was asked since its start.
    pub(crate) async fn counted(&self) -> Counted {
        Counted::at(&self.proxy).await
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.sim.catalogue()
    }
}

/// Every scene has the same.
pub(super) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}
