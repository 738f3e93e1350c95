//! A real Redis server on a free loopback port.
//!
//! A missing program fails the test and says what to install: a store that was never tried must not
//! look like one that works.

use super::pid;
use super::proxy::free_port;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, cmd};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// Tries, a moment apart, before something that must come about counts as failed: 20 s in all.
const TRIES: u32 = 1_000;
const MOMENT: Duration = Duration::from_millis(20);

/// What a server is started with. Nothing is kept on disk unless asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// `redis-server` if empty.
    pub(crate) program: &'static str,
    pub(crate) password: Option<&'static str>,
    /// Every write is on disk before it is answered.
    pub(crate) keeping: bool,
    /// With this certificate and key: clients speak TLS.
    pub(crate) tls: Option<super::certificate::Certificate>,
    /// A node of a cluster, whose members speak to each other on this port.
    pub(crate) bus: Option<u16>,
}

/// A server, killed when dropped.
#[derive(Debug)]
pub(crate) struct Redis {
    child: Option<Child>,
    pub(crate) port: u16,
    /// Where tests look inside: the same, unless clients speak TLS.
    plain: u16,
    pub(super) terms: Terms,
    folder: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        Self::with(Terms::default()).await
    }

    pub(crate) async fn with(terms: Terms) -> Self {
        let redis = Self::absent(terms);
        redis.appear().await
    }

    /// One that is yet to be started; its address is known.
    pub(crate) fn absent(terms: Terms) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let plain = if terms.tls.is_some() { free_port() } else { port };
        Self { child: None, port, plain, terms, folder }
    }

    async fn appear(mut self) -> Self {
        // Somebody else may take the port between our looking and the server's binding.
        for _ in 0..5 {
            self.launch();
            if self.answers().await {
                return self;
            }
            self = Self::absent(self.terms.clone());
        }
        panic!("{} does not start; it printed:\n{}", self.program(), self.printed());
    }

    /// Starts an absent or killed one on its port, with what it kept, if it keeps.
    pub(crate) async fn start_again(&mut self) {
        self.launch();
        assert!(self.answers().await, "{} does not start:\n{}", self.program(), self.printed());
    }

    fn program(&self) -> &'static str {
        if self.terms.program.is_empty() { "redis-server" } else { self.terms.program }
    }

    fn launch(&mut self) {
        let program = self.program();
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--port", &self.plain.to_string(), "--save", ""]);
        command.args(["--logfile", "printed", "--appendonly", if self.terms.keeping { "yes" } else { "no" }]);
        if self.terms.keeping {
            command.args(["--appendfsync", "always"]);
        }
        if let Some(password) = self.terms.password {
            command.args(["--requirepass", password]);
        }
        if let Some(tls) = &self.terms.tls {
            command.args(["--tls-port", &self.port.to_string(), "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(&tls.certificate).arg("--tls-key-file").arg(&tls.key);
            command.arg("--tls-ca-cert-file").arg(&tls.certificate);
        }
        if let Some(bus) = self.terms.bus {
            command.args(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
            command.args(["--cluster-port", &bus.to_string()]);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let started = command.spawn();
        let child = started.unwrap_or_else(|error| {
            panic!("cannot start {program} ({error}); install it: apt-get install redis-server");
        });
        self.child = Some(child);
    }

    /// False when it ended instead.
    async fn answers(&mut self) -> bool {
        for _ in 0..TRIES {
            let child = self.child.as_mut();
            if child.is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some())) {
                return false;
            }
            if self.try_ask::<String>(&cmd("PING")).await.is_some() {
                return true;
            }
            sleep(MOMENT).await;
        }
        false
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("printed")).unwrap_or_default()
    }

    /// For the proxy's configuration.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.terms.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{}127.0.0.1:{}", self.login(), self.port)
    }

    fn login(&self) -> String {
        self.terms.password.map(|password| format!(":{password}@")).unwrap_or_default()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already ended is as good as killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The process stops in its tracks: connections stand, and nothing is answered.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        pid::signal(self.child.as_ref().expect("it runs").id(), signal);
    }

    /// A look into the server.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        self.try_ask(command).await.expect("the server answers")
    }

    async fn try_ask<T: FromRedisValue>(&self, command: &Cmd) -> Option<T> {
        let inside = Client::open(format!("redis://{}127.0.0.1:{}", self.login(), self.plain));
        let inside = inside.expect("our own URL is good");
        // Emptying a server with millions of keys takes seconds.
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
        let mut connection = inside.get_multiplexed_async_connection_with_config(&config).await.ok()?;
        command.query_async(&mut connection).await.ok()
    }

    /// All keys there are; blocks the server while it looks.
    pub(crate) async fn keys(&self) -> BTreeSet<String> {
        self.ask(cmd("KEYS").arg("*")).await
    }

    /// How many keys there are.
    pub(crate) async fn size(&self) -> u64 {
        self.ask(&cmd("DBSIZE")).await
    }

    /// Waits until this node knows the others, and that all slots are served.
    pub(super) async fn joined(&self) {
        for _ in 0..TRIES {
            let info: String = self.ask(cmd("CLUSTER").arg("INFO")).await;
            if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3") {
                return;
            }
            sleep(MOMENT).await;
        }
        panic!("the cluster did not come together; node {} printed:\n{}", self.port, self.printed());
    }

    /// Loses all its data.
    pub(crate) async fn flush(&self) {
        self.ask::<()>(cmd("FLUSHALL").arg("SYNC")).await;
    }

    /// Waits until there is something and nothing more comes: replicas write behind.
    pub(crate) async fn quiet(&self) {
        let mut before = 0;
        for _ in 0..200 {
            let now = self.size().await;
            if now > 0 && now == before {
                return;
            }
            before = now;
            sleep(5 * MOMENT).await;
        }
        panic!("nothing reaches the server at {}, or writing does not end: {before} keys", self.port);
    }

    /// Cuts the connections of everybody who listens for messages.
    pub(crate) async fn silence(&self) {
        self.ask::<u64>(cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub")).await;
    }

    /// A number of `INFO`, such as `used_memory`.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let info: String = self.ask(&cmd("INFO")).await;
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the server at {} printed:\n{}", self.port, self.printed());
        }
    }
}

/// Whether the distribution's Valkey is installed: it is tried wherever it is.
pub(crate) fn valkey() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = "valkey-server";
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file()).then_some(name)
}
