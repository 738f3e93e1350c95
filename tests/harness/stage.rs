//! A proxy and its simulated upstream, the setting of nearly every test.

use super::line::Ask;
use super::proxy::free_port;
use super::{Answer, Line, Proxy, Setup};
use recobeat_sim::{Call, Catalogue, Settings, Simulator};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

/// Tracks in the shared catalogue: enough for 2,000 ids at once, and grown in a moment.
const TRACKS: usize = 4_000;

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::grow(1, TRACKS)));

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) sim: Simulator,
    pub(crate) proxy: Proxy,
}

impl Stage {
    pub(crate) async fn lifted() -> Self {
        Self::with(&Setup::lifted()).await
    }

    pub(crate) async fn with(setup: &Setup) -> Self {
        let sim = simulator().await;
        let proxy = Proxy::start(&sim.url(), setup).await;
        sim.clear_log();
        Self { sim, proxy }
    }

    pub(crate) async fn line(&self) -> Line {
        self.proxy.line().await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.proxy.get(target).await
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        self.line().await.ask(ask).await
    }

    /// Upstream calls since the start or the last [`Simulator::clear_log`].
    pub(crate) fn calls(&self) -> usize {
        self.sim.log().len()
    }

    pub(crate) fn last_call(&self) -> Call {
        self.sim.log().pop().expect("a call was made")
    }
}

pub(crate) async fn simulator() -> Simulator {
    simulator_of(&CATALOGUE).await
}

/// One that knows this catalogue.
pub(crate) async fn simulator_of(catalogue: &Arc<Catalogue>) -> Simulator {
    // Somebody else may take the port between our looking and our binding.
    for _ in 0..5 {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let settings = Settings { listen, ..Settings::default() };
        match Simulator::start_with(Arc::clone(catalogue), settings).await {
            Ok(simulator) => return simulator,
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}"),
        }
    }
    panic!("no free port in five tries");
}

pub(crate) fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}
