//! The recommender's binary on a free loopback port.

use super::{Caller, Terms};
use crate::harness::log::Log;
use crate::harness::proxy::free_port;
use crate::harness::{Proxy, binary, pid, raw};
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// Tries, a moment apart, before a start or an end counts as failed: 30 s in all.
const TRIES: u32 = 1_500;
const MOMENT: Duration = Duration::from_millis(20);

/// A running recommender, killed when dropped.
#[derive(Debug)]
pub(crate) struct Recommender {
    child: Child,
    pub(crate) addr: SocketAddr,
    /// Of the present process.
    pub(crate) log: Log,
    proxy: [SocketAddr; 2],
    terms: Terms,
    folder: TempDir,
}

impl Recommender {
    /// Starts it behind `proxy` and waits until it says that it is ready.
    pub(crate) async fn start(proxy: &Proxy, terms: &Terms) -> Self {
        // Somebody else may take the port between our looking and its binding.
        for _ in 0..5 {
            let mut recommender = Self::spawn([proxy.addr, proxy.admin], terms);
            if recommender.becomes_ready().await {
                return recommender;
            }
            let log = recommender.log.tail();
            assert!(log.contains("in use"), "the recommender did not get ready; it printed:\n{log}");
        }
        panic!("no free port in five tries");
    }

    /// Starts it without waiting for anything; `proxy` is its listener and the operators'.
    pub(crate) fn spawn(proxy: [SocketAddr; 2], terms: &Terms) -> Self {
        Self::spawn_at(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())), proxy, terms)
    }

    /// The same on a port of the caller's choice.
    pub(crate) fn spawn_at(addr: SocketAddr, proxy: [SocketAddr; 2], terms: &Terms) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (child, log) = launch(addr, proxy, terms, folder.path());
        Self { child, addr, log, proxy, terms: terms.clone(), folder }
    }

    /// Ends it as a power cut does, and returns when it is gone.
    pub(crate) fn kill(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port with the same settings and files, after it has ended.
    pub(crate) async fn start_again(&mut self) {
        (self.child, self.log) = launch(self.addr, self.proxy, &self.terms, self.folder.path());
        assert!(self.becomes_ready().await, "it did not come back; it printed:\n{}", self.log.tail());
    }

    /// The same with other settings.
    pub(crate) async fn start_again_with(&mut self, terms: &Terms) {
        self.terms = terms.clone();
        self.start_again().await;
    }

    /// False when it ended or stayed unready for too long.
    pub(crate) async fn becomes_ready(&mut self) -> bool {
        for _ in 0..TRIES {
            if self.exit_status().is_some() {
                return false;
            }
            let probe = b"GET /health/ready HTTP/1.1\r\nHost: recommender\r\n\r\n";
            if raw::send(self.addr, probe, Duration::from_secs(5)).await.status == Some(200) {
                return true;
            }
            sleep(MOMENT).await;
        }
        false
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        pid::signal(self.child.id(), Signal::HUP);
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        pid::signal(self.child.id(), Signal::TERM);
    }

    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the end; `None` when it does not come.
    pub(crate) async fn ends(&mut self) -> Option<ExitStatus> {
        for _ in 0..TRIES {
            if let Some(status) = self.exit_status() {
                return Some(status);
            }
            sleep(MOMENT).await;
        }
        None
    }

    /// Somebody without a name or token.
    pub(crate) fn nobody(&self) -> Caller {
        Caller::to(self.addr)
    }

    /// Somebody who says who they are, where that is believed.
    pub(crate) fn caller(&self, user: &str) -> Caller {
        self.nobody().header("x-user-id", user)
    }

    /// Somebody with a token.
    pub(crate) fn bearer(&self, token: &str) -> Caller {
        self.nobody().header("authorization", &format!("Bearer {token}"))
    }
}

impl Drop for Recommender {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the recommender at {} printed:\n{}", self.addr, self.log.tail());
        }
    }
}

fn launch(addr: SocketAddr, proxy: [SocketAddr; 2], terms: &Terms, folder: &Path) -> (Child, Log) {
    let mut command = binary::bare(Command::new(binary::path("recobeat-recommender")));
    command
        .current_dir(folder)
        .env("RECOMMENDER_LISTEN", addr.to_string())
        .env("RECOMMENDER_PROXY__URL", format!("http://{}", proxy[0]))
        .env("RECOMMENDER_PROXY__ADMIN_URL", format!("http://{}", proxy[1]))
        .envs(terms.variables(folder));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start the recommender: {error}"));
    let log = Log::default();
    child.stdout.take().into_iter().for_each(|stream| drop(log.follow(stream)));
    child.stderr.take().into_iter().for_each(|stream| drop(log.follow(stream)));
    (child, log)
}
