//! Real servers for tests.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::{Link, Nodes, Settings};
use std::sync::Arc;

/// A `redis-server` on a free port that keeps nothing on disk; ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    extra: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(extra: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let extra = extra.iter().map(|&word| word.to_owned()).collect();
        let mut server = Self { port, extra, folder, child: None };
        server.restart().await;
        server
    }

    /// Starts it again on its port, empty.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.extra)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child =
            Some(child.expect("redis-server starts; install it with `apt-get install redis-server`"));
        for _ in 0..1000 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not listen on port {}", self.port);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
        }
    }

    /// `STOP` freezes it, `CONT` lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("a running server").id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A link to it that is up.
    pub(crate) async fn link(&self) -> Arc<Link> {
        let link = link(&self.url());
        link.ups().wait_for(Option::is_some).await.expect("the link lives");
        link
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _gone = fs::remove_dir_all(self.folder.path());
    }
}

/// A link with time limits that a busy machine keeps.
pub(crate) fn link(url: &str) -> Arc<Link> {
    let settings = Settings {
        nodes: Nodes::parse(url).expect("a URL of ours"),
        prefix: "test".to_owned(),
        lookup_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_secs(5),
        pool: 50,
    };
    Link::start(settings, &Handle::current())
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
