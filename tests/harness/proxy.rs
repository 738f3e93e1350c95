//! The real binary on free loopback ports.

use super::log::Log;
use super::setup::Setup;
use super::{Answer, Ask, Line, binary, pid, raw};
use http::Method;
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Tries, a moment apart, before a start or an end counts as failed: 30 s in all.
const TRIES: u32 = 1_500;
const MOMENT: Duration = Duration::from_millis(20);

/// A running proxy, killed when dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Of the present process.
    pub(crate) log: Log,
    upstream: String,
    setup: Setup,
}

impl Proxy {
    /// Starts it in front of `upstream` and waits until it says that it is ready.
    pub(crate) async fn start(upstream: &str, setup: &Setup) -> Self {
        // Somebody else may take a port between our looking and the proxy's binding.
        for _ in 0..5 {
            let mut proxy = Self::spawn(upstream, setup, free_port(), free_port());
            if proxy.becomes_ready().await {
                return proxy;
            }
            let log = proxy.log.tail();
            assert!(log.contains("in use"), "the proxy did not get ready; it printed:\n{log}");
        }
        panic!("no free ports in five tries");
    }

    /// Starts it on the given ports without waiting for anything.
    pub(crate) fn spawn(upstream: &str, setup: &Setup, port: u16, admin: u16) -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (addr, admin) = (local(port), local(admin));
        let (child, log) = launch(upstream, setup, addr, admin);
        Self { child, addr, admin, log, upstream: upstream.to_owned(), setup: setup.clone() }
    }

    /// Ends it as a power cut does, and returns when it is gone.
    pub(crate) fn kill(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same ports with the same settings, after it has ended.
    pub(crate) fn relaunch(&mut self) {
        (self.child, self.log) = launch(&self.upstream, &self.setup, self.addr, self.admin);
    }

    /// [`Proxy::relaunch`], and waits until it is ready.
    pub(crate) async fn start_again(&mut self) {
        self.relaunch();
        assert!(self.becomes_ready().await, "the proxy did not come back; it printed:\n{}", self.log.tail());
    }

    /// False when it ended or stayed unready for too long.
    pub(crate) async fn becomes_ready(&mut self) -> bool {
        for _ in 0..TRIES {
            if self.exit_status().is_some() {
                return false;
            }
            let probe = b"GET /health/ready HTTP/1.1\r\nHost: admin\r\n\r\n";
            if raw::send(self.admin, probe, Duration::from_secs(5)).await.status == Some(200) {
                return true;
            }
            sleep(MOMENT).await;
        }
        false
    }

    pub(crate) async fn line(&self) -> Line {
        Line::to(self.addr).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.line().await.get(target).await
    }

    /// One request to the operators' listener.
    pub(crate) async fn admin(&self, target: &str) -> Answer {
        Line::to(self.admin).await.get(target).await
    }

    pub(crate) async fn admin_ask(&self, ask: Ask) -> Answer {
        Line::to(self.admin).await.ask(ask).await
    }

    /// `DELETE` on the operators' listener.
    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.admin_ask(Ask::new(Method::DELETE, target)).await
    }

    /// The value of one line of `/metrics`, named with its labels; `None` when there is no such line.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.admin("/metrics").await.text();
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a metric has this value; false when it does not come to that.
    pub(crate) async fn comes_to(&self, name: &str, value: f64) -> bool {
        for _ in 0..TRIES {
            if self.metric(name).await.is_some_and(|now| (now - value).abs() < f64::EPSILON) {
                return true;
            }
            sleep(MOMENT).await;
        }
        false
    }

    /// Bytes of memory the process has resident.
    pub(crate) fn resident(&self) -> u64 {
        pid::resident(self.child.id())
    }

    /// A path inside the process's own mounts.
    pub(crate) fn sees(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn terminate(&self) {
        pid::signal(self.child.id(), Signal::TERM);
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        pid::signal(self.child.id(), Signal::HUP);
    }

    /// Stops the process in its tracks; its sockets stay open.
    pub(crate) fn freeze(&self) {
        pid::signal(self.child.id(), Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        pid::signal(self.child.id(), Signal::CONT);
    }

    pub(crate) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Waits for the end; `None` when it does not come.
    pub(crate) async fn ends(&mut self) -> Option<(ExitStatus, Duration)> {
        let begun = Instant::now();
        for _ in 0..TRIES {
            if let Some(status) = self.exit_status() {
                return Some((status, begun.elapsed()));
            }
            sleep(MOMENT).await;
        }
        None
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the proxy at {} printed:\n{}", self.addr, self.log.tail());
        }
    }
}

fn launch(upstream: &str, setup: &Setup, addr: SocketAddr, admin: SocketAddr) -> (Child, Log) {
    let mut command = command(setup.within());
    command.arg("serve").envs(setup.environment());
    if let Some(file) = setup.path() {
        command.arg("--config").arg(file);
    }
    for set in setup.settings() {
        command.args(["--set", set]);
    }
    command
        .args(["--set", &format!("upstream.base_url={upstream}")])
        .args(["--set", &format!("listen={addr}")])
        .args(["--set", &format!("admin.listen={admin}")]);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start the proxy: {error}"));
    let log = Log::default();
    child.stdout.take().into_iter().for_each(|stream| drop(log.follow(stream)));
    child.stderr.take().into_iter().for_each(|stream| drop(log.follow(stream)));
    (child, log)
}

/// What a run that must end by itself printed, and how it ended.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(None).args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The same while the caller goes on, and with a proxy of these tests at the other end: killed when
/// dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) log: Log,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(None).args(arguments).spawn().expect("the binary runs");
        let log = Log::default();
        child.stdout.take().into_iter().for_each(|stream| drop(log.follow(stream)));
        child.stderr.take().into_iter().for_each(|stream| drop(log.follow(stream)));
        Self { child, log }
    }

    pub(crate) fn interrupt(&self) {
        pid::signal(self.child.id(), Signal::INT);
    }

    /// Waits for the end and returns the exit code.
    pub(crate) async fn ends(&mut self) -> Option<i32> {
        for _ in 0..TRIES {
            if let Some(status) = self.child.try_wait().expect("the child is ours to wait for") {
                return status.code();
            }
            sleep(MOMENT).await;
        }
        panic!("it does not end; it printed:\n{}", self.log.tail());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary, free of this machine's configuration; with a script, in mounts of its own that the
/// script has changed before.
fn command(within: Option<&str>) -> Command {
    let program = binary::path("recobeat-proxy");
    let Some(script) = within else { return binary::bare(Command::new(program)) };
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"]);
    command.arg(program);
    binary::bare(command)
}

/// A port nobody uses, and that this process hands out once. Below the range that the system gives
/// to outgoing connections, and from a block of this process: what is free now must still be free
/// when the proxy binds it, and what a stopped upstream left must not become another's.
pub(crate) fn free_port() -> u16 {
    const BLOCK: u32 = 500;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = 10_000 + std::process::id() % 40 * BLOCK;
    loop {
        let taken = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(taken < BLOCK, "no free port left among the {BLOCK} from {first}");
        let port = u16::try_from(first + taken).expect("the last block ends at 29,999");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
