//! A real PostgreSQL server on a free loopback port, in a folder that goes with it.
//!
//! The tests of one program share a server and have a database each; the server ends with the last of
//! them. A missing program fails the test and says what to install.

use super::pid;
use super::proxy::free_port;
use recobeat_recommender::store;
use rustix::process::Signal;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::sleep;

/// Tries, a moment apart, before something that must come about counts as failed: 60 s in all.
const TRIES: u32 = 1_200;
const MOMENT: Duration = Duration::from_millis(50);
const USER: &str = "recobeat";
/// Under this one the server runs when the tests run as root, which it refuses to.
const UNPRIVILEGED: &str = "postgres";

/// A server, ended when dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    child: Option<Child>,
    port: u16,
    folder: TempDir,
    /// Set when there is a database to copy.
    migrated: OnceCell<()>,
}

/// A database of its own on the shared server.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) url: String,
    server: Arc<Postgres>,
}

impl Database {
    /// Empty.
    pub(crate) async fn new() -> Self {
        let server = Postgres::shared().await;
        Self { url: server.database().await, server }
    }

    /// With the store's tables: a copy of one that it made, which is much quicker.
    pub(crate) async fn migrated() -> Self {
        const ORIGINAL: &str = "migrated";
        let server = Postgres::shared().await;
        let made = async {
            server.create(&format!("DATABASE {ORIGINAL}")).await;
            store::open(&server.url(ORIGINAL)).await.expect("the store opens");
        };
        server.migrated.get_or_init(|| made).await;
        let name = new_name();
        server.create(&format!("DATABASE {name} TEMPLATE {ORIGINAL}")).await;
        Self { url: server.url(&name), server }
    }

    fn name(&self) -> &str {
        self.url.rsplit('/').next().expect("a URL has slashes")
    }

    /// From now on new connections have the plans of their statements written down.
    pub(crate) async fn explain(&self) {
        let name = self.name();
        self.execute(format!("ALTER DATABASE {name} SET auto_explain.log_min_duration = 0")).await;
    }

    /// The plans written down so far, oldest first, as EXPLAIN would show them; with the statement in
    /// `Query Text`. Waits until there are so many: a plan is written after its statement's answer.
    pub(crate) async fn plans(&self, at_least: usize) -> Vec<Value> {
        for _ in 0..TRIES {
            let plans = plans(&self.server.printed(), self.name());
            if plans.len() >= at_least {
                return plans;
            }
            sleep(MOMENT).await;
        }
        panic!("fewer than {at_least} plans; is auto_explain installed? {}", self.server.printed());
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the server answers")
    }

    pub(crate) async fn execute(&self, sql: impl Into<String>) {
        let done = self.connection().await.execute(AssertSqlSafe(sql.into())).await;
        done.expect("the statement is good");
    }
}

impl Postgres {
    /// The one of this program.
    async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&server);
        server
    }

    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if is_root() {
            chown(folder.path(), Some(number_of("-u")), Some(number_of("-g"))).expect("root gives away");
        }
        let mut server = Self { child: None, port: free_port(), folder, migrated: OnceCell::new() };
        server.prepare();
        // Somebody else may take the port between our looking and the server's binding.
        for _ in 0..5 {
            server.launch();
            if server.answers().await {
                return server;
            }
            server.port = free_port();
        }
        panic!("the server does not start; it printed:\n{}", server.printed());
    }

    /// Starts a killed one on its port, with what it kept.
    pub(crate) async fn start_again(&mut self) {
        self.launch();
        assert!(self.answers().await, "the server does not start:\n{}", self.printed());
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn prepare(&self) {
        let mut command = self.command("initdb");
        command.arg("--pgdata").arg(self.data()).args(["--username", USER, "--auth", "trust", "--no-sync"]);
        command.args(["--encoding", "UTF8", "--locale", "C.UTF-8"]);
        let made = command.output().expect("initdb runs");
        assert!(made.status.success(), "initdb failed:\n{}", String::from_utf8_lossy(&made.stderr));
    }

    fn launch(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-N", "400", "-F"]);
        command.args(["-c", "full_page_writes=off", "-c", "log_line_prefix=%d "]);
        // An index of trigrams is built many times slower with the default of 64 MB.
        command.args(["-c", "maintenance_work_mem=256MB", "-c", "max_wal_size=4GB"]);
        // Off until a database asks for it.
        command.args(["-c", "session_preload_libraries=auto_explain", "-c", "auto_explain.log_format=json"]);
        let printed = std::fs::File::create(self.folder.path().join("printed")).expect("the folder is ours");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(printed);
        self.child = Some(command.spawn().expect("postgres runs"));
    }

    /// A program of the server, under a user that it accepts.
    fn command(&self, program: &str) -> Command {
        let path = programs().join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--init-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.folder.path());
        command
    }

    /// False when it ended instead.
    async fn answers(&mut self) -> bool {
        for _ in 0..TRIES {
            let child = self.child.as_mut();
            if child.is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some())) {
                return false;
            }
            if PgConnection::connect(&self.url("postgres")).await.is_ok() {
                return true;
            }
            sleep(MOMENT).await;
        }
        false
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("printed")).unwrap_or_default()
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a new, empty database.
    pub(crate) async fn database(&self) -> String {
        let name = new_name();
        self.create(&format!("DATABASE {name}")).await;
        self.url(&name)
    }

    async fn create(&self, what: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.expect("the server answers");
        connection.execute(AssertSqlSafe(format!("CREATE {what}"))).await.expect("it is ours");
    }

    /// The server and all its connections end at once, without a word to the clients.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Unlike KILL, this takes its processes and its shared memory along.
            pid::signal(child.id(), Signal::QUIT);
            let _ = child.wait();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the server at {} printed:\n{}", self.port, self.printed());
        }
    }
}

fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Of one database, from the server's log: a line with the duration, then the JSON, indented by a tab.
fn plans(log: &str, database: &str) -> Vec<Value> {
    let begin = format!("{database} LOG:  duration: ");
    let lines: Vec<&str> = log.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with(&begin));
    let plan = |(n, _): (usize, &&str)| {
        let json: String = lines[n + 1..].iter().map_while(|line| line.strip_prefix('\t')).collect();
        serde_json::from_str(&json).ok()
    };
    starts.filter_map(plan).collect()
}

/// The newest installed server's; distributions keep them off the path.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions
        .filter(|version| version.path().join("bin/initdb").is_file())
        .max_by_key(|version| version.file_name().to_str().and_then(|name| name.parse::<u32>().ok()))
        .map(|version| version.path().join("bin"));
    on_path.or(packaged).unwrap_or_else(|| {
        panic!("cannot find PostgreSQL's initdb; install it: make servers (apt-get install postgresql)")
    })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user's number, or its group's.
fn number_of(which: &str) -> u32 {
    let told = Command::new("id").args([which, UNPRIVILEGED]).output().expect("id is everywhere");
    let number = String::from_utf8_lossy(&told.stdout).trim().parse();
    number.unwrap_or_else(|_| panic!("no user {UNPRIVILEGED}; install the server: make servers"))
}
