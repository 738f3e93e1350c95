//! The front over real sockets: a stub service, a stub upstream, raw clients.

mod answers;
mod client;
mod deadlines;
mod malformed;
mod passthrough;
mod server;
mod service;
mod tls;
mod upload;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use self::client::Client;
use self::service::Stub;
use self::upstream::StubUpstream;
use super::{FrontError, FrontSettings, prepare};

/// Long enough for a busy machine, short enough to fail a hanging test.
const SOON: Duration = Duration::from_secs(10);

/// A front that runs until it is dropped.
struct Running {
    addr: SocketAddr,
    stub: Arc<Stub>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(adjust: impl Fn(&mut FrontSettings)) -> Self {
        Self::with(Stub::new(None), adjust)
    }

    /// In front of `upstream`.
    fn before(upstream: &StubUpstream, adjust: impl Fn(&mut FrontSettings)) -> Self {
        Self::with(Stub::new(Some(upstream.addr)), adjust)
    }

    fn with(stub: Stub, adjust: impl Fn(&mut FrontSettings)) -> Self {
        let stub = Arc::new(stub);
        let mut settings = FrontSettings {
            threads: 1,
            grace: Duration::from_millis(200),
            linger: Duration::ZERO,
            ..FrontSettings::default()
        };
        adjust(&mut settings);
        let prepared = loop {
            settings.listen = free_port();
            match prepare(&settings, stub.clone()) {
                Ok(prepared) => break prepared,
                // Taken by another test in between.
                Err(FrontError::Listen { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            prepared.run(Box::pin(async {
                let _ = stopped.await;
            }));
        });
        while std::net::TcpStream::connect(settings.listen).is_err() {
            std::thread::yield_now();
        }
        Self { addr: settings.listen, stub, stop: Some(stop), thread: Some(thread) }
    }

    async fn client(&self) -> Client {
        Client::connect(self.addr).await
    }

    fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A port that no other test of this process gets, and below those that the system hands to
/// outgoing connections: nobody takes it before the server binds it.
fn free_port() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + std::process::id().wrapping_mul(97).wrapping_add(turn) % PORTS;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap()));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Waits for something that another thread is about to do.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + SOON;
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
